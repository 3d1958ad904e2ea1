"""Homographies from pairs of points, held against OpenCV's."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib.images.homography import find_homography, perspective_transform, read_points

SEEDS = st.integers(0, 2**32 - 1)
SQUARE = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])


def scene(seed: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw a homography that a camera could make, and points well spread over a picture."""
    generator = np.random.default_rng(seed)
    corners = np.array([[0.0, 0], [640, 0], [640, 480], [0, 480]])
    moved = corners + generator.uniform(-120, 120, corners.shape)
    matrix = cv2.getPerspectiveTransform(np.float32(corners), np.float32(moved))
    points = corners * 0.9 + 20 + generator.uniform(-15, 15, corners.shape)
    more = generator.uniform((0, 0), (640, 480), (count - 4, 2))
    points = np.concatenate([points, more])
    return points, perspective_transform(points, matrix), matrix


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(4, 30), st.booleans(), st.booleans())
def test_exact_pairs_give_back_the_homography(
    seed: int, count: int, normalize: bool, refine: bool
) -> None:
    source, target, matrix = scene(seed, count)
    found = find_homography(source, target, normalize, refine)
    np.testing.assert_allclose(perspective_transform(source, found), target, atol=1e-5)
    np.testing.assert_allclose(found, matrix, rtol=1e-5, atol=1e-7 * np.abs(matrix).max())
    assert found[2, 2] == 1


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_four_pairs_are_opencvs_perspective_transform(seed: int) -> None:
    source, target, _ = scene(seed, 4)
    source, target = np.float32(source), np.float32(target)
    expected = cv2.getPerspectiveTransform(source, target)
    ours, theirs = (
        perspective_transform(source, matrix)
        for matrix in (find_homography(source, target), expected)
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(5, 30), st.floats(0.1, 5))
def test_inexact_pairs_are_opencvs_homography(seed: int, count: int, noise: float) -> None:
    source, target, _ = scene(seed, count)
    target += noise * np.random.default_rng(seed).normal(size=target.shape)
    expected, _ = cv2.findHomography(source, target, 0)
    found = find_homography(source, target)
    ours, theirs = (perspective_transform(source, matrix) for matrix in (found, expected))
    np.testing.assert_allclose(ours, theirs, atol=2e-3)
    assert np.square(ours - target).sum() <= np.square(theirs - target).sum() * (1 + 1e-9)
    linear = perspective_transform(source, find_homography(source, target, refine=False))
    assert np.square(ours - target).sum() <= np.square(linear - target).sum() * (1 + 1e-9)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(4, 12), st.floats(0.01, 100), st.floats(-1e4, 1e4))
def test_normalized_results_do_not_depend_on_units_and_origin(
    seed: int, count: int, scale: float, shift: float
) -> None:
    source, target, _ = scene(seed, count)
    target = target + np.random.default_rng(seed).normal(size=target.shape)
    plain = perspective_transform(source, find_homography(source, target, refine=False))
    far = scale * source + shift
    moved = perspective_transform(far, find_homography(far, target, refine=False))
    np.testing.assert_allclose(moved, plain, atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(1, 9))
def test_perspective_transform_is_opencvs(seed: int, count: int) -> None:
    matrix = scene(seed, 4)[2]
    points = np.random.default_rng(seed).uniform(0, 480, (count, 2))
    expected = cv2.perspectiveTransform(points[None], matrix)[0]
    np.testing.assert_allclose(perspective_transform(points, matrix), expected, rtol=1e-9)


def test_a_homography_without_a_last_number_is_of_length_1() -> None:
    swap = np.array([[0.0, 0, 1], [0, 1, 0], [1, 0, 0]])  # (0, 0) goes to infinity
    source = SQUARE + np.array([1, 2])
    found = find_homography(source, perspective_transform(source, swap))
    assert np.linalg.norm(found) == pytest.approx(1)
    assert np.isclose(np.abs(found), swap / np.sqrt(3), atol=1e-9).all()
    assert np.isinf(perspective_transform(np.array([[0, 0]]), swap)[0, 0])


def test_many_pairs_take_no_square_matrix() -> None:
    source, target, matrix = scene(0, 100_000)  # a full U would have 40 billion numbers
    np.testing.assert_allclose(find_homography(source, target), matrix, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("width", [1, 1e-3, 1e5])
@pytest.mark.parametrize(
    "points",
    [
        [[0, 0], [1, 1], [2, 2], [3, 3], [7, 7]],  # a line
        [[0, 0], [1, 1], [2, 2], [0, 5]],  # three on a line
        [[0, 0], [1, 1], [2, 2], [9, 9], [0, 5]],  # all but one on a line
        [[4, 4]] * 5,  # one point
        [[0, 0], [0, 0], [1, 0], [0, 1]],  # three points
    ],
)
def test_points_on_a_line_are_refused(points: list[list[float]], width: float) -> None:
    degenerate = width * (np.array(points, dtype=np.float64) + np.array([0.1, 0.7]))
    fine = scene(1, len(points))[0]
    for source, target in ((degenerate, fine), (fine, degenerate), (degenerate, degenerate)):
        with pytest.raises(ValueError, match="source and target do not determine a homography"):
            find_homography(source, target)


@pytest.mark.parametrize(
    ("source", "target", "error", "told"),
    [
        (SQUARE[:3], SQUARE[:3], ValueError, "source has 3 points; expected at least 4"),
        (SQUARE, SQUARE[:2], ValueError, "target has 2 points; expected at least 4"),
        (SQUARE, np.ones((5, 2)), ValueError, "target has 5 points; expected 4, as source"),
        (SQUARE.T, SQUARE, ValueError, r"source has shape \(2, 4\); expected \(N, 2\)"),
        (SQUARE * np.nan, SQUARE, ValueError, r"source\[0\] is \[nan, nan\]; expected finite"),
        (
            SQUARE,
            SQUARE + np.array([np.inf, 0]),
            ValueError,
            r"target\[0\] is \[inf, 0.0\]; expected fin",
        ),
        ("abcd", SQUARE, TypeError, r"source is str; expected numbers"),
    ],
)
def test_what_is_no_pair_of_points_is_refused(
    source: np.ndarray, target: np.ndarray, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        find_homography(source, target)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"matrix has shape \(2, 3\); expected \(3, 3\)"):
        perspective_transform(SQUARE, np.eye(3)[:2])
    with pytest.raises(ValueError, match=r"points have shape \(4, 1\); expected \(N, 2\)"):
        perspective_transform(SQUARE[:, :1], np.eye(3))


def test_arguments_are_left_alone() -> None:
    source, target, _ = scene(3, 6)
    copies = source.copy(), target.copy()
    find_homography(source, target)
    read_points(source, target)
    assert np.array_equal(source, copies[0])
    assert np.array_equal(target, copies[1])
