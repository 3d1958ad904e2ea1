"""Border following, held against OpenCV's point by point, in its order, with its tree."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cvlib.data import photograph
from cvlib.images.contours import find_contours

SIDES = st.integers(1, 16)
MASKS = arrays(np.uint8, st.tuples(SIDES, SIDES), elements=st.sampled_from((0, 1, 1, 255)))
MODES = (cv2.RETR_EXTERNAL, cv2.RETR_LIST, cv2.RETR_CCOMP, cv2.RETR_TREE)
METHODS = (cv2.CHAIN_APPROX_NONE, cv2.CHAIN_APPROX_SIMPLE)


def assert_equal_to_opencv(mask: np.ndarray, mode: int, method: int) -> None:
    contours, hierarchy = find_contours(mask, mode, method)
    theirs, their_hierarchy = cv2.findContours(mask, mode, method)
    assert len(contours) == len(theirs)
    for contour, expected in zip(contours, theirs, strict=True):
        assert contour.dtype == np.int32
        assert np.array_equal(contour, expected[:, 0])
    if theirs:
        assert np.array_equal(hierarchy, their_hierarchy[0])
    else:
        assert hierarchy.shape == (0, 4)


@settings(max_examples=100, deadline=None)
@given(MASKS, st.sampled_from(MODES), st.sampled_from(METHODS))
def test_contours_are_opencvs(mask: np.ndarray, mode: int, method: int) -> None:
    assert_equal_to_opencv(mask, mode, method)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["coins", "page"])
def test_contours_of_photographs_are_opencvs(name: str, mode: int) -> None:
    mask = (photograph(name) > 120).astype(np.uint8)
    for method in METHODS:
        assert_equal_to_opencv(mask, mode, method)


def test_rings_within_rings() -> None:
    mask = np.zeros((43, 61), dtype=np.uint8)
    for inset in range(0, 20, 2):
        mask[inset : 43 - inset, inset : 61 - inset] = 1
        mask[inset + 1 : 42 - inset, inset + 1 : 60 - inset] = 0
    for mode in MODES:
        assert_equal_to_opencv(mask, mode, cv2.CHAIN_APPROX_SIMPLE)
    _, hierarchy = find_contours(mask)
    assert hierarchy[:, 3].tolist() == [*range(-1, 19)]


def test_a_contour_is_an_array_that_opencv_takes() -> None:
    mask = (photograph("coins") > 120).astype(np.uint8)
    contours, _ = find_contours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros_like(mask), contours, -1, 1, cv2.FILLED)
    assert (filled >= mask).all()
    assert len(find_contours(filled)[0]) == len(contours)


def test_a_mask_without_foreground_has_no_contour() -> None:
    contours, hierarchy = find_contours(np.zeros((3, 4), dtype=np.uint8))
    assert (contours, hierarchy.shape) == ((), (0, 4))


def test_one_pixel_is_a_contour_of_one_point() -> None:
    mask = np.zeros((3, 4), dtype=np.uint8)
    mask[1, 2] = 1
    contours, hierarchy = find_contours(mask)
    assert [contour.tolist() for contour in contours] == [[[2, 1]]]
    assert hierarchy.tolist() == [[-1, -1, -1, -1]]


def test_a_strip_of_twenty_thousand_columns() -> None:
    strip = np.ones((5, 20_000), dtype=np.uint8)
    strip[2, 10:-10:50] = 0
    contours, hierarchy = find_contours(strip)
    assert contours[0].tolist() == [[0, 0], [0, 4], [19_999, 4], [19_999, 0]]
    assert (hierarchy[1:, 3] == 0).all()
    assert len(contours) == 1 + len(range(10, 19_990, 50))


def test_modes_and_methods_are_checked() -> None:
    mask = np.ones((2, 2), dtype=np.uint8)
    with pytest.raises(ValueError, match=r"mode is 4; expected cv2\.RETR_EXTERNAL"):
        find_contours(mask, cv2.RETR_FLOODFILL)
    with pytest.raises(ValueError, match=r"method is 3; expected cv2\.CHAIN_APPROX_NONE"):
        find_contours(mask, method=cv2.CHAIN_APPROX_TC89_L1)
    with pytest.raises(TypeError, match="mask has dtype float32; expected bool or uint8"):
        find_contours(np.full((2, 2), np.nan, dtype=np.float32))  # type: ignore[arg-type]
