"""Pyramids against OpenCV's, and pictures that are taken apart and put together again."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cvlib.data import photograph
from cvlib.images.pyramids import (
    blend,
    collapse,
    gaussian_pyramid,
    laplacian_pyramid,
    pyr_down,
    pyr_up,
)

SIDES = st.integers(1, 13)
SHAPES = st.one_of(st.tuples(SIDES, SIDES), st.tuples(SIDES, SIDES, st.integers(2, 4)))
BYTES = SHAPES.flatmap(lambda shape: arrays(np.uint8, shape))
FLOATS = SHAPES.flatmap(
    lambda shape: arrays(np.float32, shape, elements=st.floats(-99, 99, width=32))
)
BORDERS = {
    "replicate": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
    "reflect_101": cv2.BORDER_REFLECT_101,
    "wrap": cv2.BORDER_WRAP,
}


@settings(max_examples=60, deadline=None)
@given(BYTES, st.sampled_from(sorted(BORDERS)))
def test_bytes_are_halved_as_opencv_halves_them(image: np.ndarray, border: str) -> None:
    expected = cv2.pyrDown(image, borderType=BORDERS[border])
    assert np.array_equal(pyr_down(image, border), expected)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(BYTES, st.booleans(), st.booleans())
def test_bytes_are_doubled_as_opencv_doubles_them(image: np.ndarray, h: bool, w: bool) -> None:
    size = 2 * image.shape[0] - h, 2 * image.shape[1] - w
    assert np.array_equal(pyr_up(image, size), cv2.pyrUp(image, dstsize=size[::-1]))


@settings(max_examples=40, deadline=None)
@given(FLOATS)
def test_floats_are_halved_and_doubled_as_opencv_does(image: np.ndarray) -> None:
    np.testing.assert_allclose(pyr_down(image), cv2.pyrDown(image), rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(pyr_up(image), cv2.pyrUp(image), rtol=1e-5, atol=1e-4)


@settings(max_examples=40, deadline=None)
@given(st.one_of(BYTES, FLOATS), st.integers(1, 5))
def test_a_picture_taken_apart_is_put_together(image: np.ndarray, levels: int) -> None:
    levels = min(levels, 1 + (max(image.shape[:2]) - 1).bit_length())
    pyramid = laplacian_pyramid(image, levels)
    assert len(pyramid) == levels
    assert all(level.dtype == np.float32 for level in pyramid)
    np.testing.assert_allclose(collapse(pyramid), image, atol=1e-4)


def test_the_pyramids_are_made_of_opencvs_steps() -> None:
    image = photograph("camera")[:301, :210]
    small: list[np.ndarray] = [image]
    for _ in range(3):
        small.append(cv2.pyrDown(small[-1]))
    for ours, opencv in zip(gaussian_pyramid(image, 4), small, strict=True):
        assert np.array_equal(ours, opencv)
    floats = image.astype(np.float32)
    half = cv2.pyrDown(floats)
    lost = floats - cv2.pyrUp(half, dstsize=image.shape[::-1])
    np.testing.assert_allclose(laplacian_pyramid(image, 2)[0], lost, atol=1e-3)


def test_as_many_levels_as_lead_to_one_pixel() -> None:
    for shape, most in (((1, 1), 1), ((1, 2), 2), ((9, 5), 5), ((8, 8), 4)):
        image = np.full(shape, 3, dtype=np.uint8)
        assert gaussian_pyramid(image, most)[-1].tolist() == [[3]]
        assert np.array_equal(collapse(laplacian_pyramid(image, most)), image)
        with pytest.raises(ValueError, match=f"levels is {most + 1}; expected at most {most} for"):
            gaussian_pyramid(image, most + 1)


def test_a_pyramid_of_a_strip_is_small() -> None:
    strip = np.random.default_rng(0).integers(0, 256, (2, 20_000), dtype=np.uint8)
    pyramid = gaussian_pyramid(strip, 16)
    assert pyramid[-1].shape == (1, 1)
    assert sum(level.size for level in pyramid) < 2 * strip.size
    assert np.array_equal(pyramid[1], cv2.pyrDown(strip))


@settings(max_examples=40, deadline=None)
@given(BYTES, st.integers(1, 3), st.data())
def test_blending_a_picture_with_itself_changes_nothing(
    image: np.ndarray, levels: int, data: st.DataObject
) -> None:
    levels = min(levels, 1 + (max(image.shape[:2]) - 1).bit_length())
    mask = data.draw(arrays(np.float64, image.shape[:2], elements=st.floats(0, 1)))
    assert np.array_equal(blend(image, image, mask, levels), image)


def test_a_mask_of_ones_takes_the_first_picture_and_of_zeros_the_second() -> None:
    first, second = photograph("camera")[:101, :90], photograph("grass")[:101, :90]
    for levels in (1, 3, 6):
        assert np.array_equal(blend(first, second, np.ones((101, 90), bool), levels), first)
        assert np.array_equal(blend(first, second, np.zeros((101, 90), bool), levels), second)


def test_the_seam_is_wide_for_coarse_waves_and_narrow_for_fine_ones() -> None:
    columns = np.arange(64)
    mask = np.tile(columns < 32, (64, 1))
    bright, dark = (np.full((64, 64), level, dtype=np.float32) for level in (200, 100))
    row = blend(bright, dark, mask, 5)[32]
    assert np.all(np.diff(row) <= 1e-3)
    assert np.abs(np.diff(row)).max() < 10  # 100 where pixels are cut
    stripes = np.tile(100 * (columns % 2), (64, 1)).astype(np.float32)
    row = blend(stripes, np.full_like(stripes, 50), mask, 5)[32]
    assert np.ptp(row[:28]) > 95
    assert np.ptp(row[36:]) < 5


def test_one_level_is_a_mean_by_the_mask() -> None:
    first, second = np.full((2, 3, 3), 200, np.uint8), np.zeros((2, 3, 3), np.uint8)
    mask = np.array([[0, 0.5, 1], [1, 0.25, 0]])
    assert blend(first, second, mask, 1)[..., 1].tolist() == [[0, 100, 200], [200, 50, 0]]


def test_nan_stays_near_where_it_was() -> None:
    image = np.zeros((32, 32), dtype=np.float32)
    image[0, 0] = np.nan
    assert np.isnan(pyr_down(image)).sum() == np.isnan(cv2.pyrDown(image)).sum() == 4


def test_what_cannot_be_halved_or_joined_is_refused() -> None:
    image = np.zeros((4, 5), dtype=np.uint8)
    with pytest.raises(TypeError, match="image has dtype float64; expected uint8 or float32"):
        pyr_down(np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"image has shape \(0, 2\)"):
        pyr_up(np.zeros((0, 2), np.uint8))
    with pytest.raises(ValueError, match="border is 'mirror'; expected one of constant"):
        pyr_down(image, "mirror")  # type: ignore[arg-type]
    for size in ((9, 10), (8, 8), (6, 10)):
        with pytest.raises(ValueError, match=r"size is \(\d+, \d+\); expected \(8, 10\), or one"):
            pyr_up(image, size)
    with pytest.raises(ValueError, match="levels is 0; expected at least 1"):
        laplacian_pyramid(image, 0)
    with pytest.raises(ValueError, match="pyramid is empty; expected at least one picture"):
        collapse([])
    with pytest.raises(ValueError, match="size is"):
        collapse([np.zeros((9, 9), np.float32), np.zeros((2, 2), np.float32)])
    with pytest.raises(ValueError, match=r"second is uint8 \(5, 4\); expected uint8 \(4, 5\)"):
        blend(image, image.T, np.ones((4, 5)), 1)
    with pytest.raises(ValueError, match=r"mask has shape \(5, 4\); expected \(4, 5\)"):
        blend(image, image, np.ones((5, 4)), 1)
    for bad in (np.nan, -0.1, 1.1):
        with pytest.raises(ValueError, match=r"mask goes from \S+ to \S+; expected 0 to 1"):
            blend(image, image, np.full((4, 5), bad), 1)
