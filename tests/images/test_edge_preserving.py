"""The median and the bilateral filter held against OpenCV."""

from __future__ import annotations

from itertools import combinations_with_replacement

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib.images.borders import Border
from cvlib.images.edge_preserving import (
    bilateral_filter,
    exchange,
    median_blur,
    median_network,
    sorting_network,
)
from tests.images.pictures import BORDERS, BYTES, CODES, FLOATS

ODD = st.integers(0, 6).map(lambda half: 2 * half + 1)


# -------------------------------------------------------------------------------------- median


@given(BYTES, ODD)
@settings(max_examples=200)
def test_median_of_bytes_is_opencvs(image: np.ndarray, ksize: int) -> None:
    opencv = cv2.medianBlur(image, ksize).reshape(image.shape)
    assert np.array_equal(median_blur(image, ksize), opencv)


@given(FLOATS, st.sampled_from([1, 3, 5]))
def test_median_of_floats_is_opencvs(image: np.ndarray, ksize: int) -> None:
    opencv = cv2.medianBlur(image, ksize).reshape(image.shape)
    assert np.array_equal(median_blur(image, ksize), opencv)


@pytest.mark.parametrize("ksize", [7, 9, 11, 51, 255])
def test_median_of_a_large_square(ksize: int) -> None:
    image = np.random.default_rng(0).integers(100, 140, (30, 40), dtype=np.uint8)
    assert np.array_equal(median_blur(image, ksize), cv2.medianBlur(image, ksize))


def zeros_and_ones(count: int) -> list[np.ndarray]:
    """Make columns of them: a network that sorts these sorts anything (Knuth's 0–1 principle)."""
    generator = np.random.default_rng(0)
    return list((generator.random((count, 4000)) < generator.random(4000)).astype(np.uint8))


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13, 25])
def test_the_network_sorts(count: int) -> None:
    lanes = zeros_and_ones(count)
    in_order = np.sort(lanes, axis=0)
    exchange(lanes, [(a, b, True, True) for a, b in sorting_network(range(count))])
    assert np.array_equal(lanes, in_order)


@pytest.mark.parametrize("ksize", [1, 3, 5, 7, 9])
def test_the_network_brings_the_median_of_sorted_columns_to_the_middle(ksize: int) -> None:
    # A sorted column of zeros and ones is told by its count of zeros: take them all, in any order.
    zeros = np.array(list(combinations_with_replacement(range(ksize + 1), ksize)))
    zeros = np.random.default_rng(0).permuted(zeros, axis=1)
    square = (np.arange(ksize)[:, None, None] >= zeros.T).astype(np.uint8)
    lanes = list(square.reshape(ksize**2, -1))
    exchange(lanes, median_network(ksize))
    assert np.array_equal(lanes[ksize**2 // 2], zeros.sum(axis=1) <= ksize**2 // 2)


def test_the_network_leaves_out_what_the_middle_does_not_need() -> None:
    results = [sum(low + high for *_, low, high in median_network(ksize)) for ksize in (1, 3, 5)]
    assert results == [0, 14, 138]


# -------------------------------------------------------------------------------------- bilateral

DIAMETERS = st.integers(-1, 9)
SIGMAS = st.floats(0.5, 200)


@given(BYTES, DIAMETERS, SIGMAS, st.floats(0.5, 5), st.sampled_from(BORDERS))
@settings(max_examples=200)
def test_bilateral_of_bytes_is_one_level_from_opencvs(
    image: np.ndarray, d: int, color: float, space: float, border: Border
) -> None:
    image = image[..., 0] if image.shape[2:] == (1,) else image
    opencv = cv2.bilateralFilter(image, d, color, space, borderType=CODES[border])
    ours = bilateral_filter(image, d, color, space, border)
    assert cv2.absdiff(ours, opencv).max() <= 1
    assert (ours != opencv).mean() <= max(0.02, 2 / image.size)


@given(FLOATS, DIAMETERS, st.floats(0.1, 9), st.floats(0.5, 5), st.sampled_from(BORDERS))
def test_bilateral_of_floats_is_opencvs(
    image: np.ndarray, d: int, color: float, space: float, border: Border
) -> None:
    image = image[..., 0] if image.shape[2:] == (1,) else image
    opencv = cv2.bilateralFilter(image, d, color, space, borderType=CODES[border])
    ours = bilateral_filter(image, d, color, space, border)
    assert np.allclose(ours, opencv, rtol=0, atol=1e-3)
