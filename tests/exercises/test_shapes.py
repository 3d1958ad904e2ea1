"""The checkers of shapes know the right answers, and tell what is wrong with others."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cvlib.book import mistake
from cvlib.exercises import shapes
from cvlib.images.components import connected_components


def by_contours(mask: np.ndarray) -> int:
    hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)[1]
    return 0 if hierarchy is None else int((hierarchy[0, :, 3] >= 0).sum())


def by_components(mask: np.ndarray) -> int:
    return connected_components(np.pad(mask, 1) == 0, 4)[0] - 2


def by_opencv(points: np.ndarray, epsilon: float) -> np.ndarray:
    kept = cv2.approxPolyDP(points.astype(np.float32), epsilon, closed=False)
    return kept[:, 0]


def test_right_answers_pass() -> None:
    assert mistake("count_holes", by_contours) is None
    assert mistake("count_holes", by_components) is None
    assert mistake("simplify", shapes._simplify) is None
    assert mistake("simplify", lambda points, e: shapes._simplify(points, e).tolist()) is None


def test_the_reference_simplifies_as_opencv_does() -> None:
    curve = np.array([(0, 0), (1, 4), (2, 4.5), (8, 0), (9, -6), (10, -7), (16, 0)])
    for epsilon in (0.2, 1.5, 5, 9):
        assert np.array_equal(shapes._simplify(curve, epsilon), by_opencv(curve, epsilon))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (3, "count_holes is 3, expected a function"),
        (lambda mask: None, "count_holes of a piece without a hole gives None, expected 0"),
        (lambda mask: 0, "count_holes of a ring that fills the picture gives 0, expected 1"),
        (
            lambda mask: connected_components(mask == 0, 4)[0] - 2,
            "count_holes of a piece without a hole gives 1, expected 0",
        ),
        (
            lambda mask: by_components(mask) if (mask == 0).any() else -1,
            "count_holes of a mask without background gives -1, expected 0",
        ),
        (
            lambda mask: connected_components(np.pad(mask, 1) == 0, 8)[0] - 2,
            "count_holes of an eight whose strokes meet at corners gives 0, expected 2",
        ),
        (
            lambda mask: (by_contours(mask) > 0) * 1,
            "count_holes of two rings apart gives 1, expected 2",
        ),
        (lambda mask: np.zeros(2), "gives array([0., 0.]), expected 0"),
    ],
)
def test_a_wrong_count_is_told_why(wrong: object, message: str) -> None:
    told = mistake("count_holes", wrong)
    assert told is not None
    assert message in told


def once(points: np.ndarray, epsilon: float) -> np.ndarray:
    """Look for one far point only, and not on both of its sides."""
    first, last = points[0], points[-1]
    along, away = last - first, points - first
    length = max(np.hypot(*along), 1e-9)
    distance = np.abs(along[0] * away[:, 1] - along[1] * away[:, 0]) / length
    middle = distance.argmax()
    return points[[0, middle, -1]] if distance[middle] > epsilon else points[[0, -1]]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (None, "simplify is None, expected a function"),
        (lambda points, epsilon: points, "gives [[0, 0], [2, 0], [4, 0]], expected [[0, 0]"),
        (lambda points, epsilon: points[[0, -1]], "expected [[0, 0], [2, 3], [4, 0]]"),
        (lambda points, epsilon: "two points", "gives 'two points', expected"),
        (once, "simplify([[0, 0], [1, 4], [2, 4.5], [8, 0], [9, -6], [10, -7], [16, 0]], 1.5)"),
        (lambda points, epsilon: shapes._simplify(points, epsilon / 2), "expected [[0, 0]"),
    ],
)
def test_a_wrong_curve_is_told_why(wrong: object, message: str) -> None:
    told = mistake("simplify", wrong)
    assert told is not None
    assert message in told


def test_a_curve_that_ends_where_it_began_is_among_the_cases() -> None:
    def without_care(points: np.ndarray, epsilon: float) -> np.ndarray:
        if (points[0] == points[-1]).all():
            return points[[0, -1]]
        return shapes._simplify(points, epsilon)

    told = mistake("simplify", without_care)
    assert told is not None
    assert "[0, 0]], 1) gives [[0, 0], [0, 0]]" in told
