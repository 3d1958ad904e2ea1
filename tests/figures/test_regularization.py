"""The drawings of the chapter on regularization show what they are given, and clip no word."""

from __future__ import annotations

from typing import Any

import pytest
from matplotlib.collections import PathCollection

from cvlib.figures.regularization import (
    draw_comparison,
    draw_descent,
    draw_pull,
    draw_stopping,
)
from tests.figures.clipping import assert_nothing_is_clipped


def points(axes: Any) -> list[tuple[float, float]]:
    """All marks of a plot that are not part of a line."""
    marks = [item for item in axes.collections if isinstance(item, PathCollection)]
    return [(float(x), float(y)) for item in marks for x, y in item.get_offsets()]


def test_pull_has_a_curve_for_each_weight() -> None:
    paths = {"L1": [[2.0, -1.0], [1.5, -0.5], [1.0, 0.0]], "L2": [[2.0, -1.0], [1.0, -0.5]]}
    figure = draw_pull(paths)
    for axes, (name, path) in zip(figure.axes, paths.items(), strict=True):
        assert axes.get_title(loc="left") == name
        curves = [list(line.get_ydata()) for line in axes.lines[1:]]
        assert curves == [list(weights) for weights in zip(*path, strict=True)]
    assert_nothing_is_clipped(figure)


@pytest.mark.parametrize(("best", "stopped"), [(2, 3), (1, 40)])
def test_stopping_marks_both_epochs(best: int, stopped: int) -> None:
    train, held_out = [2.0 / n for n in range(1, 41)], [1 + 0.02 * n for n in range(1, 41)]
    figure = draw_stopping(train, held_out, best, stopped, title="Too long", top=2.5)
    axes = figure.axes[0]
    assert list(axes.lines[0].get_ydata()) == train
    assert list(axes.lines[1].get_ydata()) == held_out
    marks = [mark.get_segments()[0].tolist() for mark in axes.collections]
    assert marks == [[[best, 0], [best, 2.5]], [[stopped, 0], [stopped, 2.5]]]
    assert [text.get_text() for text in axes.texts] == ["keep", "stop"]
    assert axes.get_ylim() == pytest.approx((0, 2.55))
    assert_nothing_is_clipped(figure)


def test_comparison_has_a_row_for_each_way_the_first_on_top() -> None:
    results = {
        "nothing": [(1.0, 0.75), (1.0, 0.77)],
        "decoupled weight decay": [(0.95, 0.8), (0.9, 0.84)],
    }
    figure = draw_comparison(results, title="The gap closes from both sides")
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(results)
    assert axes.yaxis_inverted()
    shown = points(axes)
    for row, accuracies in enumerate(results.values()):
        for part in (0, 1):
            values = [pair[part] for pair in accuracies]
            for value in (*values, sum(values) / 2):
                assert (pytest.approx(value), row) in shown
    assert_nothing_is_clipped(figure)


def test_descent_draws_medians_spreads_and_the_peak() -> None:
    train, test = [[1.0, 2.0, 9.0], [0.0, 1e-9, 0.0]], [[3.0, 1.0, 2.0], [4.0, 8.0, 6.0]]
    limits = (0.01, 100.0)
    figure = draw_descent([2, 5], train, test, examples=5, title="A peak", limits=limits)
    axes = figure.axes[0]
    assert list(axes.lines[0].get_ydata()) == [2.0, 0.01]  # cut off where the axis ends
    assert list(axes.lines[1].get_ydata()) == [2.0, 6.0]
    assert list(axes.lines[2].get_xdata()) == [5, 5]
    heights = axes.collections[1].get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (1.0, 8.0)
    assert (axes.get_xscale(), axes.get_yscale(), axes.get_ylim()) == ("log", "log", limits)
    assert_nothing_is_clipped(figure)
