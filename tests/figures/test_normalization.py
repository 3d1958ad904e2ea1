"""The drawings of the chapter on normalization show what they are given, and clip no word."""

from __future__ import annotations

import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from cvlib.figures import normalization
from cvlib.figures.normalization import draw_averages, draw_noise
from tests.figures.clipping import assert_nothing_is_clipped


@pytest.mark.parametrize(("examples", "channels", "groups"), [(3, 4, 2), (2, 6, 3)])
def test_averages_colour_the_maps_of_one_mean(examples: int, channels: int, groups: int) -> None:
    figure = draw_averages(examples, channels, groups)
    maps = examples * channels
    for axes in figure.axes:
        squares = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
        assert len(squares) == maps
        coloured = [
            square.get_xy()
            for square in squares
            if to_hex(square.get_facecolor()) == normalization._ONE_MEAN.lower()
            and square.get_facecolor()[3]
        ]
        assert axes.get_xlabel() == f"{maps // len(coloured)} means"
        columns, rows = ({place[i] for place in coloured} for i in (0, 1))
        expected = {
            "batch": (1, examples),
            "layer": (channels, 1),
            "group": (channels // groups, 1),
            "instance": (1, 1),
        }
        assert (len(columns), len(rows)) == expected[axes.get_title()]
    assert_nothing_is_clipped(figure)


def test_noise_has_a_tick_for_each_size() -> None:
    noise = {"mean": [0.4, 0.2, 0.1], "standard deviation": [0.3, 0.15, 0.07]}
    figure = draw_noise([1, 4, 16], noise, title="Four times, half")
    for line, (name, values) in zip(figure.axes[0].lines, noise.items(), strict=True):
        assert line.get_label() == name
        assert list(line.get_xdata()) == [1, 4, 16]
        assert list(line.get_ydata()) == values
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["1", "4", "16"]
    assert_nothing_is_clipped(figure)
