"""Where the built site lies, and what stands on its pages before any script runs."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from bs4 import BeautifulSoup

from tests.checkout import ROOT

#: The site under test: what `make book` renders, or a copy of it that CVLIB_SITE names.
SITE = Path(os.environ.get("CVLIB_SITE") or ROOT / "_build/html").resolve()

#: Where the site is published, and what answers there for a page that does not exist.
ADDRESS, ABSENT = "https://cvlib-course.github.io/cvlib-course/", "404.html"


def all_pages() -> list[str]:
    """List every page, as a path below the site, but the one that stands for absent pages."""
    pages = (path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
    # The theme's templates lie in _static.
    return sorted(page for page in pages if page != ABSENT and not page.startswith("_static/"))


def written_pages() -> list[str]:
    """List the pages that somebody wrote, without indexes, listings of code and the search."""
    return [page for page in all_pages() if page.startswith("book/")]


def one_of_each_room() -> list[str]:
    """List the longest page of each folder that somebody wrote."""
    by_size = sorted(written_pages(), key=lambda page: (SITE / page).stat().st_size)
    return sorted({page.rpartition("/")[0]: page for page in by_size}.values())


def generated_pages() -> list[str]:
    """List all the others, the forwarding front page aside; of listings of code only the longest.

    Listings come from one template, and :mod:`tests.site.test_files` follows the links of all.
    """
    others = {*all_pages()} - {*written_pages(), "index.html"}
    listings = {page for page in others if page.startswith("_modules/cvlib/")}
    longest = sorted(listings, key=lambda page: (SITE / page).stat().st_size)[-1:]
    return sorted((others - listings) | {*longest})


def notebook_pages() -> list[str]:
    """List the pages that were rendered from a notebook."""
    return [page for page in written_pages() if notebook(page).exists()]


def explorer_pages() -> list[str]:
    """List the pages that have an explorer."""
    # Not parsed: each process that collects tests asks this, and a page takes half a second.
    mark = '<div class="explorer"'
    return [page for page in written_pages() if mark in (SITE / page).read_text("utf-8")]


def notebook(page: str) -> Path:
    """Say where the notebook lies that a reader downloads from a page."""
    return SITE / "_sources" / Path(page).with_suffix(".ipynb")


@functools.cache
def parsed(page: str) -> BeautifulSoup:
    """Parse a page."""
    return BeautifulSoup((SITE / page).read_text("utf-8"), "html.parser")
