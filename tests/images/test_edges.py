"""Edges in thin lines, held against OpenCV's Canny to the last pixel."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cvlib.data import photograph
from cvlib.images.edges import canny, hysteresis, non_maximum_suppression

SIDES = st.integers(1, 12)
SHAPES = st.one_of(st.tuples(SIDES, SIDES), st.tuples(SIDES, SIDES, st.just(3)))
# Few grey levels make ties, and black and white make the largest sums.
LEVELS = st.sampled_from((st.integers(0, 255), st.sampled_from((0, 255)), st.integers(99, 102)))
PICTURES = st.tuples(SHAPES, LEVELS).flatmap(
    lambda drawn: arrays(np.uint8, drawn[0], elements=drawn[1])
)


@settings(max_examples=300, deadline=None)
@given(PICTURES, st.tuples(st.integers(0, 1100), st.integers(0, 1100)), st.booleans())
def test_canny_is_opencvs_to_the_last_pixel(
    image: np.ndarray, thresholds: tuple[int, int], l2_gradient: bool
) -> None:
    low, high = sorted(thresholds)
    expected = cv2.Canny(image, low, high, L2gradient=l2_gradient)
    assert np.array_equal(canny(image, low, high, l2_gradient), expected)


@pytest.mark.parametrize("name", ["camera", "astronaut", "coins", "grass"])
@pytest.mark.parametrize("l2_gradient", [False, True])
def test_canny_of_photographs_is_opencvs(name: str, l2_gradient: bool) -> None:
    image = photograph(name)
    for low, high in ((0, 0), (20, 60), (100.5, 200.25), (50, 1e6)):
        expected = cv2.Canny(image, low, high, L2gradient=l2_gradient)
        assert np.array_equal(canny(image, low, high, l2_gradient), expected)


def test_the_true_tangent_divides_the_gradients_of_bytes_as_opencvs_integers_do() -> None:
    x, y = np.meshgrid(np.arange(1021), np.arange(1021))
    tangent = np.float32(np.tan(np.pi / 8))
    across = y.astype(np.float32) < x.astype(np.float32) * tangent
    assert np.array_equal(across, (y << 15) < x * 13573)
    down = x.astype(np.float32) < y.astype(np.float32) * tangent
    assert np.array_equal(down, (y << 15) > x * (13573 + 2**16))


@settings(deadline=None)
@given(arrays(np.int8, st.tuples(st.just(3), SIDES, SIDES)))
def test_suppression_keeps_what_is_strongest_across_the_edge(drawn: np.ndarray) -> None:
    strength, dx, dy = np.abs(drawn[0].astype(int)), drawn[1], drawn[2]
    thin = non_maximum_suppression(strength, dx, dy)
    steps = {0: (0, 1), 1: (1, 1), 2: (1, 0), 3: (1, -1)}
    for row, column in np.ndindex(strength.shape):
        angle = np.degrees(np.arctan2(int(dy[row, column]), int(dx[row, column]))) % 180
        down, right = steps[round(angle / 45) % 4]
        if dx[row, column] == 0 == dy[row, column]:
            down, right = 1, 1
        here = strength[row, column]
        pair = []
        for r, c in ((row - down, column - right), (row + down, column + right)):
            inside = 0 <= r < strength.shape[0] and 0 <= c < strength.shape[1]
            pair.append(strength[r, c] if inside else 0)
        kept = here > pair[0] and (here > pair[1] or (here == pair[1] and down * right == 0))
        assert thin[row, column] == (here if kept else 0)


@settings(deadline=None)
@given(arrays(np.uint8, st.tuples(SIDES, SIDES), elements=st.integers(0, 9)))
def test_hysteresis_is_growing_until_nothing_changes(strength: np.ndarray) -> None:
    weak, edges = strength > 3, strength > 7
    while True:
        grown = cv2.dilate(edges.astype(np.uint8), np.ones((3, 3))).astype(bool) & weak
        if np.array_equal(grown, edges):
            break
        edges = grown
    assert np.array_equal(hysteresis(strength, 3, 7), edges * np.uint8(255))


def test_a_threshold_itself_is_below() -> None:
    assert hysteresis(np.array([[5, 9]]), 5, 8).tolist() == [[0, 255]]
    assert hysteresis(np.array([[5, 8]]), 4, 8).tolist() == [[0, 0]]


def test_arguments_are_left_alone() -> None:
    image = np.random.default_rng(0).integers(0, 256, (6, 7, 3), dtype=np.uint8)
    image.setflags(write=False)
    canny(image, 50, 100)


def test_canny_takes_bytes_and_ordered_thresholds() -> None:
    with pytest.raises(TypeError, match="image has dtype float32; expected uint8"):
        canny(np.zeros((3, 3), dtype=np.float32), 1, 2)  # type: ignore[arg-type]
    for low, high in ((2, 1), (-1, 1)):
        with pytest.raises(ValueError, match=f"low and high are {low} and {high}; expected 0 <="):
            canny(np.zeros((3, 3), dtype=np.uint8), low, high)
