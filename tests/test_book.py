"""What notebooks need: a chapter's set-up, bands, sources and checkers."""

from __future__ import annotations

import functools
import importlib
import json
import math
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup

from cvlib import book, exercises

# ---------------------------------------------------------------------------- setup


def test_setup_seeds_and_says_what_the_chapter_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with mpl.rc_context():
        book.setup(minutes=1, gpu=True)
        first = torch.rand(3)
        book.setup(minutes=2)
        assert torch.equal(torch.rand(3), first)
        assert mpl.rcParams["axes.titlelocation"] == "left"
    assert capsys.readouterr().out.splitlines() == [
        "This chapter runs in about a minute on two CPU cores. "
        "A GPU makes it faster, and is not needed.",
        "This chapter runs in about 2 minutes on two CPU cores. A GPU would not help.",
    ]


@pytest.mark.parametrize("minutes", [0, -1])
def test_chapter_takes_some_time(minutes: float) -> None:
    with pytest.raises(ValueError, match=f"minutes is {minutes}; expected a positive number"):
        book.setup(minutes=minutes)


def test_a_cell_may_end_in_a_drawing_or_a_photograph() -> None:
    code = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
from cvlib.book import setup
from cvlib.figures import new_figure
setup(minutes=1)
figure, _ = new_figure(width=2, height=1)
data, _ = shell.display_formatter.format(figure)
print(sorted(data), data["image/svg+xml"].count("<svg"))
figure.axes[0].imshow([[0] * 100])
data, said = shell.display_formatter.format(figure)
print(sorted(data), data["image/jpeg"][:4], said)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    drawing, photograph = done.stdout.splitlines()[1:]
    assert drawing == "['image/svg+xml', 'text/plain'] 1"
    shown = "{'image/jpeg': {'width': 240, 'height': 120}}"
    assert photograph == f"['image/jpeg', 'text/plain'] /9j/ {shown}"


# ---------------------------------------------------------------------------- expect


@pytest.mark.parametrize(
    ("value", "digits", "printed"),
    [
        (0.97512, 3, "0.975"),
        (0.97, 3, "0.97"),
        (0.99, 3, "0.99"),
        (0.98, 1, "1"),
        (torch.tensor(0.98), 3, "0.98"),
        (np.float32(0.9812), 2, "0.98"),
    ],
)
def test_value_in_its_band_is_printed(
    value: float, digits: int, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    book.expect(value, between=(0.97, 0.99), label="test accuracy", digits=digits)
    assert capsys.readouterr().out == f"test accuracy ≈ {printed}\n"


@pytest.mark.parametrize(
    "value",
    [
        *(np.nextafter(0.97, 0), np.nextafter(0.99, 1), -0.98),
        *(math.nan, math.inf, -math.inf, torch.tensor(math.nan)),
    ],
)
def test_value_out_of_its_band_fails(value: float, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(book.OutOfBandError, match=r"accuracy is .*, outside the band from 0.97 to"):
        book.expect(value, between=(0.97, 0.99), label="accuracy")
    assert capsys.readouterr().out == ""


def test_band_may_be_open_at_one_end(capsys: pytest.CaptureFixture[str]) -> None:
    book.expect(1e3, between=(2, math.inf), label="times faster")
    assert capsys.readouterr().out == "times faster ≈ 1e+03\n"
    with pytest.raises(book.OutOfBandError):
        book.expect(math.nan, between=(-math.inf, math.inf), label="loss")


@pytest.mark.parametrize("band", [(0.99, 0.97), (0.97, 0.97), (math.nan, 1), (0, math.nan)])
def test_band_without_room_is_refused(band: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="expected a lower number before a higher one"):
        book.expect(0.97, between=band, label="accuracy")


@pytest.mark.parametrize(
    "curve",
    [
        [0.98123, 0.97, 0.99],
        (torch.tensor(0.97), np.float32(0.98), 0.99),
        np.array([0.99, 0.97]),
        torch.tensor([[0.98, 0.97], [0.99, 0.975]]),
        [[0.97], (0.98, np.array([0.99]))],
        iter([0.97, 0.99]),
        {"one": 0.97, "other": 0.99}.values(),
    ],
)
def test_a_curve_in_its_band_prints_its_ends(
    curve: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    book.expect(curve, between=(0.9699, 0.9901), label="accuracy")
    assert capsys.readouterr().out == "accuracy: from ≈ 0.97 to ≈ 0.99\n"


@pytest.mark.parametrize("one", [[0.98], np.array([[0.98]]), torch.tensor([0.98]), np.array(0.98)])
def test_a_curve_of_one_value_is_a_number(one: Any, capsys: pytest.CaptureFixture[str]) -> None:
    book.expect(one, between=(0.9, 1), label="accuracy")
    assert capsys.readouterr().out == "accuracy ≈ 0.98\n"


@pytest.mark.parametrize("bad", [0.9, 1.1, math.nan, math.inf, torch.tensor(-1.0)])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_value_out_of_the_band_fails_the_curve(
    bad: Any, place: int, capsys: pytest.CaptureFixture[str]
) -> None:
    curve = [0.96, 0.97, 0.98]
    curve[place] = bad
    with pytest.raises(book.OutOfBandError, match=f"^accuracy is {float(bad):g}, outside the band"):
        book.expect(curve, between=(0.95, 0.99), label="accuracy")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("nothing", [[], (), np.zeros(0), torch.zeros(0, 3), [[], []]])
def test_a_curve_without_values_is_refused(nothing: Any) -> None:
    with pytest.raises(ValueError, match="value is empty; expected a number, or some"):
        book.expect(nothing, between=(0, 1), label="accuracy")


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing promised, nothing measured yet."""
    monkeypatch.setattr(book, "promises", [])
    monkeypatch.setattr(book, "measured", {})


@pytest.mark.usefixtures("memory")
def test_what_is_expected_is_remembered_with_its_band() -> None:
    book.expect([0.12345678, 0.5], between=(0.1, 0.6), label="a curve")
    book.expect(2, between=(1, 3), label="a number")
    book.timing(1.5, label="a ratio")
    assert book.promises == [("a curve", (0.1, 0.6)), ("a number", (1, 3)), ("a ratio", None)]
    assert {number: band for number, band in book.measured.items() if float(number) <= 2} == {
        **{"0.123457": (0.1, 0.6), "0.5": (0.1, 0.6), "2": (1, 3)},
    }
    assert {"12.3457", "50", "200"} <= {*book.measured}  # as per cent


@pytest.mark.usefixtures("memory")
def test_what_fails_is_no_promise() -> None:
    with pytest.raises(book.OutOfBandError):
        book.expect([0.5, 7], between=(0, 1), label="a curve")
    with pytest.raises(ValueError, match="positive"):
        book.timing(0, label="a ratio")
    assert book.promises == []


# ---------------------------------------------------------------------------- timing


@pytest.mark.parametrize(
    ("ratio", "digits", "printed"),
    [
        (3.14159, 2, "3.1"),
        (np.float64(0.0123), 1, "0.01"),
        (torch.tensor(2.0), 3, "2"),
        (1234, 2, "1.2e+03"),
    ],
)
def test_a_ratio_of_times_is_printed_without_a_band(
    ratio: Any, digits: int, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    book.timing(ratio, label="loop over tensor", digits=digits)
    assert capsys.readouterr().out == f"loop over tensor ≈ {printed}\n"


def test_a_ratio_has_two_digits_unless_told_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    book.timing(3.14159, label="loop over tensor")
    assert capsys.readouterr().out == "loop over tensor ≈ 3.1\n"


@pytest.mark.parametrize("ratio", [0, -1.5, math.nan, math.inf, -math.inf])
def test_what_is_no_ratio_of_times_is_refused(ratio: float) -> None:
    with pytest.raises(ValueError, match=f"^ratio is {ratio:g}; expected a positive number$"):
        book.timing(ratio, label="loop over tensor")


# ---------------------------------------------------------------------------- recorded


def rows(results: dict[str, int]) -> list[tuple[object, ...]]:
    return [("what", "how many"), *results.items()]


@pytest.mark.parametrize(
    ("threads", "more", "made"),
    [(2, {}, "2 threads, seed 3"), (1, {"seeds": [3, 4]}, "1 thread, seeds from 3")],
)
def test_record_is_shown_with_how_it_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int, more: dict[str, Any], made: str
) -> None:
    facts = {"command": "python -m x", "date": "2026-01-02", "device": "A", "seed": 3}
    results = {"fruit": {"apples": 5, "pears": 6}, **more}
    (tmp_path / "results").mkdir()
    record = tmp_path / "results/x.json"
    record.write_text(json.dumps({**facts, "threads": threads, "results": results}))
    monkeypatch.setattr("cvlib.__file__", str(tmp_path / "cvlib/__init__.py"))
    assert book.recorded("x", lambda results: rows(results["fruit"])).data == (
        "| what | how many |\n| --- | --- |\n| apples | 5 |\n| pears | 6 |\n\n"
        f"Recorded by `python -m x` on 2026-01-02: A, {made}."
    )


def test_package_without_the_repository_says_where_the_record_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cvlib.__file__", str(tmp_path / "cvlib/__init__.py"))
    shown = book.recorded("convolution", rows).data
    assert shown == "The figures stand in `results/convolution.json` of the repository."


# ---------------------------------------------------------------------------- source


def documented(x: int) -> int:
    """Say much.

    About little.
    """
    text = """not a docstring"""  # this comment stays

    return x + len(text)


class Documented:
    """A class."""

    def method(self) -> str:
        """Answer."""
        return "\\0 stays"


def test_source_drops_docstrings_and_nothing_else() -> None:
    shown = book.source(documented).data
    assert shown == (
        "```python\n"
        "def documented(x: int) -> int:\n"
        '    text = """not a docstring"""  # this comment stays\n'
        "\n"
        "    return x + len(text)\n"
        "```"
    )


def test_source_shows_several_things_in_their_order() -> None:
    shown = book.source(Documented, documented).data
    assert shown.startswith("```python\nclass Documented:\n    def method(self) -> str:\n")
    assert '"""A class."""' not in shown
    assert 'stays"\n\ndef documented' in shown
    method = book.source(Documented.method).data
    assert method == '```python\ndef method(self) -> str:\n    return "\\\\0 stays"\n```'


def test_source_shows_code_that_runs_alike() -> None:
    code = book.source(documented).data.removeprefix("```python\n").removesuffix("```")
    names: dict[str, object] = {}
    exec(code, names)
    assert names["documented"](3) == documented(3)  # type: ignore[operator]


@pytest.mark.parametrize("thing", [len, 3, "text"])
def test_source_needs_python(thing: object) -> None:
    with pytest.raises(TypeError, match=r"objects\[1\] is .*; expected a function or class"):
        book.source(documented, thing)


# ---------------------------------------------------------------------------- check


def squares(answer: object) -> str | None:
    return exercises.compare_calls("square", answer, lambda x: x * x, [(0,), (2,), (3,)])


@pytest.fixture
def square(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exercises, "find", lambda name: {"square": squares}[name])


@pytest.mark.usefixtures("square")
@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (lambda x: x * x, None),
        (lambda x: x + x, "square(3) gives 6, expected 9"),
        (lambda x: None, "square(0) gives None, expected 0"),
        (lambda: 0, "square raises TypeError: "),
        (lambda x: 1 / x, "square raises ZeroDivisionError: division by zero"),
        (9, "square is 9, expected a function"),
    ],
)
def test_verdict_says_what_is_wrong(
    answer: object, wrong: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    found = book.mistake("square", answer)
    assert (found or "").startswith(wrong or "")
    assert (found is None) == (wrong is None)
    book.check("square", answer)
    verdict = "✓ square is right.\n" if wrong is None else f"✗ Not yet: {found}.\n"
    assert capsys.readouterr().out == verdict


def test_exercise_that_nobody_set() -> None:
    with pytest.raises(ValueError, match=r"name is 'no_such'; expected one of .*output_size"):
        book.check("no_such", functools.partial)


def test_exercises_have_different_names() -> None:
    names = [
        name
        for chapter in pkgutil.iter_modules(exercises.__path__)
        for name in importlib.import_module(f"cvlib.exercises.{chapter.name}").__all__
    ]
    assert names
    assert len(names) == len({*names})
    assert [exercises.find(name).__name__ for name in names] == names


def test_a_number_that_came_out_twice_has_both_bands_as_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(book, "measured", {})
    book.expect([0.94, 0.91], between=(0.9, 0.99), label="with")
    book.expect(0.94, between=(0.83, 0.96), label="without")
    assert book.measured["0.94"] == (0.83, 0.99)
    assert book.measured["94"] == pytest.approx((83, 99))
    assert book.measured["0.91"] == (0.9, 0.99)


def test_measured_number_is_known_also_in_per_cent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "measured", {})
    book.expect([0.931, 0.942], between=(0.9, 0.97), label="accuracy")
    assert book.measured["0.942"] == (0.9, 0.97)
    assert book.measured["93.1"] == pytest.approx((90, 97))


# ---------------------------------------------------------------------------- quiz


def choices(*arguments: Any, **named: Any) -> dict[str, str]:
    """Ask, and return what each choice says when it is opened, in order."""
    shown = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("IPython.display.display", shown.append)
        book.quiz(*arguments, because="So it is.", **named)
    page = BeautifulSoup(shown[0].data, "html.parser")
    assert page.select_one(".question").decode_contents() == "Which <code>x</code> is &lt; 3?"
    opened = {each["name"] for each in page.select("details")}
    assert len(opened) == 1, "one choice closes another"
    return {each.summary.text: each.p.text for each in page.select("details")}


QUESTION = "Which `x` is < 3?"
RIGHT = "Right. So it is."


@pytest.mark.parametrize(
    ("answer", "others", "expected"),
    [
        (24, {28: "a", 3: "b"}, {"3": "No. b", "24": RIGHT, "28": "No. a"}),
        (torch.tensor(-1200.0, requires_grad=True), {0.5: "a"}, {"−1,200": RIGHT, "0.5": "No. a"}),
        (np.float32(1 / 3), {1: "a"}, {"0.333": RIGHT, "1": "No. a"}),
        (torch.tensor(False), None, {"yes": "No. So it is.", "no": RIGHT}),
        (np.bool_(True), None, {"yes": RIGHT, "no": "No. So it is."}),
        (torch.Size([6, 24]), {(24, 6): "a"}, {"24 × 6": "No. a", "6 × 24": RIGHT}),
        ("mean", {"<b>": "it's `'<i>'`"}, {"<b>": "No. it’s '<i>'", "mean": RIGHT}),
    ],
)
def test_quiz_sorts_choices_and_says_which_is_right(
    answer: Any, others: Any, expected: dict[str, str]
) -> None:
    found = choices(QUESTION, answer, others=others)
    assert [*found.items()] == [*expected.items()]


@pytest.mark.parametrize(
    ("answer", "others", "message"),
    [
        (24, None, "others is None; expected a wrong choice"),
        (24, {}, "others is {}; expected"),
        (24, {24.0: "a"}, "others has '24', which is the answer"),
        ("mean", {"mean": "a"}, "others has 'mean', which is the answer"),
        (24, {1: "a", "1": "b"}, "others has '1', which stands there twice"),
    ],
)
def test_quiz_whose_answer_came_out_wrong_raises(answer: Any, others: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        book.quiz(QUESTION, answer, because="So it is.", others=others)
