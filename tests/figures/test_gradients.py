"""What is left of a gradient is drawn at the layers where it was measured."""

from __future__ import annotations

import numpy as np

from cvlib.figures import gradients, new_figure
from cvlib.figures.gradients import draw_gradients, plot_gradients
from tests.figures.clipping import assert_nothing_is_clipped


def test_gradients_are_drawn_at_the_layers_behind_each_block() -> None:
    norms = {"plain": [1e-9, 0.0, 1.0], "residual": [3.0, 2.0, 1.0]}
    figure = draw_gradients(norms, 6, title="On the way back", limits=(1e-12, 10))
    (axes,) = figure.axes
    for line, (name, values) in zip(axes.lines, norms.items(), strict=True):
        assert line.get_label() == name
        assert np.array(line.get_xdata()).tolist() == [2, 4, 6]
        assert np.array(line.get_ydata()).tolist() == [
            value or gradients._LEAST for value in values
        ]
    assert axes.get_ylim() == (1e-12, 10)
    assert_nothing_is_clipped(figure)


def test_many_layers_have_a_point_each_and_whole_numbers_below() -> None:
    figure = draw_gradients({"sigmoid": [2.0**-n for n in range(50, 0, -1)]}, 50, limits=(1e-16, 1))
    (axes,) = figure.axes
    assert np.array(axes.lines[0].get_xdata()).tolist() == list(range(1, 51))
    assert all(tick == round(tick) for tick in axes.get_xticks())
    assert axes.get_legend() is not None


def test_curves_in_other_axes_have_no_legend() -> None:
    _, axes = new_figure(1, 2)
    plot_gradients(axes[0, 1], {"one": [0.1, 1.0], "two": [1.0, 1.0]}, 2, limits=(1e-3, 10))
    assert not axes[0, 0].lines
    first, second = axes[0, 1].lines
    assert first.get_linestyle() != second.get_linestyle()
    assert axes[0, 1].get_legend() is None
