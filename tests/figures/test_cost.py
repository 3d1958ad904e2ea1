"""The drawings of the chapter on cost say what was counted, and clip no word."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from matplotlib.patches import Rectangle
from torch import nn

from cvlib.figures.cost import draw_calculator, draw_effective, draw_seen, draw_shares
from cvlib.layers.cost import ReceptiveField, summarize
from tests.figures.clipping import assert_nothing_is_clipped


@pytest.mark.parametrize("setting", list(product([64, 128], [1, 7], [1, 64], [1, 2])))
def test_the_calculator_counts_by_the_formula(setting: tuple[int, int, int, int]) -> None:
    channels, kernel, groups, stride = setting
    figure = draw_calculator(*setting)
    weights = channels * channels * kernel**2 // groups
    positions = (56 // stride) ** 2
    expected = [weights + channels, weights * positions, 4 * channels * positions]
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == [f"{count:,}" for count in expected]
    bars = [patch.get_width() for patch in axes.patches if isinstance(patch, Rectangle)]
    assert bars == expected
    assert axes.get_title().endswith(f"{channels} × {56 // stride} × {56 // stride}")
    assert_nothing_is_clipped(figure)


def test_shares_are_of_the_whole_network() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(98, 3))
    summary = summarize(model, (1, 9, 9))
    figure = draw_shares(summary, {"0": "convolution", "3": "dense"}, title="Two of four")
    widths = [[bar.get_width() for bar in axes.patches] for axes in figure.axes]
    assert widths[0] == pytest.approx([100 * 20 / 317, 100 * 297 / 317])
    assert sum(widths[1]) == pytest.approx(100)
    assert sum(widths[2]) < 60
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [
        "convolution",
        "dense",
    ]
    assert figure.axes[0].yaxis_inverted()
    assert_nothing_is_clipped(figure)


@pytest.mark.parametrize(
    ("place", "corner", "bright"),
    [((0, 0), (-2.5, -2.5), 9), ((2, 3), (3.5, 1.5), 25), ((9, 9), (15.5, 15.5), 16)],
)
def test_the_frame_stands_around_what_is_seen(
    place: tuple[int, int], corner: tuple[float, float], bright: int
) -> None:
    field = ReceptiveField((5, 5), (2, 2), (-2, -2))
    figure = draw_seen(np.zeros((20, 20)), field, place, title="5 × 5")
    frame, image = figure.axes[0].patches[0], figure.axes[0].images[0].get_array()
    assert isinstance(frame, Rectangle)
    assert (frame.get_xy(), frame.get_width(), frame.get_height()) == (corner, 5, 5)
    assert image is not None
    assert (image == 0).sum() == bright
    assert_nothing_is_clipped(figure)


def test_a_colour_photograph_keeps_its_colours_where_it_is_seen() -> None:
    picture = np.full((8, 8, 3), (255, 0, 51), np.uint8)
    figure = draw_seen(picture, ReceptiveField((3, 3), (1, 1), (0, 0)), (0, 1), title="3 × 3")
    image = np.asarray(figure.axes[0].images[0].get_array())
    assert image[1, 2] == pytest.approx([1, 0, 0.2])
    assert image[7, 7] == pytest.approx([1, 0.6, 0.68])


def test_effective_field_tells_the_share_of_the_frame() -> None:
    weights = torch.arange(1.0, 4)[:, None] * torch.tensor([1.0, 2, 1])
    figure = draw_effective(weights, 1)
    assert figure.axes[0].get_title() == "17 % of the weight in the frame"
    heights = [bar.get_height() for bar in figure.axes[1].patches]
    assert heights == pytest.approx([25, 50, 25])
    assert_nothing_is_clipped(figure)
