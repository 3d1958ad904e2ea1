"""What only the notebooks need: set up a chapter, hold a measured number, show code, check answers.

Nothing else in :mod:`cvlib` knows that notebooks exist.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import html
import inspect
import json
import math
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsFloat

import cvlib
from cvlib import device
from cvlib.console import say

if TYPE_CHECKING:
    from IPython.display import Markdown

__all__ = [
    "OutOfBandError",
    "check",
    "device",
    "expect",
    "mistake",
    "quiz",
    "recorded",
    "setup",
    "source",
    "timing",
]


class OutOfBandError(AssertionError):
    """A measured number has left the band that the text claims for it."""


def setup(*, minutes: float, gpu: bool = False) -> None:
    """Set up a chapter and say what running it takes.

    Seeds torch, gives matplotlib the book's style and lets a cell end in a figure.

    Parameters
    ----------
    minutes
        How long the whole notebook runs on two CPU cores.
    gpu
        Whether a GPU makes it noticeably faster.

    Examples
    --------
    >>> setup(minutes=0.5)
    This chapter runs in about half a minute on two CPU cores. A GPU would not help.
    """
    import torch

    from cvlib.figures import use_style

    if minutes <= 0:
        raise ValueError(f"minutes is {minutes}; expected a positive number")
    use_style()
    torch.manual_seed(0)
    device()
    _show_figures_at_the_end_of_a_cell()
    duration = {0.5: "half a minute", 1: "a minute"}.get(minutes, f"{minutes:g} minutes")
    advice = "makes it faster, and is not needed" if gpu else "would not help"
    say(f"This chapter runs in about {duration} on two CPU cores. A GPU {advice}.")


def _show_figures_at_the_end_of_a_cell() -> None:
    """Register what turns a ``Figure`` into a file: SVG for a drawing, or JPEG."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        return
    from matplotlib.figure import Figure
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    from cvlib.figures import encoding

    set_matplotlib_formats()  # none of its own

    def svg(figure: Figure) -> str | None:
        return encoding.svg(figure) if encoding.is_drawing(figure) else None

    def jpeg(figure: Figure) -> tuple[str, dict[str, int]] | None:
        if encoding.is_drawing(figure):
            return None
        width, height = encoding.shown_size(figure)
        data = base64.b64encode(encoding.jpeg(figure)).decode()
        return data, {"width": width, "height": height}

    formatters = shell.display_formatter.formatters
    formatters["image/svg+xml"].for_type(Figure, svg)
    formatters["image/jpeg"].for_type(Figure, jpeg)


#: What was promised since the kernel began: a label, and the band or ``None`` for a timing.
promises: list[tuple[str, tuple[float, float] | None]] = []
#: The bands of the numbers measured so far, by their first six digits: a figure that shows one of
#: them, or a hundred times as much (per cent), shows something measured. A number that came out
#: twice may be either, and has both bands as one.
measured: dict[str, tuple[float, float]] = {}


def expect(
    value: SupportsFloat | Iterable[SupportsFloat],
    *,
    between: tuple[float, float],
    label: str,
    digits: int = 3,
) -> None:
    """Print a measured number, and fail when it leaves the band that the text claims.

    The regression run blanks what follows ``≈``, so the number may differ from machine to
    machine, within the band. A figure that shows the number afterwards is compared likewise.

    Parameters
    ----------
    value
        The number measured: anything that ``float`` takes. Or several, as the losses of a curve:
        each must lie in the band, and the lowest and the highest are printed.
    between
        The lowest and the highest value that the text allows, both included.
    label
        What was measured, with its unit.
    digits
        Significant digits to print.

    Raises
    ------
    OutOfBandError
        If a value is outside the band, or not a number.
    ValueError
        If the band is empty, or there is no value.

    Examples
    --------
    >>> expect(0.97512, between=(0.97, 0.99), label="test accuracy")
    test accuracy ≈ 0.975
    >>> expect([0.97, 0.98, 0.971], between=(0.96, 0.99), label="three seeds")
    three seeds: from ≈ 0.97 to ≈ 0.98
    """
    low, high = between
    if not low < high:
        raise ValueError(f"between is {between}; expected a lower number before a higher one")
    numbers = [float(each) for each in _flat(value)]
    if not numbers:
        raise ValueError("value is empty; expected a number, or some")
    for number in numbers:
        if math.isnan(number) or not low <= number <= high:
            raise OutOfBandError(
                f"{label} is {number:g}, outside the band from {low:g} to {high:g}"
            )
        for times in (100, 1):
            name = f"{times * number:.6g}"
            lowest, highest = measured.get(name, (math.inf, -math.inf))
            measured[name] = min(lowest, times * low), max(highest, times * high)
    promises.append((label, (low, high)))
    if len(numbers) == 1:
        say(f"{label} ≈ {numbers[0]:.{digits}g}")
    else:
        say(f"{label}: from ≈ {min(numbers):.{digits}g} to ≈ {max(numbers):.{digits}g}")


def timing(ratio: SupportsFloat, *, label: str, digits: int = 2) -> None:
    """Print how many times longer one thing took than another, here and now.

    It depends on the machine and on what else it does, so it has no band, and no run compares it.
    What any machine must show, as an order, is asserted beside it.

    Parameters
    ----------
    ratio
        The ratio of two times measured side by side: anything that ``float`` takes.
    label
        What was timed.
    digits
        Significant digits to print.

    Raises
    ------
    ValueError
        If the ratio is not a positive number.

    Examples
    --------
    >>> timing(3.14159, label="the loop's time over the tensor's")
    the loop's time over the tensor's ≈ 3.1
    """
    number = float(ratio)
    if not 0 < number < math.inf:
        raise ValueError(f"ratio is {number:g}; expected a positive number")
    promises.append((label, None))
    say(f"{label} ≈ {number:.{digits}g}")


def _flat(value: Any) -> Iterator[SupportsFloat]:
    """Go through a number, or through numbers nested in sequences, arrays and tensors."""
    if getattr(value, "ndim", None) == 0 or not isinstance(value, Iterable):
        yield value
        return
    for part in value:
        yield from _flat(part)


FIGURE = "application/vnd.cvlib.figure+json"


def load_ipython_extension(shell: Any) -> None:
    """Store beside each figure what it draws; the regression run compares that, not pixels.

    ``make execute`` and the regression run load it into their kernels, before the first cell.

    Parameters
    ----------
    shell
        IPython's shell.
    """
    from IPython.core.formatters import JSONFormatter

    class FigureFormatter(JSONFormatter):
        format_type = FIGURE

        def __call__(self, shown: Any) -> dict[str, Any] | None:
            # By name: what a cell shows need not have loaded matplotlib.
            kinds = {f"{kind.__module__}.{kind.__name__}" for kind in type(shown).__mro__}
            if "matplotlib.figure.Figure" in kinds:
                from cvlib.figures.description import describe
                from cvlib.figures.encoding import is_drawing

                return describe(shown, measured=measured, whole=is_drawing(shown))
            if "cvlib.figures.explorer.Explorer" in kinds:
                from cvlib.figures.description import describe_frames

                return describe_frames(shown.drawn, measured=measured)
            return None

    shell.display_formatter.formatters[FIGURE] = FigureFormatter(parent=shell.display_formatter)


def take_promises() -> list[tuple[str, tuple[float, float] | None]]:
    """Return what was promised since this was asked last, and forget it.

    Returns
    -------
    list of (str, (float, float) or None)
        A label, and the band or ``None`` for a timing.

    Examples
    --------
    >>> _ = take_promises()
    >>> expect(0.5, between=(0, 1), label="a share")
    a share ≈ 0.5
    >>> take_promises(), take_promises()
    ([('a share', (0, 1))], [])
    """
    taken, promises[:] = promises[:], []
    return taken


def recorded(name: str, rows: Callable[[dict[str, Any]], Iterable[Sequence[object]]]) -> Markdown:
    """Show figures that a benchmark recorded as a table, so that no number is typed by hand.

    Parameters
    ----------
    name
        The record, ``results/<name>.json`` in the repository.
    rows
        From the record's ``results`` to the rows of the table, the first being its head.

    Returns
    -------
    IPython.display.Markdown
        The table, and how it was measured. Where only the package is installed, without the
        repository, a line that says where the record stands.

    Examples
    --------
    >>> recorded("no_such", lambda results: []).data
    'The figures stand in `results/no_such.json` of the repository.'
    """
    from IPython.display import Markdown

    path = Path(cvlib.__file__).parent.parent / "results" / f"{name}.json"
    if not path.is_file():
        return Markdown(f"The figures stand in `results/{name}.json` of the repository.")
    text = path.read_text("utf-8")
    record = json.loads(text)
    head, *body = ([str(value) for value in row] for row in rows(record["results"]))
    lines = [head, ["---"] * len(head), *body]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    note = f"Recorded by `{record['command']}` on {record['date']}: {record['device']}"
    threads = f"{record['threads']} thread{'s' * (record['threads'] > 1)}"
    seed = "seeds from" if '"seeds"' in text else "seed"
    return Markdown(f"{table}\n\n{note}, {threads}, {seed} {record['seed']}.")


def source(*objects: object) -> Markdown:
    """Show the code of functions or classes as it stands in the package, without docstrings.

    Parameters
    ----------
    objects
        Functions, classes or methods written in Python.

    Returns
    -------
    IPython.display.Markdown
        A highlighted block of code: text and library cannot drift apart.

    Raises
    ------
    TypeError
        If an object has no Python source.

    Examples
    --------
    >>> from cvlib.layers.convolution import output_size
    >>> "def output_size" in source(output_size).data
    True
    """
    from IPython.display import Markdown

    blocks = []
    for number, item in enumerate(objects):
        try:
            blocks.append(_without_docstrings(textwrap.dedent(inspect.getsource(item))))  # type: ignore[arg-type]
        except (TypeError, OSError):
            raise TypeError(
                f"objects[{number}] is {item!r}; expected a function or class written in Python"
            ) from None
    return Markdown("```python\n" + "\n\n".join(blocks) + "\n```")


def _without_docstrings(code: str) -> str:
    lines = code.splitlines()
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or ast.get_docstring(node) is None:
            continue
        text = node.body[0]
        end = text.end_lineno or text.lineno
        if end < len(lines) and not lines[end].strip():
            end += 1
        for line in range(text.lineno - 1, end):
            lines[line] = "\0"
    return "\n".join(line for line in lines if line != "\0").rstrip()


def mistake(name: str, answer: object) -> str | None:
    """Say what is wrong with the answer to an exercise.

    Parameters
    ----------
    name
        The exercise, a function of :mod:`cvlib.exercises`.
    answer
        The reader's function or value.

    Returns
    -------
    str or None
        What is wrong, or None when nothing is.

    Raises
    ------
    ValueError
        If there is no such exercise.

    Examples
    --------
    >>> mistake("output_size", lambda *sizes: None)
    'output_size(28, 5, 1, 0) gives None, expected 24'
    """
    from cvlib import exercises

    checker = exercises.find(name)
    try:
        return checker(answer)
    except Exception as error:
        return f"{name} raises {type(error).__name__}: {error}"


def check(name: str, answer: object) -> None:
    """Check the answer to an exercise and print the verdict: right, or what is wrong.

    Parameters
    ----------
    name
        The exercise, a function of :mod:`cvlib.exercises`.
    answer
        The reader's function or value.

    Examples
    --------
    >>> check("output_size", lambda *sizes: None)
    ✗ Not yet: output_size(28, 5, 1, 0) gives None, expected 24.
    """
    wrong = mistake(name, answer)
    say(f"✗ Not yet: {wrong}." if wrong else f"✓ {name} is right.")


def quiz(
    question: str,
    answer: object,
    *,
    because: str,
    others: Mapping[Any, str] | None = None,
) -> None:
    """Ask the reader a question whose right answer this very call computes.

    The choices stand in order: yes and no, or numbers by size, or words by letter. Each opens by a
    click or a key, and says whether it is right, and why. That needs neither a script nor a kernel.

    Parameters
    ----------
    question
        The question. Code stands between backticks.
    answer
        The right answer, computed: a number, a bool (yes or no), a word or a shape.
    because
        Why it is right. For a yes or no, it also answers the wrong choice.
    others
        The wrong choices, each with what speaks against it. None for a yes or no.

    Raises
    ------
    ValueError
        If there is no wrong choice, or two choices read alike.

    Examples
    --------
    >>> quiz("Is 7 prime?", all(7 % n for n in range(2, 7)), because="Nothing else divides it.")
    <IPython.core.display.HTML object>
    >>> quiz("2 + 2?", 2 + 2, because="Count.", others={4: "No."})
    Traceback (most recent call last):
        ...
    ValueError: others has '4', which is the answer; expected wrong choices
    """
    from IPython.display import HTML, display

    right = _choice(answer)
    if others is None and right in ("yes", "no"):
        others = {right == "no": because}
    if not others:
        raise ValueError(f"others is {others!r}; expected a wrong choice, or some")
    choices = {right: (answer, f"<strong>Right.</strong> {_marked(because)}")}
    for value, against in others.items():
        shown = _choice(value)
        if shown in choices:
            alike = "is the answer" if shown == right else "stands there twice"
            raise ValueError(f"others has {shown!r}, which {alike}; expected wrong choices")
        choices[shown] = (value, f"<strong>No.</strong> {_marked(against)}")
    name = hashlib.sha256(question.encode()).hexdigest()[:8]  # one choice is open at a time

    def place(shown: str) -> tuple[float, str]:
        if shown in ("yes", "no"):
            return -(shown == "yes"), ""
        try:
            return float(_plain(choices[shown][0])), ""
        except (TypeError, ValueError):
            return 0, shown

    lines = [
        f'<details name="quiz-{name}"><summary>{_marked(shown)}</summary>'
        f"<p>{choices[shown][1]}</p></details>"
        for shown in sorted(choices, key=place)
    ]
    asked = f'<p class="question">{_marked(question)}</p>'
    display(HTML("\n".join([f'<div class="quiz">{asked}', *lines, "</div>"])))


def _choice(value: Any) -> str:
    """Write a choice as a reader would: yes or no, a number of three digits, a shape, a word."""
    value = _plain(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    if isinstance(value, float):
        large = 1000 <= abs(value) < math.inf
        return (f"{value:,.0f}" if large else f"{value:.3g}").replace("-", "−")
    if isinstance(value, tuple | list):
        return " × ".join(map(_choice, value))
    return str(value)


def _plain(value: Any) -> Any:
    """Make a Python number of a tensor's or an array's."""
    return value.item() if getattr(value, "shape", None) == () else value


def _marked(text: str) -> str:
    """Make HTML of words with code between backticks."""
    words = html.escape(text, quote=False).split("`")
    words[::2] = [re.sub(r"(?<=\w)'", "’", each) for each in words[::2]]
    words[1::2] = [f"<code>{each}</code>" for each in words[1::2]]
    return "".join(words)
