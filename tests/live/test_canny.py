"""Edges, as pages compute them, beside OpenCV's and the package's."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib.data import photograph
from cvlib.images.edges import hysteresis, non_maximum_suppression
from cvlib.images.gradients import sobel
from tests.live.conftest import Engine

seeds, sides = st.integers(0, 99), st.integers(1, 24)


def drawn(seed: int, height: int, width: int) -> Any:
    """Draw a picture of noise, blurred more or less, so that it has lines."""
    image = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    if seed % 4 == 0:
        return image // 128 * 255  # equal neighbours, and right angles
    blurred = cv2.GaussianBlur(image, (0, 0), seed % 4).astype(np.float32)
    darkest, span = blurred.min(), max(np.ptp(blurred), 1)
    return (255 * (blurred - darkest) / span).astype(np.uint8)


@settings(deadline=None, max_examples=60)
@given(seeds, sides, sides, st.floats(0, 400), st.floats(0, 400))
def test_canny(
    engine: Engine, seed: int, height: int, width: int, one: float, other: float
) -> None:
    image, (low, high) = drawn(seed, height, width), sorted((one, other))
    found = engine("canny", image[None], low, high)
    assert np.array_equal(found[0], cv2.Canny(image, low, high))


@pytest.mark.parametrize("name", ["coins", "camera"])
def test_canny_of_photographs(engine: Engine, name: str) -> None:
    image = photograph(name)[100:260, :200]
    for sigma, low, high in ((0, 60, 180), (1, 20, 90), (2, 60, 120)):
        blurred = cv2.GaussianBlur(image, (0, 0), sigma) if sigma else image
        expected = cv2.Canny(blurred, low, high)
        assert expected.any()
        assert np.array_equal(engine("canny", blurred[None], low, high)[0], expected)


@settings(deadline=None, max_examples=40)
@given(seeds, sides, sides)
def test_steps_of_canny(engine: Engine, seed: int, height: int, width: int) -> None:
    image = drawn(seed, height, width)
    dx, dy = (sobel(image, *orders, border="replicate") for orders in ((1, 0), (0, 1)))
    found = engine("sobel", image[None])
    assert np.array_equal(found["dx"][0], dx)
    assert np.array_equal(found["dy"][0], dy)
    thin = non_maximum_suppression(np.abs(dx) + np.abs(dy), dx, dy)
    assert np.array_equal(engine("thin_edges", dx[None], dy[None])[0], thin)
    kept = engine("hysteresis", thin[None], 30, 90)
    assert np.array_equal(kept[0], hysteresis(thin, 30, 90))


def test_thresholds_the_wrong_way_round_are_named(engine: Engine) -> None:
    with pytest.raises(ValueError, match="low and high are 5 and 4; expected 0 ≤ low ≤ high"):
        engine("hysteresis", drawn(0, 4, 4)[None], 5, 4)


@settings(deadline=None, max_examples=40)
@given(seeds, sides, sides)
def test_connected_components(engine: Engine, seed: int, height: int, width: int) -> None:
    generator = np.random.default_rng(seed)
    mask = (generator.random((height, width)) < seed / 100).astype(np.uint8)
    count, labels = cv2.connectedComponents(mask)
    found = engine("connected_components", mask[None])
    assert found["count"] == count - 1
    pairs = {*zip(labels.ravel().tolist(), found["labels"].tolist(), strict=True)}
    assert len(pairs) == len({*labels.ravel().tolist()})
    assert all((one == 0) == (other == 0) for one, other in pairs)
