"""The drawings of the chapter on shapes show the pieces, the walks, the boxes and the votes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cvlib.figures.shapes import (
    draw_boxes,
    draw_lines,
    draw_polygons,
    draw_runs,
    draw_votes,
    draw_walks,
)
from cvlib.images.components import connected_components, find_runs
from cvlib.images.contours import find_contours
from cvlib.images.hough import hough_votes

RING = np.array([[1, 1, 1, 1], [1, 0, 0, 1], [1, 1, 1, 1], [0, 0, 0, 0], [0, 1, 0, 0]], np.uint8)


def test_each_run_bears_its_piece_and_is_tied_to_those_it_touches() -> None:
    _, labels = connected_components(RING)
    axes = draw_runs(labels).axes[0]
    assert [text.get_text() for text in axes.texts] == ["1", "1", "1", "1", "2"]
    assert len(axes.patches) == len(find_runs(RING).row)
    ties = {tuple(map(tuple, line.get_xydata().tolist())) for line in axes.lines}
    assert ties == {((0, 0), (0, 1)), ((3, 0), (3, 1)), ((0, 1), (0, 2)), ((3, 1), (3, 2))}


@pytest.mark.parametrize(
    ("rows", "tie"),
    [
        ([[1, 1, 0], [0, 0, 1]], ((1, 0), (2, 1))),
        ([[0, 1, 1], [1, 0, 0]], ((1, 0), (0, 1))),
    ],
)
def test_runs_that_touch_at_a_corner_are_tied_from_corner_to_corner(rows: list, tie: tuple) -> None:
    (line,) = draw_runs(np.array(rows)).axes[0].lines
    assert tuple(map(tuple, line.get_xydata().tolist())) == tie


def test_each_walk_is_closed_and_begins_at_its_number() -> None:
    contours, hierarchy = find_contours(RING, method=cv2.CHAIN_APPROX_NONE)
    axes = draw_walks(RING, contours, [False, False, True]).axes[0]
    paths = [line for line in axes.lines if len(line.get_xdata()) > 1]
    assert [len(path.get_xdata()) - 1 for path in paths] == [len(each) for each in contours]
    assert [path.get_linestyle() for path in paths] == ["-", "-", "--"]
    for path, text in zip(paths, axes.texts, strict=True):
        assert np.allclose(path.get_xydata()[0], path.get_xydata()[-1])
        assert np.allclose(path.get_xydata()[0], text.get_position())
    assert [text.get_text() for text in axes.texts] == ["0", "1", "2"]
    assert len(hierarchy) == 3


def test_walks_need_an_answer_each() -> None:
    with pytest.raises(ValueError, match="is_hole has 1 answers for 2 contours"):
        draw_walks(RING, [np.zeros((1, 2), int)] * 2, [True])


def test_boxes_hull_and_direction_are_drawn_where_they_are() -> None:
    corners = np.array([[0, 0], [9, 0], [9, 4]])
    figure = draw_boxes(corners, (0, 0, 10, 5), ((4.5, 2), (9, 4), 0), corners, (6, 1), 90)
    upright, rotated, hull, direction, centre = figure.axes[0].lines
    assert upright.get_xydata().min(axis=0).tolist() == [-0.5, -0.5]
    assert upright.get_xydata().max(axis=0).tolist() == [9.5, 4.5]
    assert rotated.get_xydata().max(axis=0).tolist() == [9, 4]
    assert hull.get_xydata().tolist() == [*corners.tolist(), corners[0].tolist()]
    assert np.allclose(direction.get_xdata(), 6)
    assert centre.get_xydata().tolist() == [[6, 1]]


def test_polygons_are_closed_and_titled() -> None:
    square = np.array([[0, 0], [4, 0], [4, 4], [0, 4]])
    figure = draw_polygons(square, {"all": square, "three": square[:3]}, columns=2)
    assert [axes.get_title() for axes in figure.axes] == ["all", "three"]
    assert figure.axes[1].lines[0].get_xydata().tolist() == [*square[:3].tolist(), [0, 0]]


def test_the_line_with_most_votes_goes_through_its_pixels() -> None:
    edges = np.zeros((20, 30), dtype=np.uint8)
    edges[[3, 5, 7, 9, 11], [4, 8, 12, 16, 20]] = 1
    left, right = draw_votes(edges, *hough_votes(edges)).axes
    (x0, y0), (x1, y1) = left.lines[1].get_xydata()
    for y, x in np.argwhere(edges):
        away = (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)
        assert abs(away) / np.hypot(x1 - x0, y1 - y0) < 1
    assert right.get_ylabel() == "distance ρ"


def test_lines_cross_the_picture() -> None:
    figure = draw_lines(np.zeros((20, 30), np.uint8), np.array([[10.0, 0.0], [5.0, np.pi / 2]]))
    upright, level = figure.axes[0].lines
    assert np.allclose(upright.get_xdata(), 10)
    assert np.allclose(level.get_ydata(), 5)
    assert np.ptp(upright.get_ydata()) > 20
