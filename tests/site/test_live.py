"""What computes on the pages, whatever it is: it comes when needed, light, and for everyone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.site import built
from tests.site.conftest import PHONE, WIDE, Visited, leave_maths, watch
from tests.site.fingers import BY_FINGER
from tests.site.pieces import Finger, near
from tests.site.test_pages import STICKS_OUT, assert_no_violations, assert_nothing_sticks_out

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
FAR = """() => Math.min(...[...document.querySelectorAll(".explorer[data-live]")]
    .map(each => each.getBoundingClientRect().top)) > innerHeight + 700"""
MARK = re.compile(r'<div class="explorer"[^>]* data-live="(\w+)"')


def live_pages() -> list[str]:
    # Not parsed, as in built.explorer_pages.
    return [
        page
        for page in built.written_pages()
        if MARK.search((built.SITE / page).read_text("utf-8"))
    ]


@pytest.fixture(params=live_pages() if built.SITE.is_dir() else [])
def live_page(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def phone(browser: Browser) -> Iterator[BrowserContext]:
    """Open the profile of a phone at night, without a network."""
    with browser.new_context(
        viewport=PHONE, color_scheme="dark", has_touch=True, is_mobile=True, offline=True
    ) as context:
        leave_maths(context)
        yield context


def pieces(page: str) -> list[str]:
    return MARK.findall((built.SITE / page).read_text("utf-8"))


def start_all(page: Page) -> None:
    """Come near each piece, and wait until it shows itself."""
    explorers = page.locator(".explorer[data-live]")
    for number in range(explorers.count()):
        explorers.nth(number).scroll_into_view_if_needed()
        page.wait_for_function(
            "at => document.querySelectorAll('.explorer[data-live]')[at]"
            ".classList.contains('live-on')",
            arg=number,
        )


def assert_accessible(page: Page) -> None:
    """Hold the pieces to all rules; what stands around them is held to them without them."""
    assert_no_violations(page, {"include": [[".explorer-live"]]}, {})


def assert_light(visited: Visited) -> None:
    """Weigh all that a page has computed with so far."""
    scripts = {
        link.partition("/_static/live/")[2].partition("?")[0]
        for link in visited.asked
        if "/_static/live/" in link
    }
    weights = {name: (built.SITE / "_static/live" / name).stat().st_size for name in scripts}
    assert weights
    assert sum(weights.values()) <= MOST_BYTES, weights


def test_it_comes_when_it_is_near_and_is_light_and_for_everyone(
    live_page: str, phone: BrowserContext
) -> None:
    """Look at a page from a file: by night on a phone, by finger, then by day at a desk.

    One visit for all, because to open a page and start what is on it takes most of the time.
    """
    with phone.new_page() as page:
        visited = Visited(page)
        watch(visited, built.SITE.as_uri())
        page.goto(f"{built.SITE.as_uri()}/{live_page}")
        there = page.evaluate("document.querySelector('script[src*=\"/live/engine\"]') !== null")
        assert there != page.evaluate(FAR), "it comes before a reader is near"
        start_all(page)
        assert page.evaluate(STICKS_OUT) == []
        assert page.evaluate(SMALLEST) >= LEAST_LETTERS
        assert page.evaluate(UNNAMED) == []
        assert_accessible(page)
        for name in pieces(live_page):
            BY_FINGER[name](page, near(page, name), Finger(page))

        for more in page.locator(".digit-more summary").filter(has_text="1998").all():
            more.click()
            page.locator(".digit-old").wait_for()
        page.evaluate("document.documentElement.dataset.theme = 'light'")
        assert_nothing_sticks_out(page, WIDE)
        assert_accessible(page)
        assert_light(visited)
        assert visited.faults == []
