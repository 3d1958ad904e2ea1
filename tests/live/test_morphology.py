"""Morphology and thresholds, as pages compute them, beside OpenCV's and the package's."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib.data import photograph
from cvlib.images.morphology import otsu_threshold
from tests.live.conftest import Engine

SHAPES = {
    "rect": cv2.MORPH_RECT,
    "cross": cv2.MORPH_CROSS,
    "ellipse": cv2.MORPH_ELLIPSE,
    "diamond": cv2.MORPH_DIAMOND,
}
OPERATIONS = {
    "erode": cv2.MORPH_ERODE,
    "dilate": cv2.MORPH_DILATE,
    "open": cv2.MORPH_OPEN,
    "close": cv2.MORPH_CLOSE,
    "gradient": cv2.MORPH_GRADIENT,
    "top-hat": cv2.MORPH_TOPHAT,
    "black-hat": cv2.MORPH_BLACKHAT,
}
seeds, sides, spans = st.integers(0, 99), st.integers(1, 20), st.integers(1, 24)


def drawn(seed: int, height: int, width: int) -> Any:
    return np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from([*SHAPES]), st.integers(1, 80), st.integers(1, 80))
def test_structuring_element(engine: Engine, shape: str, width: int, height: int) -> None:
    expected = cv2.getStructuringElement(SHAPES[shape], (width, height))
    assert np.array_equal(engine("structuring_element", shape, [width, height]), expected)


@settings(deadline=None, max_examples=60)
@given(
    seeds, sides, sides, st.sampled_from([*OPERATIONS]), st.sampled_from([*SHAPES]), spans, spans
)
def test_morphology_ex(
    engine: Engine,
    seed: int,
    height: int,
    width: int,
    operation: str,
    shape: str,
    across: int,
    down: int,
) -> None:
    image = drawn(seed, height, width)
    kernel = cv2.getStructuringElement(SHAPES[shape], (across, down))
    expected = cv2.morphologyEx(image, OPERATIONS[operation], kernel)
    assert np.array_equal(engine("morphology_ex", image[None], operation, kernel)[0], expected)


@settings(deadline=None, max_examples=40)
@given(seeds, sides, sides, st.integers(1, 9), st.integers(1, 9))
def test_any_kernel(
    engine: Engine, seed: int, height: int, width: int, rows: int, columns: int
) -> None:
    image, kernel = drawn(seed, height, width), drawn(seed + 1, rows, columns) % 2
    kernel[rows // 2, columns // 2] = 1
    assert np.array_equal(engine("erode", image[None], kernel)[0], cv2.erode(image, kernel))
    assert np.array_equal(engine("dilate", image[None], kernel)[0], cv2.dilate(image, kernel))


@settings(deadline=None, max_examples=40)
@given(seeds, sides, sides, st.integers(0, 255))
def test_thresholds(engine: Engine, seed: int, height: int, width: int, level: int) -> None:
    image = drawn(seed, height, width) // (1 + seed % 5)
    assert engine("otsu_threshold", image[None]) == otsu_threshold(image)
    _, expected = cv2.threshold(image, level, 255, cv2.THRESH_BINARY)
    assert np.array_equal(engine("threshold", image[None], level)[0], expected)
    assert (
        engine("histogram", image[None]).tolist() == np.bincount(image.ravel(), None, 256).tolist()
    )


@pytest.mark.parametrize("name", ["coins", "page", "camera"])
def test_otsu_is_opencvs_on_photographs(engine: Engine, name: str) -> None:
    image = photograph(name)
    level, _ = cv2.threshold(image, 0, 255, cv2.THRESH_OTSU)
    assert engine("otsu_threshold", image[None]) == level


def test_what_is_not_known_is_named(engine: Engine) -> None:
    with pytest.raises(ValueError, match="shape is disc; expected rect, cross, ellipse or diamond"):
        engine("structuring_element", "disc", [3, 3])
    with pytest.raises(ValueError, match="operation is shrink, which is not known"):
        engine("morphology_ex", drawn(0, 4, 4)[None], "shrink", np.ones((3, 3), np.uint8))
