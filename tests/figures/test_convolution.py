"""The drawings of the chapter on convolution say what the functions compute, and clip no word."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cvlib.figures import palette
from cvlib.figures import squares as paper
from cvlib.figures.convolution import (
    draw_cross_correlation,
    draw_filter,
    draw_learning,
    draw_output_size,
    draw_unfold,
)
from cvlib.layers import conv2d, output_size
from tests.figures.clipping import assert_nothing_is_clipped

X = torch.tensor([[3.0, 1, 2], [0, 4, 1], [2, 0, 5]])
WEIGHT = torch.tensor([[1.0, 2], [-1, 3]])


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts if text.get_text()]


def squares(figure: Figure, colour: str, filled: bool = True) -> list[tuple[float, float]]:
    """List the corners (x, y) of the squares filled, or framed, with a colour."""
    found = []
    for patch in figure.axes[0].patches:
        assert isinstance(patch, Rectangle)
        shade = patch.get_facecolor() if filled else patch.get_edgecolor()
        if to_hex(shade) == colour.lower() and patch.get_facecolor()[3] == filled:
            found.append(patch.get_xy())
    return found


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("place", [(0, 0), (0, 1), (1, 1)])
def test_the_sum_below_is_right(channels: int, place: tuple[int, int]) -> None:
    x, weight = X.expand(channels, 3, 3), WEIGHT.expand(channels, 2, 2)
    figure = draw_cross_correlation(x, weight, *place)
    terms, _, total = texts(figure)[-1].replace("−", "-").partition(" = ")
    assert eval(terms.replace("·", "*").replace("\n", "")) == float(total)
    assert float(total) == conv2d(x, weight[None])[0][place]
    assert "+ −" not in texts(figure)[-1]
    (left, top), corner = squares(figure, paper.RESULT)[0], (8.2, (4 * channels - 3) / 2)
    assert (left, top) == pytest.approx((corner[0] + place[1], corner[1] + place[0]))
    assert_nothing_is_clipped(figure)


def test_the_window_is_coloured() -> None:
    figure = draw_cross_correlation(X, WEIGHT, row=1, column=0)
    assert squares(figure, paper.SEEN) == [(0, 1), (1, 1), (0, 2), (1, 2)]
    assert len(squares(figure, paper.RESULT)) == 1


@pytest.mark.parametrize("sizes", list(product([3, 2], [1, 2, 3], [0, 1], [1, 2])))
def test_every_frame_of_the_arithmetic(sizes: tuple[int, int, int, int]) -> None:
    kernel_size, stride, padding, dilation = sizes
    figure = draw_output_size(7, *sizes)
    count, padded = output_size(7, *sizes), 7 + 2 * padding
    formula = figure.axes[0].get_title().translate(str.maketrans("⌊⌋·−", "()*-"))
    expression, _, told = formula.partition(" = ")
    assert eval(expression.replace("/", "//")) == int(told) == count
    assert f"output {count} × {count}" in texts(figure)
    assert len(squares(figure, paper.SEEN)) == kernel_size**2 + 1
    frames = squares(figure, palette["vermillion"], filled=False)
    assert len(frames) == kernel_size**2 + 1
    taps = np.array(frames[:-1]) - np.array(squares(figure, paper.SEEN)[:-1])
    assert np.ptp(taps, axis=0).tolist() == pytest.approx([0, 0])
    assert taps[0] == pytest.approx([stride * (count - 1) + 0.12] * 2)
    x = torch.zeros(1, 7, 7, requires_grad=True)
    y = conv2d(x, torch.ones(1, 1, kernel_size, kernel_size), None, stride, padding, dilation)
    y.sum().backward()
    assert x.grad is not None
    outside = padded**2 - 49
    crosses = sum(text == "×" for text in texts(figure))
    never = int((x.grad == 0).sum())
    assert never <= crosses <= never + outside
    assert crosses == never or padding
    assert_nothing_is_clipped(figure)


def test_zeros_of_the_padding_are_told_from_pixels() -> None:
    assert texts(draw_output_size(3, 3, padding=1)).count("0") == 16


def test_a_kernel_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="spans 9 pixels"):
        draw_output_size(7, 5, dilation=2)


def test_columns_have_the_numbers_and_the_colours_of_their_windows() -> None:
    x = torch.tensor([[3, 1, 2, 7, 8], [0, 4, 1, 6, 9]])
    figure = draw_unfold(x, 2)
    assert "".join(texts(figure)[-16:]) == "3127 1278 0416 4169".replace(" ", "")
    for colour in paper.WINDOWS:
        lefts = [x for x, _ in squares(figure, colour)]
        assert lefts[4:] == [lefts[4]] * 4
    assert_nothing_is_clipped(figure)


def test_more_windows_than_colours_are_refused() -> None:
    with pytest.raises(ValueError, match="x has 9 windows; expected at most 4"):
        draw_unfold(torch.zeros(4, 4), 2)


@pytest.mark.parametrize(
    ("kernel", "value", "title", "limits"),
    [
        (torch.full((5, 5), 0.04), -8, "kernel, sum 1", (0, 255)),
        (torch.tensor([[-1.0, 0, 1]]), -8, "kernel, sum 0", (-8, 8)),
        (torch.tensor([[0.0]]), 0, "kernel, sum 0", (-1, 1)),
    ],
)
def test_filter_is_shown_on_the_scale_of_its_kernel(
    kernel: torch.Tensor, value: float, title: str, limits: tuple[float, float]
) -> None:
    result = torch.full((9, 9), float(value))
    figure = draw_filter(np.zeros((9, 9), np.uint8), kernel, result)
    assert figure.axes[1].get_title() == title
    assert figure.axes[2].images[0].get_clim() == pytest.approx(limits)
    assert_nothing_is_clipped(figure)


def test_learning_shows_each_loss_and_each_kernel() -> None:
    losses = {"noise": [4.0, 2.0, 1.0], "photograph": [3.0, 2.5]}
    kernels = {"true": WEIGHT, "photograph": WEIGHT - 0.126}
    figure = draw_learning(losses, kernels, title="Learnt")
    for line, (name, values) in zip(figure.axes[0].lines, losses.items(), strict=True):
        assert line.get_label() == name
        assert list(line.get_ydata()) == values
        assert list(line.get_xdata()) == list(range(1, len(values) + 1))
    assert [axes.get_title() for axes in figure.axes[1:]] == list(kernels)
    assert texts(figure)[-4:] == ["0.87", "1.87", "−1.13", "2.87"]
    assert_nothing_is_clipped(figure)


def test_numbers_are_written_as_on_paper() -> None:
    numbers = [1.0, -1.0, 0.04, -0.001, 1.204, 10.0]
    assert [paper.numeral(n) for n in numbers] == ["1", "−1", "0.04", "0", "1.2", "10"]
