"""The drawings of the chapter on pooling say what the functions compute, and clip no word."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from matplotlib.patches import Rectangle

from cvlib.data import photograph
from cvlib.figures.pooling import draw_corners, draw_pooling, draw_shift
from cvlib.figures.squares import WINDOWS
from tests.figures.clipping import assert_nothing_is_clipped
from tests.figures.test_convolution import squares, texts

X = torch.tensor([[1.0, 3, 2, 0], [5, 2, 1, 4], [0, 1, 7, 3], [2, 6, 4, 8]])


def test_each_window_has_its_colour_and_its_numbers() -> None:
    figure = draw_pooling(X)
    assert texts(figure)[-10:] == [
        *("5", "4", "6", "8", "maximum"),
        *("2.75", "1.75", "2.25", "5.5", "average"),
    ]
    assert [len(squares(figure, colour)) for colour in WINDOWS] == [6] * 4
    assert squares(figure, WINDOWS[1])[:4] == [(2, 0), (3, 0), (2, 1), (3, 1)]
    assert_nothing_is_clipped(figure)


@pytest.mark.parametrize("size", [2, 5, 6])
def test_lines_lead_to_the_places_that_are_mixed(size: int) -> None:
    row = [10.0, 30, 20]
    figure = draw_corners(row, size)
    for axes, aligned in zip(figure.axes, (False, True), strict=True):
        places = [float(line.get_xdata()[0]) for line in axes.lines if len(line.get_xdata()) == 2]
        expected = np.interp(places, range(3), row)
        x = torch.tensor([[row]])
        by_torch = F.interpolate(x, size, mode="linear", align_corners=aligned)[0, 0]
        np.testing.assert_allclose(by_torch, expected, atol=1e-5)
        told = [float(text.get_text()) for text in axes.texts]
        np.testing.assert_allclose(told, [*row, *expected], atol=0.006)
        boxes = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
        assert len(boxes) == 3 + size
    ends = [box.get_x() for box in figure.axes[0].patches if isinstance(box, Rectangle)]
    assert ends[3] == pytest.approx(-0.5)
    assert_nothing_is_clipped(figure)


@pytest.mark.parametrize(("kernel_size", "stride"), [(2, 2), (3, 2), (4, 4), (3, 1)])
@pytest.mark.parametrize("shift", range(5))
def test_a_shift_by_strides_makes_no_difference(shift: int, kernel_size: int, stride: int) -> None:
    figure = draw_shift(photograph("camera")[100:180, 200:272], shift, kernel_size, stride)
    share = int(figure.axes[2].get_title().removeprefix("different: ").removesuffix(" %"))
    assert (share == 0) == (shift % stride == 0)
    drawn = figure.axes[2].images[0].get_array()
    assert drawn is not None
    steps = shift // stride
    assert np.ma.getmaskarray(drawn)[:, :steps].all()
    seen = drawn[:, steps:]
    assert round(100 * float((seen > 0).mean())) == share
    assert_nothing_is_clipped(figure)
