"""The tables "ours, cv2, scikit-image, torchvision" of the chapters on images name what exists."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import cv2
import nbformat
import pytest

import cvlib.images
from cvlib.images.pixels import luma
from tests.checkout import ROOT, name_of

CHAPTERS = sorted((ROOT / "book/images").glob("*.ipynb"))
HEAD = ("ours", "cv2", "scikit-image", "torchvision")
MODULES = [f"cvlib.images.{module.name}" for module in pkgutil.iter_modules(cvlib.images.__path__)]
#: Where a name of a column is looked for, unless it begins with one of the packages.
PLACES = {
    "ours": ("cvlib.images", "cvlib", *MODULES),
    "cv2": ("cv2",),
    "scikit-image": ("skimage", "scipy"),
    "torchvision": ("torchvision", "torchvision.transforms"),
}
#: Short names that the chapters import, too.
SHORT = {"F": "torch.nn.functional"}
PACKAGES = ("cv2", "cvlib", "numpy", "scipy", "skimage", "sklearn", "torch", "torchvision")
TABLE = re.compile(r"^\|[^\n]*\|\n\| *:?-+[^\n]*\n(?:\|[^\n]*\n?)+", re.MULTILINE)


def cells(row: str) -> list[str]:
    """Take a row apart: four columns, or one of "ours → cv2 → …", after what it is for or not."""
    columns = row.strip().strip("|").split("|")
    if "→" in columns[-1]:
        columns = columns[-1].split("→")
    return [cell.strip() for cell in columns[-len(HEAD) :]]


def tables(path: Path) -> list[list[list[str]]]:
    """Find the tables of a chapter with that head, each a list of rows."""
    sources = [c.source for c in nbformat.read(path, 4).cells if c.cell_type == "markdown"]
    found = [
        [cells(row) for row in text.splitlines()] for text in TABLE.findall("\n".join(sources))
    ]
    return [rows for rows in found if [cell.strip("`") for cell in rows[0]] == list(HEAD)]


def resolve(name: str, places: tuple[str, ...]) -> object:
    """Import what a name stands for, or raise LookupError."""
    first, _, rest = name.partition(".")
    if first in SHORT:
        first, name = "torch", f"{SHORT[first]}.{rest}"
    if first in PACKAGES:
        places = ("", *places)
    for place in places:
        parts = [part for part in (*place.split("."), *name.split(".")) if part]
        for length in range(len(parts), 0, -1):
            try:
                found: object = importlib.import_module(".".join(parts[:length]))
                for part in parts[length:]:
                    found = getattr(found, part)
            except (ImportError, AttributeError):
                continue
            return found
    raise LookupError(f"{name} is not in {' or '.join(places)}")


def names_in(cell: str) -> list[str]:
    """List the names of a cell: what stands in backticks, up to a parenthesis."""
    return [code.partition("(")[0].strip() for code in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize("path", CHAPTERS, ids=name_of)
def test_every_chapter_names_what_other_libraries_have(path: Path) -> None:
    (table,) = tables(path)
    body = table[2:]
    assert len(body) >= 3
    for row in body:
        assert len(row) == len(HEAD), row
        assert any(map(names_in, row)), row
        for column, cell in zip(HEAD, row, strict=True):
            for name in names_in(cell):
                resolve(name, PLACES[column])


@pytest.mark.parametrize("path", CHAPTERS, ids=name_of)
def test_the_table_stands_near_the_end_before_the_exercises(path: Path) -> None:
    text = "\n".join(c.source for c in nbformat.read(path, 4).cells if c.cell_type == "markdown")
    heads = (r"^\|.*\bours\b.*\bcv2\b.*\btorchvision\b", r"^## Exercises")
    table, exercises = (re.search(head, text, re.MULTILINE) for head in heads)
    assert table is not None
    assert exercises is not None
    assert table.start() < exercises.start()
    assert text[table.start() : exercises.start()].count("\n## ") <= 1


@pytest.mark.parametrize("path", CHAPTERS, ids=name_of)
def test_the_table_names_what_the_chapter_teaches(path: Path) -> None:
    (table,) = tables(path)
    ours = [resolve(name, PLACES["ours"]) for row in table[2:] for name in names_in(row[0])]
    modules = {getattr(each, "__module__", "") for each in ours}
    if (ROOT / f"cvlib/images/{path.stem}.py").exists():
        assert f"cvlib.images.{path.stem}" in modules


def test_a_name_that_does_not_exist_is_found() -> None:
    assert resolve("pixels.luma", PLACES["ours"]) is luma
    assert resolve("scipy.fft.dctn", PLACES["scikit-image"])
    assert names_in("`a.b(c)`, `d`") == ["a.b", "d"]
    for name, column in (("pixels.lume", "ours"), ("HOGDescriptor", "cv2"), ("scipy.gft", "cv2")):
        with pytest.raises(LookupError, match=f"{name} is not in"):
            resolve(name, PLACES[column])


def test_what_opencv_5_moved_out_is_named_only_with_that_word() -> None:
    """Were a later OpenCV to bring them back, the text would have to change."""
    for name in ("CascadeClassifier", "HOGDescriptor"):
        assert not hasattr(cv2, name)
    assert hasattr(cv2, "FaceDetectorYN")
    telling = 0
    for path in CHAPTERS:
        for cell in nbformat.read(path, 4).cells:
            if cell.cell_type == "markdown" and re.search(
                r"CascadeClassifier|HOGDescriptor|\bHaar\b", cell.source
            ):
                assert "OpenCV 5" in cell.source, f"{path.stem}: {cell.source[:80]}"
                telling += 1
    assert telling >= 2
