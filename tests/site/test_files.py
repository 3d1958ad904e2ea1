"""The files of the site: links lead somewhere, pages are light, nothing is from elsewhere."""

from __future__ import annotations

import base64
import functools
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from io import BytesIO
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import nbformat
from fontTools.ttLib import TTFont

from tests.site import built

MOST_BYTES = 1_500_000

# What a page fetches by itself, as against what a reader may follow.
FETCHED = "script[src], img[src], source[src], iframe[src], link[rel=stylesheet], link[rel=icon]"


def links(page: str, selection: str) -> Iterator[str]:
    for tag in built.parsed(page).select(selection):
        yield str(tag.get("src") or tag.get("href"))


@functools.cache
def anchors(page: str) -> frozenset[str]:
    return frozenset(str(tag["id"]) for tag in built.parsed(page).select("[id]"))


def target(page: str, path: str) -> str:
    """Say where a relative link leads, as a path below the site."""
    base = (built.SITE / page).parent
    place = (base / unquote(path)).resolve() if path else built.SITE / page
    return place.relative_to(built.SITE).as_posix()


def test_every_link_within_the_site_leads_to_something(all_page: str) -> None:
    broken = []
    for link in {*links(all_page, f"a[href], link[rel=next], link[rel=prev], {FETCHED}")}:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        there = target(all_page, parts.path)
        if not (built.SITE / there).is_file():
            broken.append(f"{link}: no such file")
        elif parts.fragment and unquote(parts.fragment) not in anchors(there):
            broken.append(f"{link}: no such place on {there}")
    assert broken == []


def test_page_fetches_nothing_from_elsewhere(all_page: str) -> None:
    fetched = [*links(all_page, FETCHED)]
    assert [link for link in fetched if re.match(r"(\w+:)?//", link)] == []
    styles = "".join(tag.get_text() for tag in built.parsed(all_page).select("style"))
    assert re.findall(r"url\(\s*[\"']?(?!data:)[^)]+|@import", styles) == []


def test_page_is_light(all_page: str) -> None:
    size = (built.SITE / all_page).stat().st_size
    assert size <= MOST_BYTES, f"{all_page} has {size / 1e6:.1f} MB"


def test_page_has_a_heading_and_the_style_of_the_book(written_page: str) -> None:
    page = built.parsed(written_page)
    assert len(page.select("article h1")) == 1
    styles = {PurePosixPath(urlsplit(link).path).name for link in links(written_page, FETCHED)}
    assert [name for name in styles if name.endswith(".css")] == ["book.css"]
    assert page.select_one("html")["lang"] == "en"


@functools.cache
def icons() -> tuple[dict[str, int], dict[str, set[int]]]:
    """Read from the theme's style sheet the letter of each icon, and the letters of each font."""
    sheet = (built.SITE / "_static/styles/pydata-sphinx-theme.css").read_text("utf-8")
    rules = re.findall(r'((?:\.fa-[a-z0-9-]+:before,?)+)\{content:"\\([0-9a-f]+)', sheet)
    letters = {
        name: int(code, 16) for names, code in rules for name in re.findall(r"fa-[a-z0-9-]+", names)
    }
    faces = r"@font-face\{[^}]*font-family:([^;]*);[^}]*base64,([^)]*)\)"
    fonts: dict[str, set[int]] = {}
    for family, data in re.findall(faces, sheet):
        font = TTFont(BytesIO(base64.b64decode(data)))
        fonts.setdefault("fab" if "Brands" in family else "fas", set()).update(font.getBestCmap())
    return letters, fonts


def test_icons_are_letters_of_a_font(written_page: str) -> None:
    letters, fonts = icons()
    for icon in built.parsed(written_page).select("[class*=' fa-']"):
        kind = "fab" if "fab" in icon["class"] else "fas"
        shown = {letters[name] for name in icon["class"] if name in letters}
        assert len(shown) == 1, icon
        assert shown <= fonts[kind], icon
    assert not [link for link in links(written_page, FETCHED) if "fontawesome" in link]


def test_notebook_to_download_is_valid(notebook_page: str) -> None:
    nbformat.validate(nbformat.read(built.notebook(notebook_page), as_version=4))


def test_an_exercise_shows_its_question_and_no_verdict(notebook_page: str) -> None:
    code = [each.get_text() for each in built.parsed(notebook_page).select("div.cell pre")]
    assert [text for text in code if "Not yet" in text] == []
    cells = nbformat.read(built.notebook(notebook_page), as_version=4).cells
    stubs = [cell for cell in cells if cell.cell_type == "code" and "your code here" in cell.source]
    assert len([text for text in code if "your code here" in text]) == len(stubs)
    assert [cell.outputs for cell in stubs if cell.outputs] == []


def said(page: str, name: str) -> str:
    """Read what a page says of itself to a search engine or to whoever links to it."""
    (tag,) = built.parsed(page).select(f"meta[name='{name}'], meta[property='{name}']")
    return str(tag["content"])


def test_page_introduces_itself(written_page: str) -> None:
    page = built.parsed(written_page)
    (canonical,) = page.select("link[rel=canonical]")
    assert canonical["href"] == said(written_page, "og:url") == built.ADDRESS + written_page
    assert said(written_page, "og:title") in page.select_one("title").get_text()
    assert 60 < len(said(written_page, "description")) < 300
    assert said(written_page, "twitter:card") == "summary_large_image"
    picture = said(written_page, "og:image").removeprefix(built.ADDRESS)
    assert (built.SITE / picture).is_file()
    assert said(written_page, "og:image:alt")
    shown = [PurePosixPath(str(each["src"])).name for each in page.select("article img")]
    rasters = [name for name in shown if not name.endswith(".svg")]
    assert PurePosixPath(picture).name in (rasters or ["cover.png"])


def test_front_page_tells_search_engines_that_it_is_a_course() -> None:
    (script,) = built.parsed("book/index.html").select("script[type='application/ld+json']")
    course = json.loads(script.get_text())
    assert course["@type"] == "Course"
    assert course["url"] == built.ADDRESS + "book/index.html"


def test_front_page_quotes_numbers_that_the_linked_cells_print() -> None:
    front = "book/index.html"
    items = [item for item in built.parsed(front).select("li") if item.find("a", string="See it")]
    assert len(items) == 3
    for item in items:
        link = item.find("a", string="See it")
        path, _, anchor = target(front, link["href"]).partition("#")  # type: ignore[index, arg-type]
        section = built.parsed(path).find(id=anchor)
        outputs = [each.get_text() for each in section.select(".cell_output")]  # type: ignore[union-attr]
        numbers = re.findall(r"\d+(?:\.\d+|%)", item.get_text())
        assert numbers
        for number in numbers:
            assert any(number in output for output in outputs), number


def test_site_map_lists_every_written_page() -> None:
    listed = ElementTree.parse(built.SITE / "sitemap.xml").getroot().iterfind(".//{*}loc")
    addresses = {str(place.text) for place in listed}
    assert {built.ADDRESS + page for page in built.written_pages()} <= addresses
    robots = (built.SITE / "robots.txt").read_text()
    assert f"Sitemap: {built.ADDRESS}sitemap.xml" in robots


def test_page_for_absent_pages_finds_its_files_from_any_folder() -> None:
    root = urlsplit(built.ADDRESS).path
    page = built.parsed(built.ABSENT)
    assert page.select_one("article h1").get_text().startswith("This page does not exist")
    found = [*links(built.ABSENT, f"a[href], {FETCHED}")]
    assert f"{root}book/index.html" in found
    for link in found:
        parts = urlsplit(link)
        if not parts.netloc and parts.path:
            assert parts.path.startswith(root), link
            assert (built.SITE / parts.path.removeprefix(root)).exists(), link


def test_root_page_has_a_title_and_a_link() -> None:
    page = built.parsed("index.html")
    assert page.select_one("title").get_text() == "Computer vision with PyTorch"
    assert [*links("index.html", "a[href]")] == ["book/index.html"]
