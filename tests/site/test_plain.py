"""The notebooks that the site offers: plain Markdown, and the same numbers as on the pages."""

from __future__ import annotations

import functools
import re
from urllib.parse import unquote

import nbformat
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter

from tests.site import built
from tests.site.test_files import anchors

# What MyST writes and Markdown does not know: a role, a fence, an option, a label.
LEFT = re.compile(r"\{[a-z:]+\}`|^(?::{3,}|`{3,}\{)|^:\w+:|^\(\w[\w-]*\)=", re.MULTILINE)
CODE = re.compile(r"^```\w*\n.*?^```$", re.MULTILINE | re.DOTALL)


@functools.cache
def rendered(page: str) -> BeautifulSoup:
    """Render a notebook's text as one does who knows only Markdown."""
    notebook = nbformat.read(built.notebook(page), as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    text, _ = HTMLExporter(template_name="basic").from_notebook_node(notebook)
    return BeautifulSoup(text, "html.parser")


def test_nothing_of_myst_is_left(notebook_page: str) -> None:
    cells = nbformat.read(built.notebook(notebook_page), as_version=4).cells
    texts = [CODE.sub("", cell.source) for cell in cells if cell.cell_type == "markdown"]
    assert [left for text in texts for left in LEFT.findall(text)] == []
    page = rendered(notebook_page)
    assert len(page.get_text().split()) > 800
    # An answer stays closed, and what is in it is Markdown, too.
    assert page.select("details > summary")
    assert "**" not in "".join(part.get_text() for part in page.select("details p"))


def test_links_lead_to_the_site_and_to_what_is_there(notebook_page: str) -> None:
    links = [
        link["href"].removeprefix(built.ADDRESS)
        for link in rendered(notebook_page).select("a[href]")
        if link["href"].startswith(built.ADDRESS)
    ]
    assert links
    for link in links:
        path, _, anchor = link.partition("#")
        assert (built.SITE / path).exists(), link
        assert not anchor or unquote(anchor) in anchors(path), link


def test_figures_exercises_and_equations_bear_the_numbers_of_the_page(notebook_page: str) -> None:
    plain, page = rendered(notebook_page), built.parsed(notebook_page)
    text = plain.get_text()
    captions = [each.get_text().strip() for each in page.select("figure .caption-number")]
    ours = [each.get_text().rstrip(".") for each in plain.select("p > em:first-child")]
    assert [each for each in ours if each.startswith("Fig. ")] == captions
    titles = [each.get_text() for each in page.select(".exercise > .admonition-title")]
    numbers = re.findall(r"^Exercise (\d+\.\d+)", "\n".join(map(str.strip, titles)), re.MULTILINE)
    assert re.findall(r"Exercise (\d+\.\d+):", text) == numbers
    equations = [each.get_text().strip("()#¶ ") for each in page.select(".eqno")]
    assert re.findall(r"\\tag\{(\d+\.\d+)\}", text) == equations
