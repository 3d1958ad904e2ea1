"""Measures of shapes, held against OpenCV's on random points and masks."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cvlib.images.contours import find_contours
from cvlib.images.shapes import (
    arc_length,
    bounding_rect,
    box_points,
    contour_area,
    contour_moments,
    convex_hull,
    min_area_rect,
    moments,
    orientation,
)

NEAR = st.integers(-9, 9)  # few places, so that points coincide and lie on lines
FAR = st.integers(-2000, 2000)
POINTS = st.tuples(st.integers(1, 14), st.sampled_from((NEAR, FAR))).flatmap(
    lambda drawn: arrays(np.int32, (drawn[0], 2), elements=drawn[1])
)
MASKS = arrays(np.uint8, st.tuples(*[st.integers(1, 12)] * 2), elements=st.integers(0, 1))
MEASURES = (
    arc_length,
    bounding_rect,
    contour_area,
    contour_moments,
    convex_hull,
    min_area_rect,
)


@settings(max_examples=60, deadline=None)
@given(POINTS)
def test_lengths_areas_and_boxes_are_opencvs(points: np.ndarray) -> None:
    assert contour_area(points) == cv2.contourArea(points)
    for closed in (True, False):
        assert arc_length(points, closed) == pytest.approx(cv2.arcLength(points, closed), rel=1e-5)
    assert bounding_rect(points) == cv2.boundingRect(points)
    assert bounding_rect(points[:, None]) == cv2.boundingRect(points)


@settings(max_examples=60, deadline=None)
@given(POINTS)
def test_hulls_are_opencvs_corner_by_corner(points: np.ndarray) -> None:
    hull = convex_hull(points)
    theirs = cv2.convexHull(points)[:, 0]
    (start,) = np.flatnonzero((theirs == hull[0]).all(axis=1))
    assert np.array_equal(np.roll(theirs, -start, axis=0), hull)


@settings(max_examples=60, deadline=None)
@given(POINTS)
def test_the_smallest_box_is_as_small_as_opencvs_and_holds_all_points(points: np.ndarray) -> None:
    center, size, angle = min_area_rect(points)
    assert -90 <= angle < 0
    theirs = cv2.minAreaRect(points)
    assert np.prod(size) == pytest.approx(np.prod(theirs[1]), rel=1e-3, abs=1e-2)
    corners = box_points((center, size, angle))
    np.testing.assert_allclose(box_points(theirs), cv2.boxPoints(theirs), atol=1e-2)
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        side = end - start
        if np.hypot(*side) > 1e-6:  # clockwise: nothing on the left
            away = points - start
            cross = (side[0] * away[:, 1] - side[1] * away[:, 0]) / np.hypot(*side)
            assert cross.min() > -1e-6


@settings(max_examples=60, deadline=None)
@given(POINTS)
def test_moments_of_polygons_are_opencvs(points: np.ndarray) -> None:
    ours, theirs = contour_moments(points), cv2.moments(points)
    assert ours.keys() == theirs.keys()
    area = max(contour_area(points), 1e-9)
    for key, value in theirs.items():
        order = int(key[-1]) + int(key[-2])
        # What is left of numbers of this size after they cancel out.
        scale = 1 if "nu" in key else area * (1.0 + np.abs(points).max()) ** order
        assert ours[key] == pytest.approx(value, rel=1e-6, abs=1e-7 * scale), key


@settings(max_examples=40, deadline=None)
@given(MASKS)
def test_moments_of_masks_are_opencvs(mask: np.ndarray) -> None:
    ours, theirs = moments(mask), cv2.moments(mask, binaryImage=True)
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        assert ours[key] == pytest.approx(value, rel=1e-7, abs=1e-6), key
    assert moments(mask > 0) == ours


@settings(max_examples=40, deadline=None)
@given(MASKS)
def test_a_contour_tells_the_number_of_pixels(mask: np.ndarray) -> None:
    borders, tree = find_contours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    total = 0.0
    for border, relations in zip(borders, tree, strict=True):
        sign = 1 if relations[3] < 0 else -1
        total += sign * (contour_area(border) + sign * len(border) / 2 + 1)
        total -= 0.5 * (len(border) == 1)  # a lone pixel walks no step
    assert total == np.count_nonzero(mask)


@pytest.mark.parametrize("angle", [-80, -45, -10, 0, 25, 60])
def test_orientation_follows_a_turn(angle: int) -> None:
    row, column = np.mgrid[-60:61, -60:61]
    turn = math.radians(angle)
    along = column * math.cos(turn) + row * math.sin(turn)
    across = row * math.cos(turn) - column * math.sin(turn)
    ellipse = (along / 50) ** 2 + (across / 20) ** 2 <= 1
    assert orientation(moments(ellipse)) == pytest.approx(angle, abs=0.5)


def test_one_point_has_a_box_and_no_area() -> None:
    point = [[5, 7]]
    assert contour_area(point) == arc_length(point) == 0
    assert bounding_rect(point) == (5, 7, 1, 1)
    assert min_area_rect(point) == ((5, 7), (0, 0), -90)
    assert convex_hull(point).tolist() == point
    assert set(contour_moments(point).values()) == {0}
    with pytest.raises(ValueError, match="moments has m00 = 0; expected a shape with an area"):
        orientation(contour_moments(point))


def test_an_empty_mask_has_no_moments() -> None:
    assert set(moments(np.zeros((3, 4), dtype=np.uint8)).values()) == {0}


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.__name__)
def test_what_are_no_points_is_refused(measure) -> None:  # type: ignore[no-untyped-def]
    name = measure.__code__.co_varnames[0]
    with pytest.raises(ValueError, match=rf"{name} holds nan or infinity; expected finite"):
        measure([[0.0, math.nan], [1, 1]])
    with pytest.raises(ValueError, match=rf"{name} has shape \(0, 2\); expected \(N, 2\)"):
        measure(np.zeros((0, 2)))
    with pytest.raises(ValueError, match=rf"{name} has shape \(3,\); expected"):
        measure([1, 2, 3])
    with pytest.raises(TypeError, match=rf"{name} has dtype bool; expected numbers"):
        measure(np.zeros((3, 2), dtype=bool))


def test_a_box_with_nan_is_refused() -> None:
    with pytest.raises(ValueError, match=r"box is .*nan.*; expected finite numbers"):
        box_points(((0, 0), (1, math.nan), 0))
