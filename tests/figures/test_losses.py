"""The drawings of the chapter on losses show what they are given, and clip no word."""

from __future__ import annotations

import pytest
import torch
from matplotlib.patches import FancyBboxPatch

from cvlib.figures import losses
from cvlib.figures.losses import (
    draw_curves,
    draw_densities,
    draw_fits,
    draw_focal,
    draw_graph,
)
from cvlib.training.backpropagation import Node, backward, cross_entropy, linear, relu
from tests.figures.clipping import assert_nothing_is_clipped


def test_densities_and_their_logarithms() -> None:
    x = torch.linspace(-3, 3, 7)
    logs = {"Gaussian": -x.square() / 2 - 1, "Laplace": -x.abs()}
    figure = draw_densities(x, logs)
    left, right = figure.axes
    for name, density, loss in zip(logs, left.lines, right.lines, strict=True):
        assert density.get_label() == loss.get_label() == name
        assert list(density.get_ydata()) == logs[name].exp().tolist()
        assert list(loss.get_ydata()) == (logs[name].max() - logs[name]).tolist()
        assert min(loss.get_ydata()) == 0
    assert_nothing_is_clipped(figure)


def test_fits_are_lines_through_the_whole_width() -> None:
    x, y = torch.tensor([2.0, -1.0, 4.0]), torch.tensor([0.0, 1.0, 7.0])
    figure = draw_fits(x, y, {"L1": (2.0, 1.0), "MSE": (0.0, 3.0)}, title="Two lines")
    points, *lines = figure.axes[0].lines
    assert list(points.get_xdata()) == x.tolist()
    assert list(points.get_ydata()) == y.tolist()
    assert [(line.get_label(), list(line.get_ydata())) for line in lines] == [
        ("L1", [-1.0, 9.0]),
        ("MSE", [3.0, 3.0]),
    ]
    assert_nothing_is_clipped(figure)


@pytest.mark.parametrize("mark", [None, 0.5])
def test_curves_show_loss_and_gradient(mark: float | None) -> None:
    x = torch.linspace(-2, 2, 5)
    curves = {"MSE": (x.square(), 2 * x), "L1": (x.abs(), x.sign())}
    figure = draw_curves(x, curves, xlabel="error", limits=((-1, 5), (-4, 4)), mark=mark)
    for number, axes in enumerate(figure.axes):
        named = {str(line.get_label()): line for line in axes.lines}
        for name, pair in curves.items():
            assert list(named[name].get_ydata()) == pair[number].tolist()
        straight = [line for line in axes.lines if list(line.get_xdata()) == [mark, mark]]
        assert len(straight) == (mark is not None)
        assert axes.get_ylim() == ((-1, 5), (-4, 4))[number]
    assert_nothing_is_clipped(figure)


def test_focal_losses_beside_the_share_of_the_hard() -> None:
    p, gammas = torch.tensor([0.1, 0.5, 0.99]), torch.tensor([0.0, 1.0, 2.0])
    curves = {"cross entropy": -p.log(), "focal": -((1 - p) ** 2) * p.log()}
    shares = torch.tensor([0.2, 0.7, 1.0])
    figure = draw_focal(p, curves, {"hard": 0.1, "easy": 0.99}, gammas, shares)
    left, right = figure.axes
    named = {str(line.get_label()): line for line in left.lines}
    for name, loss in curves.items():
        assert list(named[name].get_ydata()) == loss.tolist()
    straight = [list(line.get_xdata()) for line in left.lines[len(curves) :]]
    assert straight == [[0.1, 0.1], [0.99, 0.99]]
    assert [text.get_text().strip() for text in left.texts] == ["hard", "easy"]
    assert list(right.lines[0].get_xdata()) == gammas.tolist()
    assert list(right.lines[0].get_ydata()) == shares.tolist()
    assert_nothing_is_clipped(figure)


def test_graph_has_a_box_for_each_node_and_two_arrows_for_each_edge() -> None:
    x = Node(torch.tensor([1.0, 2.0]), "x")
    weight, bias = Node(torch.tensor([[1.0, -1.0], [0.5, 0.5]]), "W"), Node(torch.zeros(2), "b")
    loss = cross_entropy(relu(linear(x, weight, bias, "z"), "h"), torch.tensor(0))
    backward(loss)
    figure = draw_graph(loss)
    (axes,) = figure.axes
    words = [text.get_text() for text in axes.texts]
    boxes = [patch for patch in axes.patches if isinstance(patch, FancyBboxPatch)]
    assert len(boxes) == 6
    assert words.count("") == 2 * 5
    for node in loss.graph():
        start = words.index(node.name)
        lines = losses._rows(node.value) + losses._rows(node.gradient)
        assert words[start + 1 : start + 1 + len(lines)] == lines
    assert losses._rows(weight.value) == ["1.00  −1.00", "0.50  0.50"]
    assert losses._rows(torch.tensor([-0.001])) == ["0.00"]
    for i, one in enumerate(boxes):
        for other in boxes[i + 1 :]:
            assert not one.get_window_extent().overlaps(other.get_window_extent())
    assert_nothing_is_clipped(figure)


def test_a_node_of_too_many_inputs_is_refused() -> None:
    leaf = Node(torch.zeros(1))
    with pytest.raises(ValueError, match="more than three others"):
        draw_graph(Node(torch.zeros(1), "y", (leaf, leaf, leaf, leaf)))
