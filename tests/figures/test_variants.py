"""The drawings of the chapter on kinds of convolution say what the functions compute."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cvlib.figures import palette
from cvlib.figures.squares import RESULT
from cvlib.figures.variants import (
    draw_channel_products,
    draw_counts,
    draw_mixing,
    draw_reads,
    draw_sampling,
    draw_stamps,
)
from cvlib.layers import conv2d, conv_transpose2d, output_size
from tests.figures.clipping import assert_nothing_is_clipped

X = torch.tensor([[[3.0, 1, 2], [0, 4, 1], [2, 0, 5]], [[1.0, 0, 2], [2, 1, 0], [0, 3, 1]]])
WEIGHT = torch.tensor([[[[1.0, 2], [-1, 3]], [[2.0, 0], [1, -1]]]]).repeat(2, 1, 1, 1)
BIAS = torch.tensor([1.0, -30])


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts if text.get_text()]


def squares(figure: Figure, colour: str) -> list[tuple[float, float]]:
    patches = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    return [patch.get_xy() for patch in patches if to_hex(patch.get_facecolor()) == colour.lower()]


def frames(figure: Figure) -> list[tuple[float, float]]:
    found = [p for p in figure.axes[0].patches if to_hex(p.get_edgecolor()) == "#d55e00"]
    return [patch.get_xy() for patch in found if isinstance(patch, Rectangle)]


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("output", "row", "column"), list(product((0, 1), (0, 1), (0, 1))))
def test_the_sum_below_is_right(groups: int, output: int, row: int, column: int) -> None:
    weight = WEIGHT[:, : 2 // groups]
    figure = draw_channel_products(X, weight, BIAS, output, row, column, groups)
    terms, _, total = texts(figure)[-1].replace("−", "-").partition(" = ")
    assert eval(terms.replace("bias", "")) == float(total)
    assert float(total) == conv2d(X, weight, BIAS, groups=groups)[output, row, column]
    assert texts(figure).count("another group") == groups - 1
    assert texts(figure).count("products") == 2 // groups
    assert len(squares(figure, RESULT)) == 1
    assert_nothing_is_clipped(figure)


@pytest.mark.parametrize("sizes", list(product([7, 8], [3], [1, 2, 3], [0, 1], [1, 2])))
def test_reads_are_the_gradient(sizes: tuple[int, ...]) -> None:
    size, kernel_size, *walk = sizes
    figure = draw_reads(*sizes)
    x = torch.zeros(1, size, size, requires_grad=True)
    y = conv2d(x, torch.ones(1, 1, kernel_size, kernel_size), None, *walk)
    (counts,) = torch.autograd.grad(y.sum(), x, retain_graph=True)
    drawn = [int(text) for text in texts(figure) if text.isdigit()]
    assert drawn == counts.int().flatten().tolist()
    count = output_size(size, kernel_size, *walk)
    assert f"output {count} × {count}" in texts(figure)
    assert len(frames(figure)) == kernel_size**2 + 1
    (seen,) = torch.autograd.grad(y[0, count // 2, count // 2], x)
    corner = np.array(frames(figure)[:-1]) - frames(figure)[0]
    places = seen[0].nonzero().numpy()[:, ::-1]
    if len(places) == kernel_size**2:
        assert corner == pytest.approx(places - places[0])
    assert_nothing_is_clipped(figure)


@pytest.mark.parametrize(
    "sizes", [(1, 0, 0), (2, 0, 0), (2, 1, 0), (2, 1, 1), (2, 0, 1), (3, 1, 2)]
)
def test_stamps_are_the_transposed_convolution(sizes: tuple[int, int, int]) -> None:
    x, weight = torch.tensor([[1.0, 2], [3, 4]]), torch.tensor([[1.0, 0, 2], [0, 1, 0], [3, 0, 1]])
    figure = draw_stamps(x, weight, *sizes)
    stride, padding, extra = sizes
    y = conv_transpose2d(x[None], weight[None, None], None, stride, padding, extra)[0]
    expression, _, told = figure.axes[0].get_title().replace("·", "*").partition(" = ")
    assert eval(expression.replace("−", "-")) == int(told) == len(y)
    whole = len(y) + 2 * padding
    drawn = torch.tensor([int(text) for text in texts(figure) if text.isdigit()][-(whole**2) :])
    kept = drawn.view(whole, whole)[padding : whole - padding, padding : whole - padding]
    assert torch.equal(kept, y.int())
    ones = conv_transpose2d(torch.ones(1, 2, 2), torch.ones(1, 1, 3, 3), None, *sizes)
    assert len(squares(figure, RESULT)) == int((ones > 1).sum())
    assert_nothing_is_clipped(figure)


def test_each_count_is_written() -> None:
    figure = draw_counts({"a": torch.tensor([[1, 2], [0, 4]]), "b": torch.ones(1, 1)})
    assert texts(figure) == ["1", "2", "0", "4", "1"]
    assert [axes.get_title() for axes in figure.axes] == ["a", "b"]
    assert len({to_hex(patch.get_facecolor()) for patch in figure.axes[0].patches}) == 4
    assert_nothing_is_clipped(figure)


def test_each_weight_that_is_not_0_is_blue() -> None:
    figure = draw_mixing({"a": torch.tensor([[1.0, 0], [-2, 0], [0, 0]]), "b": torch.eye(3)})
    assert squares(figure, palette["sky"]) == [(0, 0), (0, 1)]
    assert figure.axes[0].get_ylabel() == "output channel"
    assert_nothing_is_clipped(figure)


def test_each_tap_is_a_dot() -> None:
    rows, columns = torch.tensor([[1.0, 2], [3, 4]]), torch.tensor([[5.0, 6], [7, 8]])
    places = {"a": (rows, columns), "b": (columns, rows)}
    figure = draw_sampling(np.zeros((12, 10, 3), np.uint8), places)
    assert [axes.get_title() for axes in figure.axes] == ["a", "b"]
    (dots,) = figure.axes[0].lines
    assert dots.get_xdata().tolist() == [5, 6, 7, 8]
    assert dots.get_ydata().tolist() == [1, 2, 3, 4]
    assert_nothing_is_clipped(figure)
