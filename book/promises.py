"""What the notebooks promise: bands, timings, tolerances, assertions, needs.

``make execute`` writes them into a ledger. To weaken a promise is then a line
of the difference that a reviewer reads, and the regression run fails where a
notebook and the ledger do not agree.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

ROOT = Path(__file__).parent.parent
LEDGER = ROOT / "tests" / "regression" / "promises.txt"
HEAD = """\
# What each notebook promises, written by `make execute`: never by hand.
# A wider band, a looser tolerance, fewer assertions: each changes a line here.
"""

Promise = Sequence[Any]  # a label, and a band or None for a timing


def cell_lines(
    cell: NotebookNode, promises: Iterable[Promise]
) -> list[str]:
    """Write what a cell promised when it ran.

    Parameters
    ----------
    cell
        A code cell, counted.
    promises
        What ``cvlib.book.take_promises`` returned after it.

    Returns
    -------
    list of str
        A line per band and per timing.
    """
    here = f"  In [{cell.execution_count}]"
    return [
        f"{here} {label}: "
        + ("timed" if band is None else f"{band[0]:g} to {band[1]:g}")
        for label, band in promises
    ]


def static_lines(notebook: NotebookNode) -> list[str]:
    """Write what is promised without running: assertions, needs, tolerances.

    Parameters
    ----------
    notebook
        The notebook, its cells counted.

    Returns
    -------
    list of str
        A line for the notebook, and one per cell with tolerances of its own.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    needs = notebook.metadata.get("cvlib", {}).get("needs", [])
    needs = [needs] if isinstance(needs, str) else list(needs)
    lines = [f"  {sum(map(assertions, cells))} assertions"]
    lines += [f"  needs {' and '.join(needs)}"] if needs else []
    for cell in cells:
        if tolerances := cell.metadata.get("nbval"):
            stated = json.dumps(dict(tolerances), sort_keys=True)
            lines.append(
                f"  In [{cell.execution_count}] tolerates {stated}"
            )
    return lines


def assertions(cell: NotebookNode) -> int:
    """Count what a cell asserts: assert, assert_…, expect, check.

    Parameters
    ----------
    cell
        A code cell.

    Returns
    -------
    int
        The number of places, not of times.
    """
    tree = ast.parse(TransformerManager().transform_cell(cell.source))
    calls = [
        node.func for node in ast.walk(tree) if isinstance(node, ast.Call)
    ]
    names = [
        call.attr
        if isinstance(call, ast.Attribute)
        else getattr(call, "id", "")
        for call in calls
    ]
    asserted = sum(isinstance(node, ast.Assert) for node in ast.walk(tree))
    return asserted + sum(
        name in ("expect", "check") or name.startswith("assert_")
        for name in names
    )


def read(path: Path = LEDGER) -> dict[str, list[str]]:
    """Read the ledger.

    Parameters
    ----------
    path
        The file; where there is none, the ledger is empty.

    Returns
    -------
    dict of str to list of str
        The lines of each notebook, by its path from the root.
    """
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    text = path.read_text("utf-8") if path.is_file() else ""
    for line in text.splitlines():
        if line.startswith(" "):
            lines.append(line)
        elif line and not line.startswith("#"):
            lines = sections.setdefault(line, [])
    return sections


def update(name: str, lines: list[str], path: Path = LEDGER) -> None:
    """Replace the section of one notebook; drop those of others that are gone.

    Parameters
    ----------
    name
        The notebook's path from the root.
    lines
        What it promises.
    path
        The file.
    """
    sections = read(path) | {name: lines}
    parts = [
        "\n".join([each, *sections[each]])
        for each in sorted(sections)
        if each == name or (ROOT / each).is_file()
    ]
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text("\n".join([HEAD, *parts]) + "\n", "utf-8")
    unfinished.replace(path)


def bands(lines: Iterable[str]) -> list[tuple[int, str, float, float]]:
    """Read the bands out of a section.

    Parameters
    ----------
    lines
        The lines of a notebook.

    Returns
    -------
    list of (int, str, float, float)
        The cell's count, the label, the lowest and the highest value.
    """
    pattern = re.compile(r"  In \[(\d+)\] (.*): (\S+) to (\S+)")
    found = (pattern.fullmatch(line) for line in lines)
    return [
        (int(hit[1]), hit[2], float(hit[3]), float(hit[4]))
        for hit in found
        if hit
    ]
