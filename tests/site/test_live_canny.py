"""Canny's edges that the page computes, beside OpenCV's."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from playwright.sync_api import Locator, Page, expect

from cvlib.data import photograph
from cvlib.images.pixels import luma
from tests.site import pieces
from tests.site.conftest import PHONE, Kept, Visited

CHAPTER = "book/images/edges.html"
COINS = photograph("coins")[:160, :244]
FACE = luma(photograph("astronaut"))[60:188, 150:278]
EXPLORER = "document.querySelector('.explorer[data-live=canny]')"


def opened(kept: Kept, **options: Any) -> tuple[Visited, Locator]:
    return pieces.opened(kept, CHAPTER, "canny", **options)


def traced(page: Page, blur: float, low: int, high: int) -> Any:
    """Wait until the page has computed this, and read it."""
    there = "String([result.blur, result.low, result.high]) === String(arg)"
    return pieces.wait(page, "canny", there, [blur, low, high])["edges"][0]


def by_opencv(image: Any, blur: float, low: int, high: int) -> Any:
    return cv2.Canny(cv2.GaussianBlur(image, (0, 0), blur) if blur else image, low, high)


def test_edges_are_opencvs(kept: Kept) -> None:
    visited, explorer = opened(kept)
    page = visited.page
    assert np.array_equal(traced(page, 1, 20, 60), by_opencv(COINS, 1, 20, 60))
    explorer.get_by_role("slider", name="blur, sigma").fill("2.3")
    explorer.get_by_role("slider", name="high threshold").fill("97")
    expected = by_opencv(COINS, 2.3, 20, 97)
    assert np.array_equal(traced(page, 2.3, 20, 97), expected)
    count, _ = cv2.connectedComponents(expected)
    words = f"{np.count_nonzero(expected):,} edge pixels in {count - 1} pieces"
    expect(explorer.locator(".live-told").last).to_have_text(words)
    explorer.get_by_role("slider", name="blur, sigma").fill("0")
    assert np.array_equal(traced(page, 0, 20, 97), by_opencv(COINS, 0, 20, 97))
    explorer.get_by_role("combobox", name="picture").select_option("astronaut")
    page.wait_for_function(f"{EXPLORER}.result.grey.shape[2] === 128")
    assert np.array_equal(traced(page, 0, 20, 97), by_opencv(FACE, 0, 20, 97))
    assert visited.faults == []


def test_thresholds_push_each_other(kept: Kept) -> None:
    visited, explorer = opened(kept, viewport=PHONE)
    page = visited.page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    low, high = (
        explorer.get_by_role("slider", name=f"{name} threshold") for name in ("low", "high")
    )
    low.fill("60")
    low.press("ArrowRight")
    expect(high).to_have_value("61")
    assert np.array_equal(traced(page, 1, 61, 61), by_opencv(COINS, 1, 61, 61))
    high.press("ArrowLeft")
    expect(low).to_have_value("60")
    assert np.array_equal(traced(page, 1, 60, 60), by_opencv(COINS, 1, 60, 60))
    assert visited.faults == []


def test_thresholds_are_coloured(kept: Kept) -> None:
    visited, explorer = opened(kept)
    page = visited.page
    traced(page, 1, 20, 60)
    key = explorer.locator(".live-key")
    expect(key).to_be_hidden()
    count = f"""() => {{
        const canvas = {EXPLORER}.querySelector(".live-large canvas");
        const copy = new OffscreenCanvas(canvas.width, canvas.height);
        const context = copy.getContext("2d", {{ willReadFrequently: true }});
        context.drawImage(canvas, 0, 0);
        const {{ data }} = context.getImageData(0, 0, canvas.width, canvas.height);
        const counts = {{}};
        for (let at = 0; at < data.length; at += 4) {{
            const colour = String(data.slice(at, at + 3));
            counts[colour] = (counts[colour] ?? 0) + 1;
        }}
        return counts;
    }}"""
    edges = int(np.count_nonzero(by_opencv(COINS, 1, 20, 60)))
    assert page.evaluate(count) == {"0,0,0": edges, "255,255,255": COINS.size - edges}
    explorer.get_by_role("radio", name="thresholds").check()
    expect(key).to_be_visible()
    counts = page.evaluate(count)
    blue, orange, grey = (counts[each] for each in ("0,114,178", "230,159,0", "187,187,187"))
    assert blue + orange == edges
    assert blue + orange + grey == np.count_nonzero(by_opencv(COINS, 1, 20, 20))
    assert visited.faults == []
