"""Block matching held against loops and OpenCV, and depth against the true disparity."""

import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib.images.stereo import (
    block_match,
    depth,
    left_right_check,
    squared_differences,
    triangulate,
)

SEEDS = st.integers(0, 2**32 - 1)


def pair(seed: int, shape: tuple[int, ...], levels: int = 256) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    first, second = (generator.integers(0, levels, shape, dtype=np.uint8) for _ in range(2))
    return first, second


def block_match_loops(left: np.ndarray, right: np.ndarray, count: int, size: int) -> np.ndarray:
    """Find the least cost pixel by pixel, with no fraction; nan where the window is flat."""
    height, width = left.shape[:2]
    reach = size // 2
    found = np.full((height, width), np.nan)
    signed = left.astype(int), right.astype(int)
    for row in range(height):
        for column in range(width):
            costs = []
            flat = True
            for disparity in range(min(count, column + 1)):
                cost = 0
                for r in range(row - reach, row + reach + 1):
                    for c in range(column - reach, column + reach + 1):
                        y, x = min(max(r, 0), height - 1), min(max(c, 0), width - 1)
                        partner = max(x - disparity, 0)
                        cost += ((signed[0][y, x] - signed[1][y, partner]) ** 2).sum()
                        change = signed[0][y, x] - signed[0][y, max(x - 1, 0)]
                        flat &= not np.any(change)
                costs.append(cost)
            if not flat:
                found[row, column] = np.argmin(costs)
    return found


@settings(max_examples=20, deadline=None)
@given(
    SEEDS,
    st.tuples(st.integers(1, 6), st.integers(1, 8)),
    st.sampled_from(((), (3,))),
    st.integers(1, 9),
    st.sampled_from((1, 3, 5)),
    st.sampled_from((2, 256)),
)
def test_block_match_is_the_least_cost_of_loops(
    seed: int, shape: tuple[int, int], colours: tuple, count: int, size: int, levels: int
) -> None:
    left, right = pair(seed, (*shape, *colours), levels)
    expected = block_match_loops(left, right, count, size)
    found = block_match(left, right, count, size)
    assert found.shape == shape
    assert np.array_equal(np.isnan(found), np.isnan(expected))
    known = ~np.isnan(expected)
    assert (np.abs(found - expected)[known] <= 0.5).all()


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.sampled_from(((), (3,))), st.sampled_from((1, 3, 5)), st.integers(0, 6))
def test_squared_differences_are_opencvs(
    seed: int, colours: tuple, size: int, disparity: int
) -> None:
    left, right = pair(seed, (7, 15, *colours))
    reach = size // 2
    costs = squared_differences(left, right, disparity, size)
    row, column = 3, 15 - 1 - reach
    rows = slice(row - reach, row + reach + 1)
    template = left[rows, column - reach : column + reach + 1]
    scores = cv2.matchTemplate(right[rows], template, cv2.TM_SQDIFF)[0]
    assert costs[row, column] == pytest.approx(scores[len(scores) - 1 - disparity], rel=1e-5)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.floats(1.5, 9), st.sampled_from((5, 9)))
def test_a_shift_of_part_of_a_pixel_is_found(seed: int, shift: float, size: int) -> None:
    generator = np.random.default_rng(seed)
    phases = generator.uniform(0, 2 * np.pi, (3, 20, 1))
    waves = np.array([9.0, 12, 17])[:, None, None]
    columns = np.arange(60.0)

    def picture(moved: float) -> np.ndarray:
        light = np.sin(2 * np.pi * (columns + moved) / waves + phases).sum(axis=0)
        return np.rint(127 + 40 * light).astype(np.uint8)

    found = block_match(picture(0), picture(shift), 16, size)[5:-5, 20:-5]
    assert np.median(np.abs(found - shift)) < 0.1


def test_the_last_disparity_has_no_neighbour_and_no_fraction() -> None:
    left, right = pair(6, (9, 40))
    right[:, :-7] = left[:, 7:]
    found = block_match(left, right, 8, 5)[3:-3, 10:-10]
    assert (found == 7).mean() > 0.95


def test_what_does_not_change_from_column_to_column_shows_no_disparity() -> None:
    flat = np.full((12, 20), 90, dtype=np.uint8)
    assert np.isnan(block_match(flat, flat, 8, 3)).all()
    stripes = flat.copy()
    stripes[::2] = 10  # rows that look the same wherever one stands
    assert np.isnan(block_match(stripes, stripes, 8, 3)).all()
    spotted = flat.copy()
    spotted[6, 10] = 200
    known = np.isfinite(block_match(spotted, spotted, 4, 3))
    assert known[5:8, 9:12].all()
    assert not known[:4].any()


def test_a_wide_strip_holds_the_costs_of_one_disparity_at_a_time() -> None:
    left, right = pair(0, (4, 20_000))
    tracemalloc.start()
    block_match(left, right, 64, 9)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    volume = 64 * 4 * left.size  # what all costs at a time would take, as float32
    assert peak < volume / 2


def test_more_disparities_than_columns_are_not_tried() -> None:
    left, right = pair(1, (5, 7))
    assert np.array_equal(block_match(left, right, 7, 3), block_match(left, right, 500, 3))


def test_left_right_check_finds_what_one_camera_alone_sees() -> None:
    generator = np.random.default_rng(4)
    far = generator.integers(0, 256, (20, 80), dtype=np.uint8)
    near = generator.integers(0, 256, (20, 20), dtype=np.uint8)
    left, right = far.copy(), far.copy()
    left[:, 40:60] = near
    right[:, 30:50] = near  # 10 columns further left: it hides 30 to 39 from the right camera
    to_left = block_match(left, right, 16, 5)
    to_right = block_match(right[:, ::-1], left[:, ::-1], 16, 5)[:, ::-1]
    agree = left_right_check(to_left, to_right)
    assert agree[4:-4, 42:58].all()
    assert agree[4:-4, 64:76].all()
    assert agree[4:-4, 31:38].mean() < 0.3


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.floats(10, 2000), st.floats(0.01, 500), st.floats(-1, 40))
def test_triangulate_is_opencvs_reprojection(
    seed: int, focal_length: float, baseline: float, offset: float
) -> None:
    disparity = np.random.default_rng(seed).uniform(2, 60, (5, 7)).astype(np.float32)
    cx, cy = 3.2, 1.7
    matrix = np.array(
        [
            [1, 0, 0, -cx],
            [0, 1, 0, -cy],
            [0, 0, 0, focal_length],
            [0, 0, 1 / baseline, offset / baseline],
        ]
    )
    expected = cv2.reprojectImageTo3D(disparity, matrix)
    found = triangulate(disparity, focal_length, baseline, (cx, cy), offset)
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-4 * np.abs(expected).max())
    ahead = depth(disparity, focal_length, baseline, offset)
    assert np.array_equal(found[..., 2], ahead)


def test_depth_of_what_has_no_disparity() -> None:
    given_numbers = np.array([[np.nan, np.inf, -3, 0, 2]], dtype=np.float32)
    found = depth(given_numbers, 100, 2)
    assert np.isnan(found[0, :3]).all()
    assert found[0, 3:].tolist() == [np.inf, 100]
    assert depth(given_numbers, 100, 2, offset=3)[0, 2] == np.inf


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        ({"right": np.zeros((4, 5), np.uint8)}, ValueError, r"right has shape \(4, 5\); expected"),
        ({"left": np.zeros((4, 6), np.float32)}, TypeError, "left has dtype float32; expected"),
        ({"left": np.zeros((0, 6), np.uint8)}, ValueError, r"left has shape \(0, 6\)"),
        ({"block_size": 4}, ValueError, "block_size is 4; expected an odd number"),
        ({"block_size": 0}, ValueError, "block_size is 0; expected at least 1"),
        ({"num_disparities": 0}, ValueError, "num_disparities is 0; expected at least 1"),
        ({"num_disparities": 1.5}, TypeError, "num_disparities is 1.5; expected an integer"),
    ],
)
def test_what_cannot_be_matched_is_refused(change: dict, error: type[Exception], told: str) -> None:
    usual = {"left": np.zeros((4, 6), np.uint8), "right": np.zeros((4, 6), np.uint8)}
    with pytest.raises(error, match=told):
        block_match(**(usual | change))


def test_what_cannot_be_depth_is_refused() -> None:
    ones = np.ones((2, 3), np.float32)
    with pytest.raises(ValueError, match="focal_length is 0; expected a number above 0"):
        depth(ones, 0, 1)
    with pytest.raises(ValueError, match="baseline is -1"):
        depth(ones, 1, -1)
    with pytest.raises(ValueError, match="offset is nan"):
        depth(ones, 1, 1, float("nan"))
    with pytest.raises(ValueError, match=r"disparity has shape \(3,\); expected \(H, W\)"):
        triangulate(ones[0], 1, 1, (0, 0))
    with pytest.raises(ValueError, match="left and right have shapes"):
        left_right_check(ones, ones[:, :2])
    with pytest.raises(ValueError, match="tolerance is -1"):
        left_right_check(ones, ones, -1)


def test_arguments_are_left_alone() -> None:
    left, right = pair(9, (6, 9, 3))
    left.setflags(write=False)
    right.setflags(write=False)
    block_match(left, right, 4, 3)
