"""Strokes become pictures as MNIST's digits did, and the drawn digits are what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib.data import drawn_digits, drawn_strokes, mnist_sample, rasterize

numbers = st.integers(-300, 300) | st.floats(-1e6, 1e6)
drawings = st.lists(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=6), min_size=1)
WIDTH, SIDE = 2.4, 20


def plain(strokes: Any, width: float = WIDTH, side: int = SIDE) -> np.ndarray:
    """Do the same point by point: the distance of each pixel's middle to each line."""
    points = np.array([point for stroke in strokes for point in stroke], dtype=float)
    middle = points.min(0) / 2 + points.max(0) / 2
    extent = float((points.max(0) - points.min(0)).max()) or 1.0
    box = np.zeros((side, side))
    for row, column in np.ndindex(side, side):
        pixel = np.array([column + 0.5, row + 0.5])
        nearest = np.inf
        for stroke in strokes:
            path = (np.array(stroke) - middle) / extent * max(side - width - 1, 0) + side / 2
            for a, b in zip(path, path[1:] if len(path) > 1 else path, strict=False):
                length = float((b - a) @ (b - a))
                share = min(1.0, max(0.0, float((pixel - a) @ (b - a)) / (length or 1.0)))
                nearest = min(nearest, float(np.hypot(*(pixel - a - share * (b - a)))))
        box[row, column] = 255 * min(1, max(0, width / 2 + 0.5 - nearest))
    return box


def inked(picture: np.ndarray) -> np.ndarray:
    """Cut out what is not paper."""
    rows, columns = (np.flatnonzero(picture.any(axis)) for axis in (1, 0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


@settings(max_examples=25, deadline=None)
@given(drawings, st.floats(1, 4), st.integers(9, 14))
def test_levels_are_distances_to_the_path(strokes: Any, width: float, side: int) -> None:
    picture = rasterize(strokes, width=width, side=side).astype(float)
    box = plain(strokes, width, side)
    places = range(28 - side + 1)
    windows = (picture[top : top + side, left : left + side] for top in places for left in places)
    assert any(np.abs(window - box).max() <= 0.51 for window in windows)
    assert picture.sum() == pytest.approx(box.sum(), abs=side**2)


@settings(max_examples=60, deadline=None)
@given(drawings)
def test_the_centre_of_mass_comes_to_where_mnist_has_it(strokes: Any) -> None:
    picture = rasterize(strokes, side=14)  # nothing of so small a box leaves the frame
    levels = picture.astype(float)
    assert picture.shape == (28, 28)
    assert picture.dtype == np.uint8
    for axis in (0, 1):
        mean = float(levels.sum(1 - axis) @ np.arange(28) / levels.sum())
        assert 13.5 <= mean < 14.5


def test_mnist_has_it_there_and_digits_20_pixels_long() -> None:
    pictures = mnist_sample().images[:, 0].numpy()
    longest = [max(inked(picture).shape) for picture in pictures]
    assert longest.count(20) == 4999
    levels = pictures.astype(float)
    for axis in (1, 2):
        means = levels.sum(3 - axis) @ np.arange(28) / levels.sum((1, 2))
        assert means.min() >= 13.5
        assert means.max() < 14.5


@settings(max_examples=15, deadline=None)
@given(drawings)
def test_the_longer_side_fills_the_box(strokes: Any) -> None:
    box = inked(np.round(plain(strokes)))
    points = np.array([point for stroke in strokes for point in stroke], dtype=float)
    if (points == points[0]).all():
        return
    assert SIDE - 2 <= max(box.shape) <= SIDE


@pytest.mark.parametrize(("scale", "right", "down"), [(0.5, 0, 0), (4, 64, -32), (1, 1000, 7)])
def test_place_and_size_do_not_matter(scale: float, right: int, down: int) -> None:
    for strokes in drawn_strokes()["5"].values():
        moved = [[(scale * x + right, scale * y + down) for x, y in stroke] for stroke in strokes]
        assert np.array_equal(rasterize(moved), rasterize(strokes))


def test_neither_the_order_nor_the_direction_of_strokes_matters() -> None:
    for strokes in drawn_strokes()["4"].values():
        turned = [stroke[::-1] for stroke in strokes][::-1]
        difference = rasterize(turned).astype(int) - rasterize(strokes)
        assert np.abs(difference).max() <= 1


def test_a_point_is_a_dot() -> None:
    dot = rasterize([[(3, 4)]])
    assert inked(dot).shape == (4, 4)
    assert np.array_equal(dot, rasterize([[(0, 0), (0, 0)], [(0, 0)]]))
    assert np.array_equal(dot, dot.T)


def test_what_leaves_the_frame_is_cut_off() -> None:
    scribble = [[(x / 8, y) for x in range(8) for y in (0, 1)], [(0, 0), (12, 0)]]
    picture, whole = rasterize(scribble, side=28), plain(scribble, side=28)
    assert picture[:, -1].any()
    assert picture.sum() < whole.sum() - 255


@pytest.mark.parametrize(
    ("strokes", "error", "message"),
    [
        ([], ValueError, "strokes is empty; expected at least one stroke"),
        ([[(0, 0)], []], ValueError, r"strokes\[1\] is empty; expected at least one point"),
        ([[(0, 0), (float("nan"), 1)]], ValueError, r"strokes\[0\] is .*; expected finite"),
        ([[(0, float("inf"))]], ValueError, r"strokes\[0\] is .*; expected finite numbers"),
        ([[0, 1, 2]], TypeError, r"strokes\[0\] is \[0, 1, 2\]; expected pairs of numbers"),
        ([[(0, 1, 2)]], TypeError, r"strokes\[0\] is .*; expected pairs of numbers \(x, y\)"),
        ([[(0, 1), (2,)]], TypeError, "expected pairs of numbers"),
        ([[("a", "b")]], TypeError, "expected pairs of numbers"),
    ],
)
def test_wrong_strokes_are_named(strokes: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        rasterize(strokes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0.5}, "width is 0.5; expected a number of at least 1"),
        ({"side": 29}, "side is 29; expected at most 28"),
        ({"side": 0}, "side is 0; expected at least 1"),
    ],
)
def test_wrong_options_are_named(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rasterize([[(0, 0)]], **options)


def test_sixty_digits_are_drawn_six_of_each_and_no_two_alike() -> None:
    digits = drawn_digits()
    assert digits.labels.bincount().tolist() == [6] * 10
    assert len({picture.numpy().tobytes() for picture in digits.images}) == 60
    strokes = drawn_strokes()
    assert [*strokes] == [*"0123456789AEHKMX"]
    first = rasterize(next(iter(strokes["0"].values())))
    assert np.array_equal(digits.images[0, 0].numpy(), first)
    assert all(0 <= number <= 280 for drawn in strokes.values() for each in drawn.values()
               for stroke in each for point in stroke for number in point)  # fmt: skip


def test_ink_is_about_that_of_mnist() -> None:
    drawn, written = (digits.images.double().mean() for digits in (drawn_digits(), mnist_sample()))
    assert 0.8 * written < drawn < 1.2 * written
