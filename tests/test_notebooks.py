"""Every notebook of the book, seen without running it; that they run is nbval's work."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from book import promises
from book.execute import notebooks
from tests.checkout import name_of
from tests.regression.checks import CHECKS, Check, first_cell, ledger_complaints

NOTEBOOKS = notebooks()
LARGEST = 3_000_000  # bytes: with an explorer of 48 frames, each drawn for a desk and for a phone


@cache
def read(path: Path) -> NotebookNode:
    """Read a notebook once for all checks, none of which changes it."""
    return nbformat.read(path, as_version=4)


def test_the_book_has_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_notebook(path: Path, check: Check) -> None:
    assert list(check(read(path))) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_ledger_says_what_the_notebook_promises(path: Path) -> None:
    ledger = promises.read()[path.relative_to(promises.ROOT).as_posix()]
    assert list(ledger_complaints(read(path), ledger)) == []


def test_ledger_knows_no_other_notebook() -> None:
    assert len(promises.read()) == len(NOTEBOOKS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_notebook_is_small(path: Path) -> None:
    assert path.stat().st_size < LARGEST


def test_first_cells_are_the_same_but_for_an_extra_and_what_setup_is_told() -> None:
    cells = {first_cell(read(path)) for path in NOTEBOOKS}
    assert len(cells) == 1, "\n\n".join(cells)
    assert "setup()" in cells.pop()
