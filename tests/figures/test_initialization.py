"""The drawings of the chapter on initialization show what they are given, and clip no word."""

from __future__ import annotations

import numpy as np

from cvlib.figures import initialization
from cvlib.figures.initialization import (
    draw_scales,
    draw_signals,
    draw_singular_values,
    draw_sizes,
)
from cvlib.layers import LayerSignal
from tests.figures.clipping import assert_nothing_is_clipped


def test_sizes_have_a_line_and_marks_each() -> None:
    measured = {"gain 2": [2.1, 3.0, 4.2], "gain 1": [1.0, 0.6, 0.5]}
    expected = {"gain 2": [2.0, 2.8, 4.0], "gain 1": [1.0, 0.7, 0.5]}
    figure = draw_sizes(measured, expected, title="Half of it")
    lines = figure.axes[0].lines
    for number, name in enumerate(measured):
        line, marks = lines[2 * number : 2 * number + 2]
        assert list(line.get_ydata()) == expected[name]
        assert list(marks.get_ydata()) == measured[name]
        assert list(marks.get_xdata()) == [1, 2, 3]
        assert marks.get_label() == name
        assert line.get_color() == marks.get_color()
    assert_nothing_is_clipped(figure)


def test_signals_have_three_lines_for_each_draw() -> None:
    draws = [
        [LayerSignal("0", 1.0, 0.5, 1e-3), LayerSignal("2", 0.9, 0.4, 1.0)],
        [LayerSignal("0", 1.1, 0.6, 1e-2), LayerSignal("2", 0.8, 0.3, 1.0)],
    ]
    figure = draw_signals(draws, limits=(1e-6, 1e2), title="At the start")
    lines = figure.axes[0].lines
    for number, signals in enumerate(draws):
        for place, field in enumerate(("size", "spread", "gradient")):
            line = lines[3 * number + place]
            assert list(line.get_ydata()) == [getattr(signal, field) for signal in signals]
    assert figure.axes[0].get_ylim() == (1e-6, 1e2)
    (legend,) = figure.legends
    assert len(legend.get_texts()) == 3
    assert_nothing_is_clipped(figure)


def test_a_spread_ends_where_it_is_rounding() -> None:
    sizes = [LayerSignal("", 1.0, spread, 1.0) for spread in (1e-3, 1e-11, 1e-13, 1e-2)]
    figure = draw_signals([sizes], limits=(1e-20, 10))
    assert list(figure.axes[0].lines[1].get_ydata()) == [1e-3, 1e-11]
    assert len(figure.axes[0].lines[0].get_ydata()) == 4


def test_singular_values_share_an_axis_and_end_where_they_are_rounding() -> None:
    values = {"normal": {1: [2.0, 0.5], 10: [9.0, 1e-15]}, "orthogonal": {1: [1.0, 1.0]}}
    figure = draw_singular_values(values, title="Skewed")
    left, right = figure.axes
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["normal", "orthogonal"]
    assert list(left.lines[0].get_ydata()) == [2.0, 0.5]
    assert list(left.lines[1].get_ydata()) == [9.0]
    assert right.get_ylim() == left.get_ylim()
    assert left.get_ylim()[0] == initialization._LEAST_STRETCH
    assert_nothing_is_clipped(figure)


def test_scales_show_each_seed_the_medians_and_what_failed() -> None:
    accuracies = {
        "plain": [[0.1, 0.11, 0.1], [0.8, 0.95, 0.9], []],
        "normalized": [[0.9], [0.95], [0.7]],
    }
    figure = draw_scales(["1/2", "1", "2"], accuracies, chance=0.1, title="One works")
    place = figure.axes[0]
    labels = [line.get_label() for line in place.lines]
    medians = place.lines[labels.index("plain")]
    assert list(medians.get_xdata()) == [0, 1]
    assert list(medians.get_ydata()) == [0.1, 0.9]
    seeds = [list(line.get_ydata()) for line in place.lines]
    assert [0.8, 0.95, 0.9] in seeds
    crosses = place.lines[labels.index("plain: the loss is no number")]
    assert list(crosses.get_xdata()) == [2]
    assert "normalized: the loss is no number" not in labels
    assert [tick.get_text() for tick in place.get_xticklabels()] == ["1/2", "1", "2"]
    assert np.isclose(place.texts[0].get_position()[1], 0.12)
    assert_nothing_is_clipped(figure)
