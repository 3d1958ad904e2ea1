"""What a stored notebook must be, seen without running it: each check yields its complaints."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from book import promises
from book.execute import DIGESTS, WIDGET_VIEW, normalise, seal
from cvlib import book
from cvlib.book import FIGURE
from tests.checkout import ROOT
from tests.regression.comparison import ADDRESS, PICTURE, unit
from tests.regression.plugin import PLACES, TOLERANCES

READERS = {"MNIST": "mnist", "FashionMNIST": "fashion_mnist", "CIFAR10": "cifar10"}
NUMBER = r"[-+]?\d+(?:\.\d+)?(?:e[-+]\d+)?"
FEWEST_WORDS = 5  # of an alternative text
LONGEST = 33  # lines of a cell, of 76 characters each
LONGEST_QUESTION = 16  # lines of a question, which nobody reads as code
LONGEST_DRAWING = 12  # lines of a cell that only draws, before it folds
SPEAKING = {"check", "display", "expect", "print", "say", "source", "timing"}
HEAD = re.compile(r"(.*?)^(?:\([\w-]+\)=\n)?## ([^\n]+)", re.DOTALL | re.MULTILINE)
UNASKED = {"", "What to remember", "Exercises"}  # sections without questions
FEWEST_EXERCISES = 3
MACHINE = re.compile(
    # The longest first: a checkout may lie in a home, or below the folder for temporary files.
    "".join(rf"{re.escape(str(path))}\b|" for path in (ROOT, Path.home()) if path.name)
    + r"/(tmp|home|Users|root)/|\b[A-Z]:\\|(site|dist)-packages"
)
UNCHECKED = {"nbval-ignore-output", "nbval_ignore_output", "pytest_validate_ignore_output"}
UNRUN = {"nbval-skip", "nbval_skip", "skip-execution", "raises-exception"}

Complaints = Iterator[str]
Check = Callable[[NotebookNode], Complaints]


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def named(cell: NotebookNode) -> str:
    return f"In [{cell.execution_count}]"


def contents(cell: NotebookNode) -> Iterator[tuple[str, str]]:
    """Go through the outputs of a cell: the kind of each, and its content as text."""
    for output in cell.outputs:
        if output.output_type == "stream":
            yield output.name, output.text
        for kind, content in output.get("data", {}).items():
            if kind == FIGURE:
                continue  # figures_are_described reads it
            yield kind, content if isinstance(content, str) else str(content)


def words(cell: NotebookNode) -> str:
    """Join the text of a cell's outputs, without pictures."""
    texts = [text for kind, text in contents(cell) if not kind.startswith("image/")]
    return PICTURE.sub("", "\n".join(texts))


def asserts(cell: NotebookNode) -> bool:
    return bool(promises.assertions(cell))


def stored_by_the_command(notebook: NotebookNode) -> Complaints:
    """Counts from 1 on, no state of widgets, no traces of an editor."""
    expected = copy.deepcopy(notebook)
    normalise(expected)
    lines = [nbformat.writes(side).splitlines() for side in (notebook, expected)]
    for number, (was, would) in enumerate(zip(*lines, strict=False), 1):
        if was != would:
            yield f"line {number} is {was.strip()}; make execute stores {would.strip()}"
            return
    if len(lines[0]) != len(lines[1]):
        yield f"it has {len(lines[0])} lines; make execute stores {len(lines[1])}"


def no_error_and_no_warning(notebook: NotebookNode) -> Complaints:
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"{named(cell)} stores {output.ename}"
            if output.get("name") == "stderr":
                yield f"{named(cell)} stores stderr: {output.text[:80]}"


def no_trace_of_a_machine(notebook: NotebookNode) -> Complaints:
    for cell in code_cells(notebook):
        text = words(cell)
        for found in MACHINE.finditer(text + cell.source):
            yield f"{named(cell)} holds the path {found.group()}"
        if found := ADDRESS.search(text):
            yield f"{named(cell)} prints an address: {found.group()}"


def every_cell_is_compared(notebook: NotebookNode) -> Complaints:
    for cell in code_cells(notebook):
        comments = re.findall(r"^\s*#\s*(\w+)\s*$", cell.source, re.MULTILINE)
        marks = {mark.lower() for mark in [*comments, *cell.metadata.get("tags", [])]}
        if marks & UNRUN:
            yield f"{named(cell)} is tagged {', '.join(marks & UNRUN)}"
        if marks & UNCHECKED and not asserts(cell):
            yield f"{named(cell)} ignores its output and asserts nothing"
        if "≈" in words(cell) and not re.search(r"\b(expect|timing)\(", cell.source):
            yield f"{named(cell)} prints ≈, which nothing holds in a band; use expect"


def figures_are_described(notebook: NotebookNode) -> Complaints:
    """Each figure has its description beside it, bound to the very picture that is stored."""
    for cell in code_cells(notebook):
        for output in cell.outputs:
            data = output.get("data", {})
            drawn = "<Figure" in data.get("text/plain", "") or "Explorer(" in data.get(
                "text/plain", ""
            )
            if drawn and FIGURE not in data:
                yield f"{named(cell)} shows a figure without its description; run make execute"
            if FIGURE in data:
                sealed = copy.deepcopy(output)
                seal(sealed)
                if sealed.data[FIGURE][DIGESTS] != data[FIGURE].get(DIGESTS):
                    yield f"{named(cell)} stores another picture than its description was made with"
                for value, low, high in re.findall(r"≈(\S+?)∈\[(\S+?),(\S+?)\]", str(data[FIGURE])):
                    if not float(low) <= float(value) <= float(high):
                        yield f"{named(cell)} draws {value}, outside its band {low} to {high}"


def needs_are_read(notebook: NotebookNode) -> Complaints:
    """A data set that the metadata claim to need is read by a cell."""
    source = "\n".join(cell.source for cell in code_cells(notebook))
    needs = notebook.metadata.get("cvlib", {}).get("needs", [])
    for name in [needs] if isinstance(needs, str) else needs:
        if name in READERS and not re.search(rf"\b{READERS[name]}\(", source):
            yield f"it needs {name}, and no cell calls {READERS[name]}"


def ledger_complaints(notebook: NotebookNode, ledger: list[str]) -> Complaints:
    """Tell where a stored notebook and its section of the ledger do not agree."""
    static = promises.static_lines(notebook)
    kept = [line for line in ledger if line in static]
    if kept != static:
        yield f"the ledger says {ledger[:2]}, the notebook {static}; run make execute"
    texts = {cell.execution_count: words(cell) for cell in code_cells(notebook)}
    for count, label, low, high in promises.bands(ledger):
        # In the order in which they were printed: one label may end another.
        said = re.search(
            rf"{re.escape(label)}(?:: from)? ≈ ({NUMBER})(?: to ≈ ({NUMBER}))?",
            texts.get(count, ""),
        )
        if not said:
            yield f"In [{count}] does not print {label}, which the ledger holds in a band"
            continue
        texts[count] = texts[count][said.end() :]
        for value in filter(None, said.groups()):
            rounding = unit(value) / 2
            if not low - rounding <= float(value) <= high + rounding:
                yield f"In [{count}] stores {label} ≈ {value}, outside {low:g} to {high:g}"


def tolerances_can_be_read(notebook: NotebookNode) -> Complaints:
    for cell in code_cells(notebook):
        for name, value in cell.metadata.get("nbval", {}).items():
            if name not in TOLERANCES or not isinstance(value, int | float) or value < 0:
                yield f"{named(cell)} has nbval metadata {name}: {value}"
    needs = notebook.metadata.get("cvlib", {}).get("needs", [])
    for name in [needs] if isinstance(needs, str) else needs:
        if name not in PLACES:
            yield f"it needs {name}; expected some of {', '.join(PLACES)}"


def no_widget_without_a_page(notebook: NotebookNode) -> Complaints:
    for cell in code_cells(notebook):
        if any(kind == WIDGET_VIEW for kind, _ in contents(cell)):
            yield f"{named(cell)} shows a widget, dead on a page; use explore"


def cells_are_short(notebook: NotebookNode) -> Complaints:
    for cell in code_cells(notebook):
        longest = max(LONGEST, LONGEST_QUESTION * len(calls(cell, "quiz")))
        if (lines := cell.source.count("\n") + 1) > longest:
            yield f"{named(cell)} has {lines} lines; expected at most {longest}"


def sections_end_in_questions(notebook: NotebookNode) -> Complaints:
    """Each section but the last two asks, and its answers are computed."""
    title, last = "", NotebookNode(cell_type="markdown")
    for cell in [*notebook.cells, NotebookNode(cell_type="markdown", source="## Exercises")]:
        if cell.cell_type == "markdown":
            for before, head in HEAD.findall(cell.source):
                ends_in_code = not before.strip() and last.cell_type == "code"
                asked = calls(last, "quiz") if ends_in_code else []
                if title not in UNASKED and not 2 <= len(asked) <= 3:
                    yield f"section {title} ends in {len(asked)} questions; expected two or three"
                title = head
        last = cell
    for cell in code_cells(notebook):
        asked = calls(cell, "quiz")
        if asked and len(parsed(cell.source).body) > len(asked):
            yield f"{named(cell)} does something beside its questions"
        for call in asked:
            question, answer = call.args
            if not any(isinstance(node, ast.Name) for node in ast.walk(answer)):
                yield f"{named(cell)} does not compute the answer of {ast.unparse(question)}"


def what_no_one_reads_is_folded(notebook: NotebookNode) -> Complaints:
    """Questions' code, which tells the answer, and long code that only draws."""
    cells = code_cells(notebook)
    trees = [parsed(cell.source) for cell in cells]
    loaded = [{n.id for n in names(tree, ast.Load)} for tree in trees]
    for number, (cell, tree) in enumerate(zip(cells, trees, strict=True)):
        lines = cell.source.count("\n") + 1
        drawn = any("image" in kind or "<img" in content for kind, content in contents(cell))
        calls_of = {ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
        silent = not calls_of & SPEAKING and not any(
            isinstance(node, ast.Assert) for node in ast.walk(tree)
        )
        later = set().union(*loaded[number + 1 :])
        only_draws = drawn and silent and not names_bound(cell.source) & later - {"draw"}
        folds = bool(calls(cell, "quiz")) or (only_draws and lines > LONGEST_DRAWING)
        if folds != ("hide-input" in cell.metadata.get("tags", [])):
            yield f"{named(cell)} {'needs' if folds else 'has'} the tag hide-input"


def tables_are_rendered(notebook: NotebookNode) -> Complaints:
    """A page shows the lines of a table as they are, unless the cell says which Markdown it is."""
    for cell in code_cells(notebook):
        table = any("\n|" in text for kind, text in contents(cell) if kind == "text/markdown")
        if table and cell.metadata.get("mystnb", {}).get("markdown_format") != "myst":
            yield f"{named(cell)} shows a table; its metadata lack mystnb.markdown_format: myst"


def pictures_have_alt_text(notebook: NotebookNode) -> Complaints:
    for cell in code_cells(notebook):
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        for kind, content in contents(cell):
            if kind.startswith("image/") and len(alt.split()) < FEWEST_WORDS:
                yield f"{named(cell)} shows a picture; its metadata lack mystnb.image.alt, in words"
            if kind == "text/html":
                for tag in re.findall(r"<img\b[^>]*>", PICTURE.sub("", content)):
                    if not re.search(r"""\balt=(["'])\s*[^"'\s]""", tag):
                        yield f"{named(cell)} has an <img> without alt: {tag[:80]}"


def exercises_have_solutions(notebook: NotebookNode) -> Complaints:
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    labels = re.findall(r"\{exercise(?:-start)?\}[^\n]*\n:label:\s*(\S+)", text)
    if len(labels) < FEWEST_EXERCISES:
        yield f"it has {len(labels)} labelled exercises; expected {FEWEST_EXERCISES} at least"
    for label in labels:
        if not re.search(
            rf"\{{solution(?:-start)?\}}\s*{re.escape(label)}\s*\n:class:.*\bdropdown\b", text
        ):
            yield f"exercise {label} has no solution in a dropdown"
    if not any(calls(cell, "check") for cell in code_cells(notebook)):
        yield "no exercise is checked by check(...)"


def checkers_tell_solutions_from_stubs(notebook: NotebookNode) -> Complaints:
    """See each checker pass the solution in the dropdown, and fail the stub in the cell."""
    world: dict[str, Any] = {}
    for cell in code_cells(notebook):
        for call in calls(cell, "check"):
            name, answer = ast.literal_eval(call.args[0]), ast.unparse(call.args[1])
            stub = {**world, "check": lambda *_: None}
            exec(plain(cell.source), stub)
            if book.mistake(name, eval(answer, stub)) is None:
                yield f"the stub of {name} passes its checker"
            solutions = [code for code in solutions_of(notebook) if answer in names_bound(code)]
            if len(solutions) != 1:
                yield f"{len(solutions)} solutions define {answer}; expected 1"
                continue
            exec(solutions[0], stub)
            if wrong := book.mistake(name, eval(answer, stub)):
                yield f"the solution of {name} fails its checker: {wrong}"
        define(cell, world)


def calls(cell: NotebookNode, name: str) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(parsed(cell.source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


@cache
def plain(source: str) -> str:
    """Turn magics into Python."""
    return str(TransformerManager().transform_cell(source))


@cache
def parsed(source: str) -> ast.Module:
    """Parse a cell once for all checks, none of which changes what it reads."""
    return ast.parse(plain(source))


def define(cell: NotebookNode, world: dict[str, Any]) -> None:
    """Add what a cell imports and defines; the rest would take long, and stubs stand alone."""
    kinds = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
    body = [node for node in parsed(cell.source).body if isinstance(node, kinds)]
    exec(compile(ast.Module(body, []), "<cell>", "exec"), world)


def names_bound(code: str) -> set[str]:
    """Find what a cell binds, without what is bound inside of functions and comprehensions."""
    bound: set[str] = set()
    waiting: list[ast.AST] = [parsed(code)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif not isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp):
            waiting += ast.iter_child_nodes(node)
    return bound


def names(tree: ast.AST, context: type[ast.expr_context]) -> Iterator[ast.Name]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, context):
            yield node


def solutions_of(notebook: NotebookNode) -> list[str]:
    """Collect the Python code that stands in solutions, a text a solution."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    solutions = re.split(r"\{solution\}", text)[1:]
    bodies = [re.split(r"\{exercise", solution)[0] for solution in solutions]
    return ["\n".join(re.findall(r"^```python\n(.*?)^```", b, re.DOTALL | re.M)) for b in bodies]


def first_cell(notebook: NotebookNode) -> str:
    """Return the first cell, without the extra that it installs and what setup is told."""
    source = re.sub(r"(cvlib-course)\[\w+\]", r"\1", code_cells(notebook)[0].source)
    return re.sub(r"\bsetup\([^)]*\)", "setup()", source)


CHECKS: list[Check] = [
    stored_by_the_command,
    no_error_and_no_warning,
    no_trace_of_a_machine,
    every_cell_is_compared,
    figures_are_described,
    needs_are_read,
    tolerances_can_be_read,
    no_widget_without_a_page,
    cells_are_short,
    sections_end_in_questions,
    what_no_one_reads_is_folded,
    tables_are_rendered,
    pictures_have_alt_text,
    exercises_have_solutions,
    checkers_tell_solutions_from_stubs,
]
