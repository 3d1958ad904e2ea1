"""Each check of a stored notebook lets a sound one pass, and sees its fault."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import cvlib.exercises
from book import promises
from book.execute import KERNELSPEC, WIDGET_VIEW, normalise, seal
from cvlib.book import FIGURE
from tests.checkout import ROOT
from tests.regression import checks

STUB = 'def twice(x):\n    """Double x."""\n    return None  # your code\n\n\ncheck("twice", twice)'
DEFINE = """\
%matplotlib inline
import numpy as np
def shifted(x, n):
    return np.left_shift(x, n)"""
DRAWING = "def draw(n):\n    return n\n\n\n" + "\n\n".join(["explore(\n    draw,\n)"] * 2)
QUIZ = """\
quiz("2 + 2?", shifted(2, 1), because="Count.", others={3: "No."})
quiz("3 + 3?", shifted(3, 1), because="Count.", others={3: "No."})"""
EXERCISES = """\
:::{exercise}
:label: one
What is 1 + 1?
:::

:::{solution} one
:class: dropdown
2
:::

:::{exercise} Doubling
:label: two
Write `twice`.
:::

::::{solution} two
:class: dropdown

```python
def twice(x):
    return shifted(x, 1)


one, two = 1, twice(1)
```
::::

:::{exercise}
:label: three
Experiment.
:::

:::{solution} three
:class: dropdown
It depends.
:::"""


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> dict[str, NotebookNode]:
    """Give the cells, by name, of a notebook to which no check has an objection."""

    def twice(answer: Callable[[int], int]) -> str | None:
        return None if answer(3) == 6 else "twice(3) is not 6"

    monkeypatch.setattr(cvlib.exercises, "find", lambda name: {"twice": twice}[name])
    png = {
        "image/png": "iVBORw0KGgo=",
        "text/plain": "<Figure size 8x8 with 1 Axes>",
        FIGURE: {"axes": [{"lines": [{"y": "[0. ≈0.5∈[0.4,0.6]]"}]}]},
    }
    page = {"text/html": '<img hidden alt="a square" src="data:image/png;base64,A/tmp/0==">'}
    cells = {
        "define": new_code_cell(DEFINE),
        "section": new_markdown_cell("(a-label)=\n## A section"),
        "words": new_code_cell("print(1)", outputs=[new_output("stream", text="1\n")]),
        "figure": new_code_cell("figure", outputs=[new_output("execute_result", png)]),
        "page": new_code_cell("explore()", outputs=[new_output("display_data", page)]),
        "band": new_code_cell(
            "expect(1, between=(0, 2), label='it')", outputs=[new_output("stream", text="it ≈ 1\n")]
        ),
        "drawing": new_code_cell(DRAWING, outputs=[new_output("display_data", page)]),
        "quiz": new_code_cell(QUIZ, metadata={"tags": ["hide-input"]}),
        "exercises": new_markdown_cell(f"## Exercises\n\n{EXERCISES}"),
        "stub": new_code_cell(STUB),
    }  # fmt: skip
    cells["figure"].metadata["mystnb"] = {"image": {"alt": "A square on a white ground"}}
    notebook = as_notebook(cells)
    normalise(notebook)
    return cells


def as_notebook(cells: dict[str, NotebookNode]) -> NotebookNode:
    language = {"language_info": {"name": "python"}}
    return new_notebook(cells=list(cells.values()), metadata=language)


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.__name__)
def test_check_lets_a_sound_notebook_pass(sound: dict[str, NotebookNode], check: Any) -> None:
    notebook = as_notebook(sound)
    notebook.metadata["kernelspec"] = nbformat.from_dict(KERNELSPEC)
    assert list(check(notebook)) == []


def text(words: str, name: str = "stdout") -> dict:
    return {"outputs": [new_output("stream", text=words, name=name)]}


def data(**content: str) -> dict:
    kinds = {kind.replace("text_", "text/"): content[kind] for kind in content}
    return {"outputs": [new_output("display_data", kinds)]}


def described(numbers: str, png: str = "iVBORw0KGgo=") -> dict:
    """Give an output whose description was sealed with the picture iVBORw0KGgo=."""
    figure = {"image/png": "iVBORw0KGgo=", FIGURE: {"axes": [{"y": numbers}]}}
    output = new_output("display_data", figure)
    seal(output)
    output.data["image/png"] = png
    return {"outputs": [output]}


@pytest.mark.parametrize("kind", ["image/svg+xml", "image/jpeg", "image/png"])
def test_picture_exchanged_by_hand_is_told(kind: str) -> None:
    output = new_output("display_data", {kind: "a picture", FIGURE: {"axes": []}})
    seal(output)
    cell = new_code_cell("figure", execution_count=1, outputs=[output])
    notebook = new_notebook(cells=[cell])
    assert [*checks.figures_are_described(notebook)] == []
    output.data[kind] = "another"
    assert "stores another picture" in next(checks.figures_are_described(notebook))


def exercises(old: str, new: str = "") -> dict:
    assert old in EXERCISES
    return {"source": EXERCISES.replace(old, new)}


def error(name: str) -> dict:
    return {"outputs": [new_output("error", ename=name, evalue="", traceback=[])]}


# To each check: the cell that is changed, how, and what is said of it.
FAULTS: dict[checks.Check, list[tuple[str, dict[str, Any], str]]] = {
    checks.stored_by_the_command: [
        ("words", {"execution_count": None}, '"execution_count": null'),
        ("words", {"execution_count": 3}, '"execution_count": 3'),
        ("words", {"metadata": {"collapsed": True}}, "metadata"),
    ],
    checks.no_error_and_no_warning: [
        ("words", text("warning", "stderr"), "stderr: warning"),
        ("words", error("ValueError"), "ValueError"),
    ],
    checks.no_trace_of_a_machine: [
        ("words", text(f"{Path.home()}/x.png"), str(Path.home())),
        ("words", text(f"{ROOT}/cvlib"), str(ROOT)),
        ("words", data(text_plain="lib/site-packages/torch"), "site-packages"),
        ("words", {"source": "open('/home/me/x')"}, "holds the path /home/"),
        ("words", data(text_plain="<object at 0x7f00>"), "at 0x7f00"),
    ],
    checks.every_cell_is_compared: [
        ("words", {"metadata": {"tags": ["nbval-skip"]}}, "nbval-skip"),
        ("words", {"source": "1 / 0  \n# NBVAL_SKIP"}, "nbval_skip"),
        ("words", {"metadata": {"tags": ["nbval-ignore-output"]}}, "ignores its output"),
        ("words", text("time ≈ 3 s"), "prints ≈"),
    ],
    checks.figures_are_described: [
        ("figure", data(text_plain="<Figure size 8x8>", image_png="iVBO"), "without its descr"),
        ("words", data(text_plain="Explorer('A', b: 2)", text_html=""), "without its description"),
        ("figure", described("[1. ≈0.5∈[0.4,0.6]]", "iVBORw1="), "another picture than"),
        ("figure", described("[1. ≈0.7∈[0.4,0.6]]"), "draws 0.7, outside its band 0.4 to 0.6"),
    ],
    checks.needs_are_read: [],
    checks.tolerances_can_be_read: [
        ("words", {"metadata": {"nbval": {"rtoll": 1}}}, "rtoll: 1"),
        ("words", {"metadata": {"nbval": {"rtol": "1"}}}, "rtol: 1"),
        ("words", {"metadata": {"nbval": {"rtol": -1}}}, "rtol: -1"),
    ],
    checks.no_widget_without_a_page: [("words", data(**{WIDGET_VIEW: "{}"}), "dead")],
    checks.tables_are_drawn: [("words", data(text_markdown="| a |\n| --- |"), "shows a table")],
    checks.cells_are_short: [("words", {"source": "1\n" * 33 + "2"}, "34 lines")],
    checks.sections_end_in_questions: [
        ("quiz", {"source": QUIZ.partition("\n")[0]}, "section A section ends in 1 questions"),
        ("quiz", {"source": "print(1)"}, "section A section ends in 0 questions"),
        ("exercises", {"source": "More.\n\n## Exercises"}, "A section ends in 0 questions"),
        ("exercises", {"source": "## B\n\nMore.\n\n## Exercises"}, "B ends in 0 questions"),
        ("exercises", {"source": ""}, "section A section ends in 0 questions"),
        ("quiz", {"source": f"{QUIZ}\nx = 1"}, "does something beside its questions"),
        ("quiz", {"source": QUIZ.replace("shifted(3, 1)", "2 * 3")}, "answer of '3 + 3?'"),
    ],
    checks.what_no_one_reads_is_folded: [
        ("quiz", {"metadata": {}}, "needs the tag hide-input"),
        ("words", {"metadata": {"tags": ["hide-input"]}}, "has the tag hide-input"),
        ("drawing", {"source": DRAWING + "\n\n\n1"}, "needs the tag hide-input"),
    ],
    checks.pictures_have_alt_text: [
        ("figure", {"metadata": {}}, "mystnb.image.alt"),
        ("figure", {"metadata": {"mystnb": {"image": {"alt": "figure"}}}}, "alt, in words"),
        ("page", data(text_html='<img src="x.png">'), "without alt"),
        ("page", data(text_html='<img alt="" src="x.png">'), "without alt"),
    ],
    checks.exercises_have_solutions: [
        ("exercises", exercises("label: three"), "2 labelled"),
        ("exercises", exercises("{solution} one"), "exercise one has no solution"),
        ("exercises", exercises("dropdown"), "exercise two has no solution"),
        ("stub", {"source": "twice = None"}, "no exercise is checked"),
    ],
    checks.checkers_tell_solutions_from_stubs: [
        ("exercises", exercises("shifted(x, 1)", "x + 1"), "is not 6"),
        ("exercises", {"source": ""}, "0 solutions define twice"),
        ("stub", {"source": STUB.replace("None", "2 * x")}, "the stub of twice passes"),
    ],
}


@pytest.mark.parametrize(
    ("check", "name", "change", "complaint"),
    [(check, *fault) for check, faults in FAULTS.items() for fault in faults],
)
def test_check_sees_its_fault(
    sound: dict[str, NotebookNode], check: Any, name: str, change: dict[str, Any], complaint: str
) -> None:
    sound[name].update(nbformat.from_dict(change))
    assert complaint in "\n".join(check(as_notebook(sound)))


def test_check_sees_an_ignored_output_that_is_asserted() -> None:
    source = "# NBVAL_IGNORE_OUTPUT\nassert 1"
    assert not list(checks.every_cell_is_compared(new_notebook(cells=[new_code_cell(source)])))


def test_check_sees_a_data_set_that_no_one_knows() -> None:
    notebook = new_notebook(metadata={"cvlib": {"needs": "ImageNet"}})
    assert "it needs ImageNet" in "".join(checks.tolerances_can_be_read(notebook))


def test_check_sees_a_data_set_that_is_not_read() -> None:
    cell = new_code_cell("data.fashion_mnist('train')")
    for needs, complaints in (("FashionMNIST", 0), (["FashionMNIST", "CIFAR10"], 1)):
        notebook = new_notebook(cells=[cell], metadata={"cvlib": {"needs": needs}})
        assert len(list(checks.needs_are_read(notebook))) == complaints


def test_check_sees_two_cells_exchanged(sound: dict[str, NotebookNode]) -> None:
    sound["words"], sound["figure"] = sound["figure"], sound["words"]
    assert '"execution_count": 3' in "".join(checks.stored_by_the_command(as_notebook(sound)))


LEDGER = ["  3 assertions", "  In [5] it: 0 to 2"]


def test_ledger_lets_a_sound_notebook_pass(sound: dict[str, NotebookNode]) -> None:
    assert promises.static_lines(as_notebook(sound)) == ["  2 assertions"]
    assert list(checks.ledger_complaints(as_notebook(sound), ["  2 assertions", LEDGER[1]])) == []


@pytest.mark.parametrize(
    ("name", "change", "ledger", "complaint"),
    [
        ("band", {"source": "1"}, ["  2 assertions"], "the notebook ['  1 assertions']"),
        ("words", {"source": "assert 1"}, ["  2 assertions"], "the notebook ['  3 assertions']"),
        (
            "words",
            {"metadata": {"nbval": {"rtol": 1.0}}},
            ["  2 assertions"],
            """In [2] tolerates {"rtol": 1.0}""",
        ),
        ("band", text("it ≈ 3"), ["  2 assertions", LEDGER[1]], "stores it ≈ 3, outside 0 to 2"),
        ("band", text("it ≈ 2.1"), ["  2 assertions", LEDGER[1]], "≈ 2.1, outside 0 to 2"),
        ("band", text("it: from ≈ 1 to ≈ 3"), ["  2 assertions", LEDGER[1]], "≈ 3, outside"),
        ("band", text("it = 1"), ["  2 assertions", LEDGER[1]], "does not print it"),
    ],
)
def test_ledger_sees_what_was_weakened(
    sound: dict[str, NotebookNode], name: str, change: dict, ledger: list[str], complaint: str
) -> None:
    sound[name].update(nbformat.from_dict(change))
    assert complaint in "\n".join(checks.ledger_complaints(as_notebook(sound), ledger))


def test_stored_number_may_be_rounded_out_of_its_band(sound: dict[str, NotebookNode]) -> None:
    sound["band"].update(nbformat.from_dict(text("it ≈ 2.0")))
    ledger = ["  2 assertions", "  In [5] it: 0 to 1.96"]
    assert list(checks.ledger_complaints(as_notebook(sound), ledger)) == []


def test_ledger_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "promises.txt"
    first, second = "book/images/pixels.ipynb", "book/images/files.ipynb"
    promises.update(first, ["  2 assertions", "  In [3] a: b: 0 to inf"], path)
    promises.update(second, ["  1 assertions"], path)
    promises.update(first, ["  3 assertions", "  In [3] a: b: 0 to inf"], path)
    promises.update("book/gone.ipynb", [], path)
    promises.update(second, ["  1 assertions"], path)
    assert promises.read(path) == {
        second: ["  1 assertions"],
        first: ["  3 assertions", "  In [3] a: b: 0 to inf"],
    }
    assert promises.bands(promises.read(path)[first]) == [(3, "a: b", 0.0, float("inf"))]
    assert promises.read(tmp_path / "none") == {}
    assert [file.name for file in tmp_path.iterdir()] == ["promises.txt"]


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("assert 1\nexpect(1, between=(0, 2), label='x')", 2),
        ("%matplotlib inline\ntorch.testing.assert_close(1, 1)\nnp.assert_equal", 1),
        ("for _ in range(3):\n    check('a', 1)", 1),
        ("timing(3, label='a')\nprint('assert')", 0),
    ],
)
def test_assertions_are_counted(source: str, count: int) -> None:
    assert promises.assertions(new_code_cell(source)) == count


def test_every_check_has_a_fault() -> None:
    assert list(FAULTS) == checks.CHECKS


def test_first_cells_may_differ_in_an_extra_and_in_what_setup_is_told_alone() -> None:
    cells = [
        "%pip install cvlib-course==1.0\nsetup(minutes=1)",
        "%pip install cvlib-course[extra]==1.0\nsetup(minutes=2, gpu=True)",
    ]
    one, other = (new_notebook(cells=[new_code_cell(source)]) for source in cells)
    assert checks.first_cell(one) == checks.first_cell(other)
    other.cells[0].source += "\n"
    assert checks.first_cell(one) != checks.first_cell(other)
