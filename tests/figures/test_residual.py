"""The drawings of the chapter on residual networks show what they are given, and clip no word."""

from __future__ import annotations

import numpy as np
import pytest

from cvlib.figures import residual
from cvlib.figures.residual import (
    draw_accuracies,
    draw_orders,
    draw_removed,
    draw_roads,
)
from tests.figures.clipping import assert_nothing_is_clipped


@pytest.mark.parametrize(
    ("slopes", "plain", "around"),
    [
        ([0.1, -0.2, 0.3], ["1", "0.3", "−0.06", "−0.006"], ["1", "1.3", "1.04", "1.144"]),
        ([-0.5, 2.0], ["1", "2", "−1"], ["1", "3", "1.5"]),
    ],
)
def test_roads_have_the_gradient_below_each_number(
    slopes: list[float], plain: list[str], around: list[str]
) -> None:
    figure = draw_roads(slopes)
    for axes, expected in zip(figure.axes, (plain, around), strict=True):
        gradients = [
            text.get_text()
            for text in axes.texts
            if text.get_color() == residual._GRADIENT and text.get_text() != "gradient"
        ]
        assert gradients == expected
    counts = [len(axes.texts) for axes in figure.axes]
    assert counts[1] - counts[0] == 2 * len(slopes)  # a road and its 1 around each function
    assert_nothing_is_clipped(figure)


def test_accuracies_have_a_line_for_each_seed() -> None:
    reached = {"plain": [[0.9, 0.8], [0.5, 0.3]], "residual": [[1.0, 0.9], [0.9, 0.8]]}
    figure = draw_accuracies([8, 56], reached, title="Deeper")
    (axes,) = figure.axes
    drawn = [np.array(line.get_ydata()).tolist() for line in axes.lines]
    assert drawn == [[0.9, 0.5], [0.8, 0.3], [1.0, 0.9], [0.9, 0.8]]
    assert axes.get_legend_handles_labels()[1] == ["plain", "residual"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["8", "56"]
    assert_nothing_is_clipped(figure)


def test_a_seed_ends_where_it_was_not_trained_deeper() -> None:
    reached = {"plain": [[0.9, 0.8], [0.5, 0.4], [0.3]]}
    (axes,) = draw_accuracies([8, 20, 56], reached, title="Deeper").axes
    first, second = (
        (np.array(line.get_xdata()).tolist(), np.array(line.get_ydata()).tolist())
        for line in axes.lines
    )
    assert first == ([0, 1, 2], [0.9, 0.5, 0.3])
    assert second == ([0, 1], [0.8, 0.4])


def test_removed_blocks_have_a_point_each_beside_the_whole() -> None:
    removed = {"plain": [0.1, 0.2, 0.1], "residual": [0.5, 0.9, 0.9]}
    figure = draw_removed({"plain": 0.8, "residual": 0.95}, removed, title="One block less")
    (axes,) = figure.axes
    lines = {line.get_label(): line for line in axes.lines}
    assert np.array(lines["residual"].get_ydata()).tolist() == removed["residual"]
    assert np.array(lines["residual"].get_xdata()).tolist() == [1, 2, 3]
    assert set(np.array(lines["plain, whole"].get_ydata()).tolist()) == {0.8}
    assert_nothing_is_clipped(figure)


def test_orders_have_their_layers_and_one_relu_stands_behind_the_sum() -> None:
    figure = draw_orders()
    post, pre = (
        sorted(
            ((text.get_position()[1], text.get_text()) for text in axes.texts if text.get_text()),
        )
        for axes in figure.axes
    )
    half = ["convolution", "normalization", "ReLU"]
    assert [name for _, name in post] == ["$x$", *half, *half[:2], "+", "ReLU"]
    assert [name for _, name in pre] == ["$x$", *[*half[1:], half[0]] * 2, "+"]
    assert_nothing_is_clipped(figure)
