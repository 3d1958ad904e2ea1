"""What computes on the pages, whatever it is: it comes when needed, light, and for everyone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from tests.site import built
from tests.site.conftest import PHONE, WIDE, Visit
from tests.site.test_pages import STICKS_OUT, assert_accessible, assert_nothing_sticks_out

MOST_BYTES = 150_000  # of scripts that a page computes with
LEAST_LETTERS = 11  # pixels

SMALLEST = """() => Math.min(...[...document.querySelectorAll(".explorer-live *")]
    .filter(each => [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
    .filter(each => each.checkVisibility())
    .map(each => parseFloat(getComputedStyle(each).fontSize)))"""
UNNAMED = """() => [...document.querySelectorAll(
        ".explorer-live :is(input, select, button, canvas, [tabindex='0'])")]
    .filter(each => !each.labels?.length && !each.ariaLabel && !each.textContent.trim())
    .map(each => each.outerHTML.slice(0, 120))"""


def live_pages() -> list[str]:
    # Not parsed, as in built.explorer_pages.
    return [
        page
        for page in built.written_pages()
        if re.search(
            r'<div class="explorer"[^>]* data-live="', (built.SITE / page).read_text("utf-8")
        )
    ]


@pytest.fixture(params=live_pages() if built.SITE.is_dir() else [])
def live_page(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def start_all(page: Page) -> int:
    """Come near each piece, and wait until it shows itself."""
    pieces = page.locator(".explorer[data-live]")
    for number in range(pieces.count()):
        pieces.nth(number).scroll_into_view_if_needed()
        page.wait_for_function(
            "at => document.querySelectorAll('.explorer[data-live]')[at]"
            ".classList.contains('live-on')",
            arg=number,
        )
    return pieces.count()


def test_what_computes_comes_when_it_is_near_and_is_light(live_page: str, visit: Visit) -> None:
    visited = visit(live_page, maths=False)
    start_all(visited.page)
    scripts = {
        link.partition("/_static/live/")[2].partition("?")[0]
        for link in visited.asked
        if "/_static/live/" in link
    }
    weights = {name: (built.SITE / "_static/live" / name).stat().st_size for name in scripts}
    assert sum(weights.values()) <= MOST_BYTES, weights
    assert visited.faults == []


def test_it_is_for_everyone_by_day_at_a_desk(live_page: str, visit: Visit) -> None:
    visited = visit(live_page, maths=False)
    page = visited.page
    start_all(page)
    assert page.evaluate(UNNAMED) == []
    assert_accessible(page)
    assert_nothing_sticks_out(page, WIDE)
    assert visited.faults == []


def test_it_is_for_everyone_by_night_on_a_phone_from_a_file(live_page: str, visit: Visit) -> None:
    visited = visit(live_page, theme="dark", viewport=PHONE, from_file=True, maths=False)
    page = visited.page
    start_all(page)
    assert page.evaluate(STICKS_OUT) == []
    assert page.evaluate(SMALLEST) >= LEAST_LETTERS
    assert_accessible(page)
    assert visited.faults == []


def test_nothing_comes_before_a_reader_is_near(live_page: str, visit: Visit) -> None:
    page = visit(live_page, maths=False).page
    far = page.evaluate(
        "Math.min(...[...document.querySelectorAll('.explorer[data-live]')]"
        ".map(each => each.getBoundingClientRect().top)) > innerHeight + 700"
    )
    there = page.evaluate("document.querySelector('script[src*=\"/live/engine\"]') !== null")
    assert there != far
