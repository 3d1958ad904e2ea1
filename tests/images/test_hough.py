"""Lines by votes, held against OpenCV's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cvlib.data import photograph
from cvlib.images.hough import hough_lines, hough_votes

SIDES = st.integers(1, 24)
EDGES = arrays(np.uint8, st.tuples(SIDES, SIDES), elements=st.sampled_from((0, 0, 0, 255)))


def opencv(edges: np.ndarray, rho: float, theta: float, threshold: int) -> np.ndarray:
    lines = cv2.HoughLines(edges, rho, theta, threshold)
    return np.zeros((0, 2)) if lines is None else lines.reshape(-1, 2)


@settings(max_examples=60, deadline=None)
@given(EDGES, st.sampled_from((1, 0.7, 1.9)), st.sampled_from((0.031, 0.1, 1.1)))
def test_lines_are_opencvs(edges: np.ndarray, rho: float, theta: float) -> None:
    # At these steps no pixel lies half-way between two distances.
    np.testing.assert_allclose(
        hough_lines(edges, rho, theta, 2), opencv(edges, rho, theta, 2), atol=1e-3
    )


def test_lines_of_a_wall_are_opencvs_by_degrees() -> None:
    edges = cv2.Canny(photograph("brick"), 60, 180)
    ours = hough_lines(edges, 1, np.pi / 180, 150)
    theirs = opencv(edges, 1, np.pi / 180, 150)
    assert len(ours) > 20
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


@settings(max_examples=30, deadline=None)
@given(EDGES)
def test_each_pixel_votes_once_per_angle(edges: np.ndarray) -> None:
    votes, angles, distances = hough_votes(edges, 2, 0.1)
    assert votes.shape == (len(angles), len(distances))
    assert (votes.sum(axis=1) == np.count_nonzero(edges)).all()
    assert angles[-1] < np.pi


@pytest.mark.parametrize("degrees", [0, 30, 90, 135, 179])
def test_a_drawn_line_is_found_where_it_is(degrees: int) -> None:
    row, column = np.mgrid[:90, :120]
    theta = np.radians(degrees)
    rho = 60 * np.cos(theta) + 45 * np.sin(theta)
    edges = np.abs(column * np.cos(theta) + row * np.sin(theta) - rho) <= 0.5
    found = hough_lines(edges, 1, np.pi / 180, 50)[0]
    assert abs(found[0] - rho) <= 1
    assert abs(np.degrees(found[1]) - degrees) <= 1


def test_a_mask_without_edges_has_no_lines() -> None:
    assert hough_lines(np.zeros((5, 7), dtype=np.uint8), 1, 0.1, 0).shape == (0, 2)


def test_a_strip_of_twenty_thousand_columns() -> None:
    strip = np.zeros((30, 20_000), dtype=bool)
    strip[12] = True
    lines = hough_lines(strip, 1, np.pi / 36, 10_000)
    np.testing.assert_allclose(lines, [[12, np.pi / 2]])


def test_arguments_are_checked() -> None:
    edges = np.zeros((4, 4), dtype=np.uint8)
    for name, steps in (("rho", (0, 0.1)), ("theta", (1, np.nan)), ("theta", (1, 4))):
        with pytest.raises(ValueError, match=f"{name} is .*; expected a number"):
            hough_votes(edges, *steps)
    with pytest.raises(ValueError, match="threshold is -1; expected at least 0"):
        hough_lines(edges, 1, 0.1, -1)
    with pytest.raises(TypeError, match="mask has dtype float64; expected bool or uint8"):
        hough_votes(np.zeros((4, 4)))  # type: ignore[arg-type]
