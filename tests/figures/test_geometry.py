"""The drawings of the chapter on geometry stand on the numbers they are given."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from cvlib.figures.geometry import draw_centres, draw_mapping, draw_weights
from cvlib.images.geometry import rotation_matrix


def test_new_centres_look_at_half_pixel_places() -> None:
    (axes,) = draw_centres([10, 50, 90, 30, 70, 50], [20, 80, 40, 55]).axes
    words = [text.get_text() for text in axes.texts]
    assert words[:10] == ["10", "50", "90", "30", "70", "50", "20", "80", "40", "55"]
    assert words[10:] == ["0", "1", "2", "3", "4", "5", "0.25", "1.75", "3.25", "4.75"]
    lines = [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 2]
    assert lines == [0.25, 1.75, 3.25, 4.75]


def test_both_rows_are_equally_long() -> None:
    (axes,) = draw_centres([1, 2, 3], [1, 3]).axes
    boxes = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    assert [box.get_width() for box in boxes] == [1, 1, 1, 1.5, 1.5]
    assert boxes[2].get_bbox().x1 == boxes[4].get_bbox().x1 == 2.5


def test_each_weight_is_drawn_with_its_name() -> None:
    (axes,) = draw_weights({"one": lambda t: t**0, "hat": lambda t: 1 - abs(t)}).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["one", "hat"]
    curve = axes.lines[1]
    assert curve.get_ydata() == pytest.approx(1 - abs(curve.get_xdata()))


def test_nothing_is_pushed_into_a_hole() -> None:
    matrix = rotation_matrix((3.5, 3.5), 30)
    left, right = draw_mapping(matrix, 8).axes
    empty = [patch for patch in left.patches if to_hex(patch.get_facecolor()) == "#fbe3b5"]
    assert left.get_title() == f"pushed: {len(empty)} holes"
    assert empty
    (points,) = left.lines
    for hole in empty:
        (x0, y0), (x1, y1) = hole.get_bbox().get_points()
        inside = (points.get_xdata() > x0) & (points.get_xdata() < x1)
        assert not np.any(inside & (points.get_ydata() > y0) & (points.get_ydata() < y1))
    (pulled,) = right.lines
    back = matrix @ np.stack([pulled.get_xdata(), pulled.get_ydata(), np.ones(64)])
    assert back[0] == pytest.approx(np.tile(np.arange(8), 8), abs=1e-9)


def test_pushing_by_a_whole_pixel_leaves_no_hole() -> None:
    left, _ = draw_mapping(np.array([[1.0, 0, 1], [0, 1, 0]]), 4).axes
    assert left.get_title() == "pushed: 0 holes"
