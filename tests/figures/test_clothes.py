"""The drawings of the chapter on MLP and CNN show what they are given, and clip no word."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex

from cvlib.figures import palette
from cvlib.figures.clothes import draw_flattening, draw_growth, draw_learning, draw_scores
from tests.figures.clipping import assert_nothing_is_clipped


def test_flattening_shows_the_row_and_marks_the_same_pixels_in_both() -> None:
    picture = torch.arange(30.0).view(1, 5, 6)
    order = torch.randperm(30, generator=torch.Generator().manual_seed(0))
    figure = draw_flattening(
        picture, {"as it is": torch.arange(30), "shuffled": order}, pixel=(2, 3)
    )
    above, below = figure.axes[:2], figure.axes[2:]
    assert [axes.get_title(loc="left") for axes in above] == ["as it is", "shuffled"]
    for top, bottom, expected in zip(above, below, (picture.flatten(), order), strict=True):
        drawn = torch.from_numpy(top.images[0].get_array().data)
        assert drawn.flatten().tolist() == expected.tolist()
        assert bottom.images[0].get_array().data.tolist() == [expected.tolist()]
        assert bottom.get_xlabel() == "the row of 30 numbers"
        marked = []
        for box, line in zip(top.patches, bottom.lines, strict=True):
            column, row = (round(float(at) + 0.5) for at in box.get_xy())  # type: ignore[attr-defined]
            assert line.get_xdata()[0] == row * 6 + column
            marked.append(int(drawn[row, column]))
        assert marked == [15, 9, 21, 14, 16]  # the pixel, above, below, left, right
        colours = [to_hex(box.get_edgecolor()) for box in top.patches]
        assert colours == [palette["sky"].lower()] + [palette["vermillion"].lower()] * 4
    assert_nothing_is_clipped(figure)


def test_growth_has_a_curve_for_each_layer() -> None:
    counts = {"connected, 512 units": [1_204_736, 77_070_848], "64 kernels": [1792, 1792]}
    figure = draw_growth([28, 224], counts, title="It grows")
    axes = figure.axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    for line, text, (name, values) in zip(axes.lines, axes.texts, counts.items(), strict=True):
        assert (list(line.get_xdata()), list(line.get_ydata())) == ([28, 224], values)
        assert text.get_text() == name
        assert text.get_color() == line.get_color()
    assert [label.get_text() for label in axes.get_xticklabels()] == ["28", "224"]
    assert_nothing_is_clipped(figure)


def test_learning_tells_recipes_apart_and_draws_each_seed() -> None:
    curves = {"short": [[0.1, 0.2, 0.3], [0.2, 0.2, 0.4]], "long": [[0.7, 0.8, 0.85]]}
    figure = draw_learning(curves, title="Early")
    axes: Any = figure.axes[0]
    lines = axes.lines
    assert [list(line.get_ydata()) for line in lines] == [*curves["short"], *curves["long"]]
    assert [list(line.get_xdata()) for line in lines] == [[1, 2, 3]] * 3
    assert [line.get_linestyle() for line in lines] == ["-", "-", "--"]
    assert lines[0].get_color() == lines[1].get_color() != lines[2].get_color()
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == list(curves)
    assert axes.get_ylim() == (0, 1)
    assert_nothing_is_clipped(figure)


def points(axes: Any) -> list[tuple[float, float]]:
    marks = [item for item in axes.collections if isinstance(item, PathCollection)]
    return [(float(x), float(y)) for item in marks for x, y in item.get_offsets()]


def test_scores_show_each_seed_and_the_mean() -> None:
    scores = {
        "as they are": {"MLP": [0.85, 0.87], "CNN": [0.9, 0.92]},
        "shuffled": {"MLP": [0.86], "CNN": [0.8]},
    }
    figure = draw_scores(scores, title="Nothing left", limits=(0.75, 1))
    axes = figure.axes[0]
    assert axes.get_xlim() == (0.75, 1)
    assert [label.get_text() for label in axes.get_yticklabels()] == list(scores)
    assert axes.yaxis_inverted()
    shown = points(axes)
    for row, networks in enumerate(scores.values()):
        for values in networks.values():
            for value in (*values, sum(values) / len(values)):
                assert (pytest.approx(value), row) in shown
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["MLP", "CNN"]
    assert_nothing_is_clipped(figure)
