"""The drawings of the chapter on normalization show what they are given, and clip no word."""

from __future__ import annotations

import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from cvlib.figures import normalization
from cvlib.figures.normalization import draw_averages, draw_changes, draw_noise
from tests.figures.clipping import assert_nothing_is_clipped


def coloured(axes: Axes) -> set[tuple[float, float]]:
    """The lower left corners of the coloured squares."""
    blue = normalization._ONE_MEAN.lower()
    squares = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    return {
        square.get_xy()
        for square in squares
        if square.get_facecolor()[3] and to_hex(square.get_facecolor()) == blue
    }


@pytest.mark.parametrize("sizes", [(3, 4, 2, 2), (2, 6, 3, 3)])
def test_averages_colour_the_numbers_of_one_mean(sizes: tuple[int, int, int, int]) -> None:
    examples, channels, side, groups = sizes
    figure = draw_averages(*sizes)
    numbers = examples * channels * side**2
    expected = {
        "batch": examples * side**2,
        "instance": side**2,
        "group": channels // groups * side**2,
        "layer": channels * side**2,
        "layer, per position": channels,
        "RMS, per position": channels,
    }
    for axes in figure.axes:
        name = axes.get_title()
        assert len(coloured(axes)) == expected[name]
        unit = "sizes" if name.startswith("RMS") else "means"
        assert axes.get_xlabel() == f"{numbers // expected[name]} {unit}"
        columns, rows = ({int(corner[i]) for corner in coloured(axes)} for i in (0, 1))
        assert (len(rows) == examples) == (name == "batch")
        assert (len(columns) == 1) == (name in ("batch", "instance"))
    assert_nothing_is_clipped(figure)


def test_changes_colour_what_changes_and_frame_the_cause() -> None:
    changed = torch.zeros(3, 4, 2, 2) > 0
    changed[2, 1, 0, 1] = changed[0, 3, 1, 0] = True
    figure = draw_changes(changed, at=(2, 1, 0, 1))
    axes = figure.axes[0]
    assert coloured(axes) == {(1.45, 2.0), (3.0, 0.45)}
    assert axes.get_xlabel() == "2 of 48 outputs change"
    framed = [p for p in axes.patches if p.get_linewidth() == 2.5]
    assert [patch.get_xy() for patch in framed if isinstance(patch, Rectangle)] == [(1.45, 2.0)]
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
