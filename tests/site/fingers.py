"""What a finger does with each live piece, and what cvlib, OpenCV and torch say of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, expect

from cvlib.data import photograph, rasterize
from cvlib.networks import AlexNet
from cvlib.networks.grad_cam import grad_cam
from cvlib.networks.inside import receptive_box, receptive_field
from cvlib.training import losses
from tests.site.pieces import Finger, result, wait, wait_for
from tests.site.test_live_inside import CLASSES, answer, covered, network
from tests.site.test_live_optimizers import assert_raced
from tests.site.test_live_softmax import START, assert_computed

COINS = photograph("coins")[:160, :244]


def told(explorer: Locator) -> Locator:
    return explorer.locator(".live-told").last


def value(slider: Locator) -> float:
    return float(slider.input_value())


def conv2d(page: Page, explorer: Locator, finger: Finger) -> None:
    explorer.locator(".explorer-live select").first.select_option("vertical edges")
    weight = explorer.get_by_label("Weight in row 1, column 1")
    box = weight.bounding_box()
    assert box
    finger.drag(weight, (0.5, 0.5), (0.5, 0.5 - 8 / box["height"]), (0.5, 0.5 - 16 / box["height"]))
    camera = photograph("camera")[40:296, 130:386].astype(np.float32)
    kernel = np.array([[0, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)
    found = wait_for(page, "conv2d", "result", cv2.filter2D(camera, -1, kernel))
    np.testing.assert_allclose(found[0], cv2.filter2D(camera, -1, kernel), atol=1e-3)
    finger.tap(explorer.get_by_label("What the kernel makes of it"), 100.5 / 256, 50.5 / 256)
    expect(told(explorer)).to_contain_text("row 50, column 100:")
    expect(told(explorer)).to_contain_text(f"= {found[0, 50, 100]:g}".replace("-", "−"))


def filters(page: Page, explorer: Locator, finger: Finger) -> None:
    slider = explorer.get_by_role("slider", name="sigma")
    finger.tap(slider, 0.3)
    sigma = value(slider)
    assert 2 < sigma < 3.2
    found = wait(page, "filters", "result.values[0] === arg", sigma)
    expected = cv2.GaussianBlur(found["noisy"][0].astype(np.uint8), (0, 0), sigma)
    assert np.array_equal(found["filtered"][0], expected)


def canny(page: Page, explorer: Locator, finger: Finger) -> None:
    slider = explorer.get_by_role("slider", name="low threshold")
    finger.tap(slider, 0.2)
    low = int(value(slider))
    assert 60 < low < 140  # more than the high one, which it takes along
    found = wait(page, "canny", "result.low === arg", low)
    expected = cv2.Canny(cv2.GaussianBlur(COINS, (0, 0), 1), low, low)
    assert np.array_equal(found["edges"][0], expected)


def morphology(page: Page, explorer: Locator, finger: Finger) -> None:
    slider = explorer.get_by_role("slider", name="width")
    finger.tap(slider, 0.5)
    width = int(value(slider))
    assert 30 < width < 46
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, 7))
    expected = cv2.erode(COINS, kernel)
    found = wait_for(page, "morphology", "result.result", expected)
    assert np.array_equal(found["result"][0], expected)
    finger.tap(explorer.get_by_label("The result"), 40.5 / 244, 30.5 / 160)
    words = f"Row 30, column 40: {COINS[30, 40]} becomes {expected[30, 40]}."
    expect(told(explorer)).to_have_text(words)  # also when the finger is lifted


def pooling(page: Page, explorer: Locator, finger: Finger) -> None:
    finger.tap(explorer.get_by_label("Its map", exact=True), 0.5, 0.5)
    expect(told(explorer)).to_contain_text("max(7, 3, 4, 8) = 8")  # as in the chapter
    finger.tap(explorer.get_by_label("The difference", exact=True), 0.1, 0.1)
    expect(told(explorer)).to_contain_text("max(1, 3, 5, 2) = 5")


def receptive(page: Page, explorer: Locator, finger: Finger) -> None:
    explorer.get_by_role("combobox", name="layer").select_option("pool5")
    finger.tap(explorer.get_by_label("A map of the layer"), 0.75, 0.25)
    found = result(page, "receptive_field")
    assert found["at"] == [1, 4]
    with torch.device("meta"):
        field = receptive_field(AlexNet(), found["place"], (3, 224, 224))
    assert (found["top"], found["left"], found["size"]) == receptive_box(field, (1, 4))[:3]
    expect(told(explorer)).to_contain_text("Row 1, column 4 of pool5")


def occlusion(page: Page, explorer: Locator, finger: Finger) -> None:
    scrolled = page.evaluate("scrollY")
    picture = explorer.get_by_label("The picture with the patch")
    picture.scroll_into_view_if_needed()
    scrolled = page.evaluate("scrollY")
    finger.drag(picture, (0.2, 0.1), (0.4, 0.2), (20.5 / 32, 9.5 / 32))
    found = wait(page, "occlusion", "String(result.at) === '5,16'")
    assert page.evaluate("scrollY") == scrolled, "the page moved under the finger"
    x = torch.tensor(found["x"])
    expected = answer(network(page), covered(x, 5, 16, 8))
    np.testing.assert_allclose(found["logits"], expected, atol=1e-4)


def choose(page: Page, radio: Locator, finger: Finger) -> None:
    """Tap a choice; once more where the page moved under the finger, as a picture above came."""
    for _ in range(3):
        finger.tap(radio)
        page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        if radio.is_checked():
            return
    raise AssertionError("three taps did not choose it")


def by_grad_cam(page: Page, explorer: Locator, finger: Finger) -> None:
    choose(page, explorer.get_by_role("radio", name="features.6"), finger)
    choose(page, explorer.get_by_role("radio", name="dog"), finger)
    k = CLASSES.index("dog")
    found = wait(page, "grad_cam", "result.layer === 'features.6' && result.k === arg", k)
    model = network(page)
    (at,) = [n for n, name in enumerate(("3", "6", "10", "13", "17")) if name == "6"]
    relus = [str(n) for n, part in enumerate(model) if isinstance(part, torch.nn.ReLU)]
    expected = grad_cam(model, relus[at], torch.tensor(found["x"])[None], k)[0]
    np.testing.assert_allclose(found["heats"][at], expected, atol=1e-4)


def softmax(page: Page, explorer: Locator, finger: Finger) -> None:
    finger.tap(explorer.get_by_label("5 is right"))
    finger.tap(explorer.get_by_label("logit of 0"), 0.75)
    z = result(page, "softmax")["logits"]
    assert z[0] == pytest.approx(5, abs=0.6)
    assert z[1:] == START[1:]
    assert_computed(page, z, 5, losses.cross_entropy)


def optimizers(page: Page, explorer: Locator, finger: Finger) -> None:
    finger.tap(explorer.get_by_role("slider", name="Start in the valley"), 0.75, 0.75)
    page.wait_for_function(
        "document.querySelector('.explorer[data-live=optimizers]').result.start[1] < 0"
    )
    assert_raced(page, [1, -0.8])


def digit(page: Page, explorer: Locator, finger: Finger) -> None:
    board = explorer.get_by_label("Drawing board")
    board.scroll_into_view_if_needed()
    scrolled = page.evaluate("scrollY")
    finger.drag(board, *[(0.5, down / 28) for down in range(5, 24)])
    found = wait(page, "digit", "result.strokes.length === 1 && result.strokes[0].length > 15")
    assert page.evaluate("scrollY") == scrolled, "the page moved under the finger"
    assert np.array_equal(found["picture"], rasterize(found["strokes"]))
    expect(explorer.locator(".explorer-told[role=status]").first).to_contain_text("Read as 1")


Act = Callable[[Page, Locator, Finger], Any]
BY_FINGER: dict[str, Act] = {
    "conv2d": conv2d,
    "filters": filters,
    "canny": canny,
    "morphology": morphology,
    "pooling": pooling,
    "receptive_field": receptive,
    "occlusion": occlusion,
    "grad_cam": by_grad_cam,
    "softmax": softmax,
    "optimizers": optimizers,
    "digit": digit,
}
