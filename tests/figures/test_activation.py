"""The drawings of the chapter on activation functions show what they are given, unclipped."""

from __future__ import annotations

import torch

from cvlib.figures import activation, gradients
from cvlib.figures.activation import draw_activation, draw_bends, draw_silent
from tests.figures.clipping import assert_nothing_is_clipped


def test_bends_have_a_plot_each() -> None:
    x = torch.linspace(-4, 4, 9)
    curves = {f"no. {n}": (x.sigmoid() * n, x.cos() * n) for n in range(5)}
    figure = draw_bends(x, curves, title="Five bends")
    shown = [axes for axes in figure.axes if axes.lines]
    assert [axes.get_title() for axes in shown] == list(curves)
    for axes, pair in zip(shown, curves.values(), strict=True):
        lines = {line.get_label(): line for line in axes.lines}
        for name, values in zip(("function", "derivative"), pair, strict=True):
            assert list(lines[name].get_ydata()) == values.tolist()
    assert_nothing_is_clipped(figure)


def test_activation_shows_function_derivative_and_norms() -> None:
    x = torch.linspace(-4, 4, 9)
    figure = draw_activation(x, x.sigmoid(), x.cos(), [1e-9, 0.0, 1.0])
    left, right = figure.axes
    lines = {line.get_label(): line for line in left.lines}
    assert list(lines["function"].get_ydata()) == x.sigmoid().tolist()
    assert list(lines["derivative"].get_ydata()) == x.cos().tolist()
    assert list(right.lines[0].get_xdata()) == [1, 2, 3]
    assert right.get_legend() is None
    assert list(right.lines[0].get_ydata()) == [1e-9, gradients._LEAST, 1.0]
    assert_nothing_is_clipped(figure)


def test_silent_units_have_a_mark_for_each_seed() -> None:
    shares = {"ReLU": [[0.1, 0.3, 0.2], [0.8, 1.0, 0.9]], "leaky": [[0.0, 0.1], [0.6, 0.8]]}
    figure = draw_silent([0.01, 0.1], shares, title="They die")
    marks = {"ReLU": [], "leaky": []}  # type: ignore[var-annotated]
    for line in figure.axes[0].lines:
        colour = line.get_color()
        name = "ReLU" if colour == activation.palette["blue"] else "leaky"
        marks[name].append((list(line.get_xdata()), list(line.get_ydata())))
    assert marks["ReLU"] == [
        ([0.01, 0.1], [0.2, 0.9]),
        ([0.01] * 3, [0.1, 0.3, 0.2]),
        ([0.1] * 3, [0.8, 1.0, 0.9]),
    ]
    assert len(marks["leaky"]) == 3
    assert_nothing_is_clipped(figure)
