"""The drawings of the chapter on faces show what they are given: boxes, windows, counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from cvlib.figures import palette
from cvlib.figures.faces import (
    draw_boxes,
    draw_funnel,
    draw_levels,
    draw_map,
    draw_mended,
    draw_shares,
)
from tests.figures.clipping import assert_nothing_is_clipped

PICTURE = np.full((40, 60, 3), 90, np.uint8)


def plots(figure: Figure) -> list[Any]:
    return list(figure.axes)


def test_a_funnel_has_a_bar_and_a_number_for_each_step() -> None:
    figure = draw_funnel({"windows": 42_866, "one of many": 153, "faces": 1}, title="Nearly none")
    (place,) = plots(figure)
    assert [text.get_text() for text in place.texts] == ["42,866", "153", "1"]
    ends = [bar.get_x() + bar.get_width() for bar in place.patches]
    assert ends == [42_866, 153, 1]
    assert next(label.get_text() for label in place.get_yticklabels()) == "windows"
    assert_nothing_is_clipped(figure)


def test_each_level_has_the_same_window_at_the_same_part_of_the_picture() -> None:
    levels = [torch.zeros(3, 60, 80), torch.zeros(3, 30, 40)]
    figure = draw_levels(levels, cell=12, centre=(0.25, 0.5))
    (place,) = plots(figure)
    assert [image.get_extent() for image in place.images] == [[0, 80, 60, 0], [94, 134, 60, 30]]
    windows = [patch for patch in place.patches if isinstance(patch, Rectangle)][1::2]
    assert [window.get_bbox().bounds for window in windows] == [(14, 24, 12, 12), (98, 39, 12, 12)]
    assert [text.get_text() for text in place.texts] == ["80", "40"]
    assert_nothing_is_clipped(figure)


def test_a_place_of_the_map_stands_for_a_window_twice_as_far() -> None:
    left, right = plots(draw_map(PICTURE, np.zeros((15, 25)), (3, 5)))
    assert left.patches[0].get_bbox().bounds == (9.5, 5.5, 12, 12)
    assert right.patches[0].get_bbox().bounds == (4.5, 2.5, 1, 1)


def test_each_edge_that_has_moved_has_an_arrow() -> None:
    (place,) = plots(draw_mended([10, 20, 50, 60], [20, 20, 55, 50]))
    boxes = [patch.get_bbox().extents.tolist() for patch in place.patches[:2]]
    assert boxes == [[10, 20, 50, 60], [20, 20, 55, 50]]
    assert sum(isinstance(patch, FancyArrowPatch) for patch in place.patches) == 3
    (place,) = plots(draw_mended([10, 20, 50, 60], [10, 20, 50, 60]))
    assert len(place.patches) == 2


def test_boxes_are_drawn_in_their_colours_and_points_over_the_last() -> None:
    boxes: list[dict[str, Any]] = [
        {"grey": [[1, 2, 11, 12]]},
        {"orange": torch.tensor([[5.0, 6, 30, 20]]), "blue": []},
    ]
    points = np.arange(10.0).reshape(1, 5, 2)
    figure = draw_boxes([PICTURE, torch.zeros(3, 40, 60)], boxes, ["one", "two"], points=points)
    one, two = plots(figure)
    assert [axis.get_title() for axis in figure.axes] == ["one", "two"]
    for axis, colour, bounds in ((one, "grey", (1, 2, 10, 10)), (two, "orange", (5, 6, 25, 14))):
        below, above = axis.patches
        assert to_hex(below.get_edgecolor()) == "#ffffff"
        assert to_hex(above.get_edgecolor()) == palette[colour].lower()
        assert below.get_bbox().bounds == above.get_bbox().bounds == bounds
        assert below.get_linewidth() > above.get_linewidth()
    assert not one.collections
    assert np.array_equal(two.collections[0].get_offsets(), points[0])
    assert_nothing_is_clipped(figure)


def test_photographs_without_their_boxes_are_refused() -> None:
    with pytest.raises(ValueError, match="images, boxes and titles are 2, 1 and 2; expected as"):
        draw_boxes([PICTURE, PICTURE], [{}])


def test_shares_are_drawn_in_per_cent() -> None:
    curves = {"new": ([12, 20], [0.3, 0.95]), "old": ([12, 20], [0.0, 0.15])}
    figure = draw_shares({"side": curves, "angle": {"new": ([0, 45], [1, 0])}})
    left, right = plots(figure)
    assert [line.get_ydata().tolist() for line in left.lines] == [[30, 95], [0, 15]]
    assert left.get_legend() is not None
    assert right.get_legend() is None
    assert right.get_xticks().tolist() == [0, 45]
    assert_nothing_is_clipped(figure)
