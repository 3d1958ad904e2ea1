"""What a reader takes away: PDF, EPUB and archive, made of the built pages."""

from __future__ import annotations

import posixpath
import re
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
from pypdf import PdfReader

from book import downloads
from tests.site import built

PAGES = ["book/layers/pooling", "book/layers/convolution"]
TITLES = ["15. Pooling and upsampling", "12. Convolution"]
XHTML, MATHS = "{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/1998/Math/MathML}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not built.SITE.is_relative_to(downloads.ROOT):
        pytest.skip("the site under test is not this checkout's")
    folder = tmp_path_factory.mktemp("down loads")  # a path with a space
    downloads.main([str(folder), "--pages", *PAGES])
    return folder


def test_nothing_unfinished_is_left(made: Path) -> None:
    kinds = {path.suffix for path in made.iterdir()}
    assert kinds == {".pdf", ".epub", ".zip"}
    assert len([*made.iterdir()]) == 3


def test_pdf_has_an_outline_set_formulas_and_links_that_lead_on(made: Path) -> None:
    reader = PdfReader(made / "cvlib-course.pdf")
    outline = [each["/Title"] for each in reader.outline if not isinstance(each, list)]
    assert outline == TITLES
    text = "".join(page.extract_text() for page in reader.pages)
    assert not re.search(r"\\\(|\\\[|\\frac", text)
    assert "✗ Not yet" not in text
    assert f"Solution to Exercise {TITLES[0].partition('.')[0]}.1" in text
    names = {*reader.named_destinations}
    links = [link.get_object() for page in reader.pages for link in page.get("/Annots", [])]
    inside = [link["/Dest"] for link in links if "/Dest" in link]
    assert len(inside) > 8
    lost = {str(name).removeprefix("/") for name in inside} - {
        name.removeprefix("/") for name in names
    }
    assert lost == set()
    outside = {str(link["/A"]["/URI"]) for link in links if "/URI" in link.get("/A", {})}
    assert f"{built.ADDRESS}book/images/morphology.html" in {
        link.partition("#")[0] for link in outside
    }
    assert not [link for link in outside if not link.startswith("https://")]


def test_epub_is_whole(made: Path) -> None:
    with zipfile.ZipFile(made / "cvlib-course.epub") as epub:
        pages = {
            name: ElementTree.fromstring(epub.read(name))
            for name in epub.namelist()
            if name.endswith(".xhtml")
        }
        members = {*epub.namelist()}
    ids = {(name, each.get("id")) for name, page in pages.items() for each in page.iter()}
    formulas = 0
    for name, page in pages.items():
        formulas += len([*page.iter(f"{MATHS}math")])
        words = "".join(page.itertext()) if not page.findall(f".//{MATHS}annotation") else ""
        assert "\\(" not in words
        for picture in page.iter(f"{XHTML}img"):
            assert posixpath.normpath(f"{name}/../{picture.get('src')}") in members
            assert picture.get("alt")
        for link in page.iter(f"{XHTML}a"):
            target, _, anchor = unquote(str(link.get("href"))).partition("#")
            if "://" in target:
                continue
            target = posixpath.normpath(f"{name}/../{target}") if target else name
            assert target in members, link.get("href")
            assert not anchor or (target, anchor) in ids, link.get("href")
    assert formulas > 50


def test_archive_holds_every_chapter_and_is_alike_from_run_to_run(
    made: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(made / "cvlib-course.zip") as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "first")
    assert len(names) == len(built.notebook_pages())
    first = tmp_path / "first/cvlib-course/book/layers/pooling.ipynb"
    nbformat.validate(nbformat.read(first, as_version=4))
    downloads.archive(tmp_path / "first/cvlib-course", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == (made / "cvlib-course.zip").read_bytes()
