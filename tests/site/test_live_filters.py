"""Noise and filters that the page computes, beside OpenCV's numbers."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from playwright.sync_api import Locator, Page, expect

from cvlib.data import photograph
from cvlib.images.filters import psnr
from cvlib.images.pixels import luma
from tests.site import pieces
from tests.site.conftest import PHONE, Kept, Visited

CHAPTER = "book/images/filters.html"
FACE = luma(photograph("astronaut"))[60:188, 150:278]
BRICK = photograph("brick")[:128, :128]
EXPLORER = "document.querySelector('.explorer[data-live=filters]')"


def opened(kept: Kept, **options: Any) -> tuple[Visited, Locator]:
    return pieces.opened(kept, CHAPTER, "filters", **options)


def wait_for(page: Page, kind: str, *values: float) -> dict[str, Any]:
    """Wait until the page shows what a filter makes of the present noise, and read it."""
    there = "result.kind === arg[0] && String(result.values) === String(arg[1])"
    found = pieces.wait(page, "filters", there, [kind, list(values)])
    whole = {name: found[name][0].astype(np.uint8) for name in ("clean", "noisy", "filtered")}
    return {**whole, "psnr": found["psnr"]}


def slide(explorer: Locator, name: str, value: float) -> None:
    """Move the slider of this name that is seen."""
    explorer.get_by_role("slider", name=name).fill(str(value))


def test_filters_are_opencvs(kept: Kept) -> None:
    visited, explorer = opened(kept)
    page = visited.page
    found = wait_for(page, "Gaussian", 1)
    assert np.array_equal(found["clean"], FACE)
    assert 21 < psnr(FACE, found["noisy"]) < 23
    assert np.array_equal(found["filtered"], cv2.GaussianBlur(found["noisy"], (0, 0), 1))
    assert abs(found["psnr"] - psnr(FACE, found["filtered"])) < 1e-6

    slide(explorer, "sigma", 2.3)
    found = wait_for(page, "Gaussian", 2.3)
    assert np.array_equal(found["filtered"], cv2.GaussianBlur(found["noisy"], (0, 0), 2.3))
    kinds = explorer.get_by_role("combobox", name="filter")
    kinds.select_option("box")
    slide(explorer, "pixels a side", 7)
    found = wait_for(page, "box", 7)
    assert np.array_equal(found["filtered"], cv2.blur(found["noisy"], (7, 7)))
    kinds.select_option("median")
    slide(explorer, "pixels a side", 5)
    found = wait_for(page, "median", 5)
    assert np.array_equal(found["filtered"], cv2.medianBlur(found["noisy"], 5))
    kinds.select_option("bilateral")
    slide(explorer, "sigma of likeness", 80)
    slide(explorer, "sigma of nearness", 1.5)
    found = wait_for(page, "bilateral", 80, 1.5)
    expected = cv2.bilateralFilter(found["noisy"], 0, 80, 1.5)
    assert cv2.absdiff(found["filtered"], expected).max() <= 1
    expect(explorer.locator(".live-records")).to_contain_text("bilateral")
    assert visited.faults == []


def test_noise_and_picture_are_chosen_and_scores_begin_anew(kept: Kept) -> None:
    visited, explorer = opened(kept)
    page, told = visited.page, explorer.locator(".live-records")
    slide(explorer, "sigma", 3)
    wait_for(page, "Gaussian", 3)
    expect(told).to_contain_text("(1)")  # the better one is kept
    explorer.get_by_role("combobox", name="noise").select_option("salt and pepper")
    expect(told).to_contain_text("(3)")
    noisy = wait_for(page, "Gaussian", 3)["noisy"]
    assert {*np.unique(noisy[noisy != FACE])} == {0, 255}
    explorer.get_by_role("combobox", name="picture").select_option("brick wall")
    page.wait_for_function(f"{EXPLORER}.result.clean.data[0] === {BRICK[0, 0]}")
    found = wait_for(page, "Gaussian", 3)
    assert np.array_equal(found["clean"], BRICK)
    explorer.get_by_role("combobox", name="noise").select_option("none")
    expect(explorer.get_by_text("clean", exact=True)).to_be_visible()
    assert visited.faults == []


def test_sliders_by_keyboard_on_a_phone(kept: Kept) -> None:
    visited, explorer = opened(kept, viewport=PHONE)
    page = visited.page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    explorer.get_by_role("combobox", name="noise").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(explorer.get_by_role("slider", name="standard deviation")).to_have_value("21")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")  # the sliders of other noises and filters are passed over
    page.keyboard.press("ArrowRight")
    found = wait_for(page, "Gaussian", 1.1)
    assert np.array_equal(found["filtered"], cv2.GaussianBlur(found["noisy"], (0, 0), 1.1))
    assert visited.faults == []
