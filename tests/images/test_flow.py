"""Lucas and Kanade's flow, held against OpenCV's and against motions that are known."""

import itertools
import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib.data import photograph
from cvlib.images import flow
from cvlib.images.flow import flow_at, lucas_kanade
from cvlib.images.geometry import warp_affine

SEEDS = st.integers(0, 2**32 - 1)
GRID = np.stack(np.meshgrid(np.arange(40, 90, 7.0), np.arange(40, 90, 7.0)), -1).reshape(-1, 2)


@pytest.fixture(scope="module")
def camera() -> np.ndarray:
    return photograph("camera")[100:230, 180:310]


def moved(image: np.ndarray, x: float, y: float) -> np.ndarray:
    shift = np.array([[1, 0, x], [0, 1, y]])
    return warp_affine(image, shift, image.shape, border="reflect_101")


@settings(max_examples=20, deadline=None)
@given(st.floats(-9, 9), st.floats(-9, 9), st.sampled_from((15, 21)), st.sampled_from((0, 1, 2, 3)))
def test_flow_is_opencvs(camera: np.ndarray, x: float, y: float, window: int, levels: int) -> None:
    second = moved(camera, x, y)
    found = lucas_kanade(camera, second, GRID, window, levels)
    points, status, _ = cv2.calcOpticalFlowPyrLK(
        camera, second, np.float32(GRID)[:, None], None, winSize=(window, window), maxLevel=levels
    )
    theirs, by_opencv = points[:, 0], status[:, 0] == 1
    right = np.hypot(*(theirs - GRID - (x, y)).T) < 0.3
    both = found.found & by_opencv & right
    # Where the search ends at the truth, both end at one place; elsewhere, it may go anywhere.
    apart = np.hypot(*(found.points - theirs)[both].T)
    assert np.quantile(apart, 0.9, method="lower") < 0.05 if both.any() else True
    ours = np.hypot(*(found.points - GRID - (x, y)).T) < 0.3
    assert abs(ours.sum() - (right & by_opencv).sum()) <= 0.1 * len(GRID)


@pytest.mark.parametrize(
    ("shift", "levels"), [((0.4, -0.7), 0), ((2.5, 1.5), 1), ((13, -9), 3), ((-26, 20), 3)]
)
def test_a_known_motion_is_found(
    camera: np.ndarray, shift: tuple[float, float], levels: int
) -> None:
    found = lucas_kanade(camera, moved(camera, *shift), GRID, levels=levels)
    assert found.found.mean() > 0.7
    missed = np.hypot(*(found.points - GRID - shift)[found.found].T)
    assert np.median(missed) < 0.05


def test_a_pyramid_reaches_further_than_one_level(camera: np.ndarray) -> None:
    second = moved(camera, 13, -9)
    right = [
        (np.hypot(*(lucas_kanade(camera, second, GRID, levels=n).points - GRID - (13, -9)).T) < 1)
        for n in (0, 3)
    ]
    assert right[0].mean() < 0.3 < 0.7 < right[1].mean()


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.floats(-2, 2), st.floats(-2, 2), st.integers(2, 30))
def test_flow_at_is_the_least_squares_solution(seed: int, x: float, y: float, size: int) -> None:
    dx, dy, noise = np.random.default_rng(seed).normal(size=(3, size))
    difference = dx * x + dy * y + 0.1 * noise
    slopes = np.stack([dx, dy], axis=1)
    expected, _, _, values = np.linalg.lstsq(slopes, difference, rcond=1e-3)
    motion, strengths = flow_at(difference, dx, dy)
    np.testing.assert_allclose(strengths, values[::-1] ** 2 / size, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(motion, expected, rtol=1e-3, atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 2 * np.pi), st.floats(-3, 3), st.floats(-3, 3))
def test_an_edge_shows_only_the_motion_across_it(angle: float, x: float, y: float) -> None:
    normal = np.array([np.cos(angle), np.sin(angle)])
    slopes = np.linspace(1, 5, 9)[:, None] * normal
    motion, strengths = flow_at(slopes @ [x, y], *slopes.T)
    np.testing.assert_allclose(motion, (normal @ [x, y]) * normal, atol=1e-6)
    assert abs(strengths[0]) < 1e-9 < strengths[1]


def test_flat_windows_and_edges_show_no_flow() -> None:
    rows, columns = np.indices((60, 60))
    flat = np.full((60, 60), 100, dtype=np.uint8)
    edge = np.where(columns < 30, 20, 200).astype(np.uint8)
    corner = np.where((columns < 30) & (rows < 30), 20, 200).astype(np.uint8)
    middle = np.array([[30.0, 30.0]])
    for picture, seen in ((flat, False), (edge, False), (corner, True)):
        found = lucas_kanade(picture, np.roll(picture, 1, axis=1), middle, levels=0)
        assert found.found.tolist() == [seen]
        assert np.isfinite(found.points).all() == seen
        _, status, _ = cv2.calcOpticalFlowPyrLK(
            picture, np.roll(picture, 1, axis=1), np.float32(middle)[None], None, maxLevel=0
        )
        assert status.ravel().tolist() == [seen]
    assert flow_at(np.ones(9), np.zeros(9), np.zeros(9))[0].tolist() == [0, 0]


def test_a_point_that_leaves_the_picture_is_lost(camera: np.ndarray) -> None:
    found = lucas_kanade(camera, moved(camera, -8, 0), np.array([[3.0, 60], [60, 60]]), levels=2)
    assert found.found.tolist() == [False, True]
    assert np.isnan(found.points[0]).all()


def test_bytes_and_floats_and_the_order_of_points_do_not_matter(camera: np.ndarray) -> None:
    second = moved(camera, 1.5, 0.5)
    plain = lucas_kanade(camera, second, GRID).points
    floats = lucas_kanade(camera.astype(np.float32), second.astype(np.float32), GRID).points
    assert np.array_equal(plain, floats, equal_nan=True)
    backwards = lucas_kanade(camera, second, GRID[::-1]).points[::-1]
    np.testing.assert_allclose(backwards, plain, atol=1e-6)
    assert lucas_kanade(camera, second, np.empty((0, 2))).points.shape == (0, 2)


def test_a_wide_strip_with_many_points_takes_bounded_memory() -> None:
    strip = np.random.default_rng(0).integers(0, 256, (24, 20_000), dtype=np.uint8)
    points = np.random.default_rng(1).uniform((0, 0), (20_000, 24), (1_000, 2))
    tracemalloc.start()
    lucas_kanade(strip, strip, points, window=41, levels=1, iterations=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    windows = 8 * len(points) * 41**2  # the numbers of one slope in all windows
    assert peak < 2.5 * windows


def test_levels_are_blurred_before_they_are_halved(camera: np.ndarray) -> None:
    levels = flow._pyramid(camera.astype(np.float32), 2)
    for above, below in itertools.pairwise(levels):
        np.testing.assert_allclose(below, cv2.pyrDown(above), atol=1e-3)
    assert len(levels) == 3


def test_tiny_pictures_have_fewer_levels() -> None:
    tiny = np.random.default_rng(0).integers(0, 256, (1, 5), dtype=np.uint8)
    assert lucas_kanade(tiny, tiny, np.array([[2.0, 0]]), levels=9).points.shape == (1, 2)


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        (
            {"second": np.zeros((9, 8), np.uint8)},
            ValueError,
            r"second has shape \(9, 8\); expected",
        ),
        ({"first": np.zeros((9, 9, 3), np.uint8)}, ValueError, r"first has shape \(9, 9, 3\)"),
        ({"first": np.zeros((9, 9))}, TypeError, "first has dtype float64; expected"),
        ({"first": [[1]]}, TypeError, "first has dtype list; expected"),
        ({"second": np.full((9, 9), np.nan, np.float32)}, ValueError, "second has numbers that"),
        ({"points": np.zeros((4, 3))}, ValueError, r"points have shape \(4, 3\); expected \(N, 2"),
        ({"points": np.array([[1, np.nan]])}, ValueError, "points are not all finite"),
        ({"window": 8}, ValueError, "window is 8; expected an odd number"),
        ({"window": 1}, ValueError, "window is 1; expected at least 3"),
        ({"levels": -1}, ValueError, "levels is -1; expected at least 0"),
        ({"iterations": 0}, ValueError, "iterations is 0; expected at least 1"),
        ({"least": -1}, ValueError, "least is -1; expected a number"),
    ],
)
def test_what_cannot_flow_is_refused(change: dict, error: type[Exception], told: str) -> None:
    zeros = np.zeros((9, 9), np.uint8)
    usual = {"first": zeros, "second": zeros, "points": np.zeros((1, 2))}
    with pytest.raises(error, match=told):
        lucas_kanade(**(usual | change))
