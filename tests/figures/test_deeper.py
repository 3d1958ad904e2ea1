"""The drawings of the chapter on deeper networks show what they are given, and clip no word."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from cvlib.figures import deeper
from cvlib.figures.deeper import draw_singular, draw_stacks, draw_stages, draw_trade
from tests.figures.clipping import assert_nothing_is_clipped


@pytest.mark.parametrize(
    ("kernels", "seen", "lines"),
    [([3, 3], [5, 3, 1], 3 * 3 + 3), ([5], [5, 1], 5), ([3, 3, 3], [7, 5, 3, 1], 15 + 9 + 3)],
)
def test_a_stack_colours_what_the_number_on_top_sees(
    kernels: list[int], seen: list[int], lines: int
) -> None:
    figure = draw_stacks({"stack": kernels, "other": [3]})
    axes = figure.axes[0]
    boxes = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    coloured = [box for box in boxes if to_hex(box.get_facecolor()).upper() == deeper._SEEN]
    heights = sorted({box.get_y() for box in boxes})
    assert [sum(box.get_y() == height for box in coloured) for height in heights] == seen
    assert len(boxes) == 9 * len(seen)
    assert len(axes.lines) == lines
    assert_nothing_is_clipped(figure)


@pytest.mark.parametrize("limits", [None, (10.0, 3000.0)])
def test_stages_have_a_bar_for_each_count(limits: tuple[float, float] | None) -> None:
    stages = {"stem": (9_536, 118_013_952), "stage 4": (8_393_728, 2_411_000_000)}
    figure = draw_stages(stages, title="Late and early", limits=limits)
    for number, axes in enumerate(figure.axes):
        bars = [patch.get_width() for patch in axes.patches if isinstance(patch, Rectangle)]
        assert bars == pytest.approx([stage[number] / 1e6 for stage in stages.values()])
    assert [text.get_text() for text in figure.axes[0].texts] == ["0.01", "8.39"]
    assert [text.get_text() for text in figure.axes[1].texts] == ["118.01", "2,411"]
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == list(stages)
    most = figure.axes[0].get_xlim()[1]
    assert most == pytest.approx(1.35 * (limits[0] if limits else 8.393728))
    assert_nothing_is_clipped(figure)


def test_networks_lie_where_their_cost_and_accuracy_are() -> None:
    networks = {"small": (1e9, 60.0, 1e6), "large": (20e9, 75.0, 100e6)}
    figure = draw_trade(networks, title="More is better", left=["small"])
    (axes,) = figure.axes
    spots = [np.asarray(circle.get_offsets())[0].tolist() for circle in axes.collections]
    assert spots == [[1.0, 60.0], [20.0, 75.0]]
    circles: list[Any] = list(axes.collections)
    small, large = (float(circle.get_sizes()[0]) for circle in circles)
    assert large == pytest.approx(100 * small)
    sides = {text.get_text(): text.get_horizontalalignment() for text in axes.texts}
    assert sides == {"small": "right", "large": "left"}
    assert_nothing_is_clipped(figure)


def test_singular_values_have_a_curve_for_each_matrix() -> None:
    values = {"gradient": [1.0, 0.3, 0.1], "made orthogonal": [1.0, 0.9, 0.8]}
    figure = draw_singular(values, title="All but equal")
    (axes,) = figure.axes
    for line, (name, sizes) in zip(axes.lines, values.items(), strict=True):
        assert line.get_label() == name
        assert np.array(line.get_xdata()).tolist() == [1, 2, 3]
        assert np.array(line.get_ydata()).tolist() == sizes
    assert_nothing_is_clipped(figure)
