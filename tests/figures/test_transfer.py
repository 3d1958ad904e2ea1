"""The drawings of the chapter on transfer show what they are given, and clip no word."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from cvlib.figures import palette
from cvlib.figures.transfer import (
    _KEPT,
    _NEW,
    draw_answers,
    draw_cosines,
    draw_map,
    draw_neighbours,
    draw_plan,
    draw_unfrozen,
)
from tests.figures.clipping import assert_nothing_is_clipped


@pytest.mark.parametrize("learning", [0, 5, 19])
def test_a_plan_has_a_box_for_each_block_and_colours_what_learns(learning: int) -> None:
    figure = draw_plan(19, learning, title="What is kept")
    (axes,) = figure.axes
    fills = [to_hex(patch.get_facecolor()).upper() for patch in axes.patches]
    assert len(fills) == 20
    assert fills.count(_NEW) == learning + 1
    assert fills[-1] == _NEW
    assert ("goes on learning" in [text.get_text() for text in axes.texts]) == (learning > 0)
    assert_nothing_is_clipped(figure)


def test_answers_have_a_bar_each() -> None:
    answers = [[("Egyptian cat", 0.72), ("tiger cat", 0.14)], [("espresso", 0.99), ("cup", 0.01)]]
    figure = draw_answers(torch.rand(2, 3, 20, 30), answers, title="A cat and a cup")
    for axes, expected in zip(figure.axes[1::2], answers, strict=True):
        assert [bar.get_width() for bar in axes.patches] == [value for _, value in expected]
        words = [f"{name} {value:.2f}" for name, value in expected]
        assert [text.get_text() for text in axes.texts] == words
    assert_nothing_is_clipped(figure)


def test_neighbours_of_another_class_have_another_colour() -> None:
    near = [(torch.rand(3, 8, 8), name) for name in ("cat", "automobile", "cat")]
    rows = {"pixels": near, "7 blocks": near[::-1], "features": near}
    figure = draw_neighbours(torch.rand(3, 8, 8), "cat", rows, title="Near")
    titles = [axes.title for axes in figure.axes]
    named = {text.get_text(): to_hex(text.get_color()).upper() for text in titles}
    assert named["automobile"] == palette["vermillion"]
    assert named["cat"] == "#222222"
    assert [len(axes.images) for axes in figure.axes] == [1, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1]
    shown = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert shown == list(rows)
    assert_nothing_is_clipped(figure)


def test_a_map_has_the_points_of_the_classes_that_are_named() -> None:
    points, labels = torch.rand(9, 2), torch.arange(9) % 3
    figure = draw_map({"pixels": points, "features": -points}, labels, {0: "a", 2: "c"}, title="M")
    for axes, sign in zip(figure.axes, (1, -1), strict=True):
        for drawn, label in zip(axes.collections, (0, 2), strict=True):
            expected = sign * points[labels == label].numpy()
            np.testing.assert_allclose(np.asarray(drawn.get_offsets()), expected)
    assert_nothing_is_clipped(figure)


def test_cosines_have_a_point_each_and_the_right_ones_another_mark() -> None:
    cosines = torch.tensor([[0.96, -0.5, -0.01], [0.1, 0.7, 1.0]])
    captions = ["yellow three", "green two"]
    figure = draw_cosines(cosines, [0, 2], torch.rand(2, 3, 8, 8), captions, title="Pairs")
    axes = figure.axes[0]
    others, right = (np.asarray(points.get_offsets()) for points in axes.collections)
    np.testing.assert_allclose(others, [[0, -0.5], [0, -0.01], [1, 0.1], [1, 0.7]], atol=1e-6)
    np.testing.assert_allclose(right, [[0, 0.96], [1, 1.0]], atol=1e-6)
    words = [label.get_text().replace("\n", " ") for label in axes.get_xticklabels()]
    assert words == captions
    assert len(axes.child_axes) == 2
    assert_nothing_is_clipped(figure)


@pytest.mark.parametrize("learning", [0, 5, 19])
def test_unfrozen_blocks_stand_above_what_they_reached(learning: int) -> None:
    reached = {0: [0.5, 0.6], 5: [0.65, 0.75], 19: [0.7, 0.8]}
    rivals = {"linear, on features": 0.6, "small network, from nothing": 0.45}
    figure = draw_unfrozen(
        reached, learning, blocks=19, rivals=rivals, title="Which learn", limits=(0.2, 0.9)
    )
    row, place = figure.axes
    fills = [to_hex(patch.get_facecolor()).upper() for patch in row.patches]
    assert fills == [_KEPT] * (19 - learning) + [_NEW] * (learning + 1)
    assert [text.get_text() for text in row.texts] == ["19 blocks", "head"]
    means, *seeds = place.lines[:4]
    assert np.allclose(means.get_ydata(), [0.55, 0.7, 0.75])
    assert [list(line.get_ydata()) for line in seeds] == list(reached.values())
    chosen = list(reached).index(learning)
    colours = [line.get_color() for line in seeds]
    assert [colour == palette["vermillion"] for colour in colours] == [
        n == chosen for n in range(3)
    ]
    assert [text.get_text() for text in place.texts] == [f"{sum(reached[learning]) / 2:.2f}"]
    assert place.get_legend_handles_labels()[1] == list(rivals)
    assert [label.get_text() for label in place.get_xticklabels()] == ["0", "5", "19"]
    assert_nothing_is_clipped(figure)
