"""Morphology and thresholds that the page computes, beside OpenCV's."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from playwright.sync_api import Locator, Page, expect

from cvlib.data import photograph
from tests.site import pieces
from tests.site.conftest import PHONE, Kept, Visited

CHAPTER = "book/images/morphology.html"
COINS = photograph("coins")[:160, :244]
PAGE = photograph("page")[44:144, :256]


def opened(kept: Kept, **options: Any) -> tuple[Visited, Locator]:
    return pieces.opened(kept, CHAPTER, "morphology", **options)


def wait_for(page: Page, expected: Any) -> None:
    """Wait until the page has computed this."""
    found = pieces.wait_for(page, "morphology", "result.result", expected)
    assert np.array_equal(found["result"][0], expected)


def element(shape: int, width: int, height: int) -> Any:
    return cv2.getStructuringElement(shape, (width, height))


def test_operations_are_opencvs(kept: Kept) -> None:
    visited, explorer = opened(kept)
    page = visited.page
    wait_for(page, cv2.erode(COINS, element(cv2.MORPH_ELLIPSE, 7, 7)))
    explorer.get_by_role("slider", name="width").fill("31")
    explorer.get_by_role("slider", name="height").fill("3")
    explorer.get_by_role("combobox", name="operation").select_option("close")
    explorer.get_by_role("combobox", name="shape").select_option("diamond")
    kernel = element(cv2.MORPH_DIAMOND, 31, 3)
    wait_for(page, cv2.morphologyEx(COINS, cv2.MORPH_CLOSE, kernel))
    explorer.get_by_role("combobox", name="picture").select_option("page of a book")
    wait_for(page, cv2.morphologyEx(PAGE, cv2.MORPH_CLOSE, kernel))
    assert visited.faults == []


def test_threshold_counts_the_coins(kept: Kept) -> None:
    visited, explorer = opened(kept)
    page, told = visited.page, explorer.locator(".live-told[role=status]")
    level, bright = cv2.threshold(COINS, 0, 255, cv2.THRESH_OTSU)
    for name in ("width", "height"):
        explorer.get_by_role("slider", name=name).fill("13")
    explorer.get_by_role("combobox", name="operation").select_option("open")
    expect(explorer.get_by_text("grey level", exact=True)).to_be_hidden()
    explorer.get_by_role("radio", name="before").check()
    opened_coins = cv2.morphologyEx(bright, cv2.MORPH_OPEN, element(cv2.MORPH_ELLIPSE, 13, 13))
    wait_for(page, opened_coins)
    assert cv2.connectedComponents(opened_coins)[0] - 1 == 8
    expect(told.filter(has_text="regions")).to_contain_text(f"Above {level:g}: ")
    expect(told.filter(has_text="regions")).to_contain_text("in 8 regions.")

    explorer.get_by_role("radio", name="after").check()
    grey = cv2.morphologyEx(COINS, cv2.MORPH_OPEN, element(cv2.MORPH_ELLIPSE, 13, 13))
    wait_for(page, cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)[1])
    explorer.get_by_role("slider", name="grey level").fill("100")
    wait_for(page, cv2.threshold(grey, 100, 255, cv2.THRESH_BINARY)[1])
    expect(explorer.get_by_role("radio", name="by hand")).to_be_checked()
    assert visited.faults == []


def test_pixel_is_looked_into_by_keyboard_on_a_phone(kept: Kept) -> None:
    visited, explorer = opened(kept, viewport=PHONE)
    page = visited.page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expected = cv2.erode(COINS, element(cv2.MORPH_ELLIPSE, 7, 7))
    wait_for(page, expected)
    explorer.get_by_label("The result").focus()
    page.keyboard.press("Shift+ArrowDown")  # ten rows below the middle
    words = f"Row 90, column 122: {COINS[90, 122]} becomes {expected[90, 122]}."
    expect(explorer.locator(".live-told").last).to_have_text(words)
    page.keyboard.press("Tab")
    expect(explorer.locator(".live-told").last).to_have_text("")
    assert visited.faults == []
