"""The drawings of the chapter on augmentation show what they are given, and clip no word."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.collections import PathCollection

from cvlib.figures.augmentation import draw_moved, draw_strengths
from cvlib.figures.style import palette
from tests.figures.clipping import assert_nothing_is_clipped


def points(axes: Any) -> list[tuple[float, float]]:
    """All marks of a plot that are not part of a line."""
    marks = [item for item in axes.collections if isinstance(item, PathCollection)]
    return [(float(x), float(y)) for item in marks for x, y in item.get_offsets()]


def test_strengths_show_each_seed_and_the_mean() -> None:
    train = {"0": [1.0, 0.9], "1.5": [0.8, 0.7], "flip": [0.95, 0.85]}
    held_out = {"0": [0.6, 0.5], "1.5": [0.7, 0.65], "flip": [0.4, 0.5]}
    figure = draw_strengths(train, held_out, title="Not too much")
    axes = figure.axes[0]
    labelled = {str(line.get_label()): line for line in axes.lines}
    for name, part in (("training", train), ("validation", held_out)):
        means = [sum(pair) / 2 for pair in part.values()]
        assert list(labelled[name].get_ydata()) == pytest.approx(means[:2])
        alone = [line for line in axes.lines if list(line.get_xdata()) == [2]]
        assert means[2] in [pytest.approx(float(line.get_ydata()[0])) for line in alone]
    heights = [v for part in (train, held_out) for pair in part.values() for v in pair]
    assert points(axes) == list(zip([0, 0, 1, 1, 2, 2] * 2, heights, strict=True))
    assert [label.get_text() for label in axes.get_xticklabels()] == list(train)
    assert_nothing_is_clipped(figure)


def test_moved_draws_the_boxes_on_picture_and_label_map() -> None:
    picture = torch.rand(1, 6, 8, generator=torch.Generator().manual_seed(0))
    labels = torch.zeros(6, 8)
    labels[0, 0], labels[1, 2], labels[5, 7] = 1, 2, 255
    boxes = torch.tensor([[0.0, 0, 1, 1], [2, 1, 5, 4]])
    figure = draw_moved({"before": (picture, labels, boxes), "after": (picture, labels, boxes)})
    above, _, below, _ = figure.axes
    assert np.array_equal(above.images[0].get_array(), picture[0].numpy())
    painted = np.asarray(below.images[0].get_array())
    assert (painted[0, 1] == 0).all()
    assert (painted[5, 7] == np.float32(0.45)).all()
    for axes in figure.axes:
        places = [(*box.get_xy(), box.get_width(), box.get_height()) for box in axes.patches]
        assert places == [(-0.5, -0.5, 1, 1), (1.5, 0.5, 3, 3)]
        for box, name, (row, column) in zip(
            axes.patches, ("sky", "orange"), ((0, 0), (1, 2)), strict=True
        ):
            colour = [int(palette[name][start : start + 2], 16) / 255 for start in (1, 3, 5)]
            assert box.get_edgecolor()[:3] == pytest.approx(colour)
            assert painted[row, column] == pytest.approx(colour)
    assert_nothing_is_clipped(figure)
