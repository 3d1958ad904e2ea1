"""The drawings of the chapter on schedules show what they are given, and clip no word."""

from __future__ import annotations

import pytest

from cvlib.figures.schedules import (
    draw_curves,
    draw_outcomes,
    draw_range_test,
    draw_schedule,
    draw_schedules,
)
from cvlib.training.schedules import RangeTest
from tests.figures.clipping import assert_nothing_is_clipped


@pytest.mark.parametrize("count", [2, 3, 8])
def test_schedules_have_a_plot_each(count: int) -> None:
    schedules = {f"schedule {n}": [1.0, n / 8, 0.0] for n in range(count)}
    figure = draw_schedules(schedules, title="Shapes of schedules")
    shown = figure.axes
    assert [axes.get_title(loc="left") for axes in shown] == list(schedules)
    for axes, factors in zip(shown, schedules.values(), strict=True):
        assert list(axes.lines[0].get_ydata()) == factors
        low, high = axes.get_ylim()
        assert low <= 0
        assert high > 1
    assert_nothing_is_clipped(figure)


def test_a_schedule_says_its_mean() -> None:
    figure = draw_schedule([0.5, 1.0, 0.0, 0.0], title="triangle, warm-up 30 %")
    (axes,) = figure.axes
    assert axes.get_title(loc="left") == "triangle, warm-up 30 %: mean 0.38, from 0.5 to 0"
    assert list(axes.lines[0].get_ydata()) == [0.5, 1.0, 0.0, 0.0]
    assert set(axes.lines[1].get_ydata()) == {0.375}
    assert_nothing_is_clipped(figure)


@pytest.mark.parametrize("logarithmic", [True, False])
def test_curves_are_those_given(logarithmic: bool) -> None:
    curves = {"small": [2.0, 1.5], "right": [1.0, 0.1], "large": [3.0, 4.0]}
    figure = draw_curves(
        curves, title="Three", xlabel="epoch", ylabel="loss", first=1, logarithmic=logarithmic
    )
    (axes,) = figure.axes
    for line, (name, values) in zip(axes.lines, curves.items(), strict=True):
        assert line.get_label() == name
        assert list(line.get_xdata()) == [1, 2]
        assert list(line.get_ydata()) == values
    assert axes.get_yscale() == ("log" if logarithmic else "linear")
    assert_nothing_is_clipped(figure)


def test_several_runs_have_a_curve_each_and_one_name() -> None:
    runs = {"small": [[2.0, 1.5], [2.1, 1.4], [2.2, 1.3]], "right": [1.0, 0.1]}
    (axes,) = draw_curves(runs, title="Runs", xlabel="epoch", ylabel="loss").axes
    assert [list(line.get_ydata()) for line in axes.lines] == [*runs["small"], runs["right"]]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["small", "right"]
    assert len({(line.get_color(), line.get_linestyle()) for line in axes.lines}) == 2


def test_outcomes_show_every_seed_and_their_mean() -> None:
    outcomes = {"constant": [[0.8, 0.9], [0.1, 0.3]], "cosine": [[0.9, 0.9], [0.9, 0.8]]}
    figure = draw_outcomes([0.1, 1.0], outcomes, title="Rates")
    (axes,) = figure.axes
    means = {line.get_label(): line for line in axes.lines}
    assert list(means["constant"].get_ydata()) == pytest.approx([0.85, 0.2])
    assert list(means["cosine"].get_ydata()) == pytest.approx([0.9, 0.85])
    marks = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert [list(line.get_ydata()) for line in marks] == [
        seeds for values in outcomes.values() for seeds in values
    ]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0.1", "1"]
    assert_nothing_is_clipped(figure)


def test_range_test_marks_the_lowest_loss_and_the_suggestion() -> None:
    test = RangeTest([1e-3, 1e-2, 1e-1, 1.0], [2.0, 1.5, 0.5, 9.0])
    figure = draw_range_test(test, title="Up and away", highest=100, top=3)
    (axes,) = figure.axes
    curve, lowest, suggestion = axes.lines
    assert list(curve.get_xdata()) == pytest.approx([1e-3, 1e-2, 1e-1, 1, 10, 100])
    assert list(curve.get_ydata()) == [2.0, 1.5, 0.5, 3, 3, 3]  # what exploded is at the top
    assert (lowest.get_xdata()[0], lowest.get_ydata()[0]) == (0.1, 0.5)
    assert suggestion.get_xdata()[0] == pytest.approx(0.01)
    assert axes.get_ylim() == (0, 3)
    assert_nothing_is_clipped(figure)
    (axes,) = draw_range_test(test, title="Less of it", highest=0.1, top=3).axes
    assert list(axes.lines[0].get_ydata()) == [2.0, 1.5, 0.5]
