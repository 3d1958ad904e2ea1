"""The drawings of the chapter on the inside show what they are given, and clip no word."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from cvlib.figures.inside import (
    draw_answer,
    draw_fields,
    draw_likeness,
    draw_maps,
    mosaic,
    overlay,
)
from cvlib.networks.inside import Box
from tests.figures.clipping import assert_nothing_is_clipped


def test_heat_is_warm_where_positive_and_cold_where_negative() -> None:
    picture = torch.full((3, 1, 4), 0.5)
    heat = torch.tensor([[-2.0, -1.0, 0.0, 1.0]])
    red, _, blue = overlay(picture, heat)[:, 0]
    assert blue[0] > blue[1] > blue[2] == red[2]
    assert red[3] > blue[3]
    assert red[0] < red[1] < red[2]


def test_heat_beyond_the_strongest_stays_a_colour() -> None:
    shown = overlay(torch.rand(1, 3, 3), 9 * torch.randn(3, 3), most=0.1)
    assert shown.shape == (3, 3, 3)
    assert 0 <= shown.min() <= shown.max() <= 1


def test_without_heat_the_picture_is_pale_grey() -> None:
    picture = torch.rand(3, 4, 4)
    shown = overlay(picture, torch.zeros(4, 4))
    torch.testing.assert_close(shown, (0.3 + 0.7 * picture.mean(0)).expand(3, 4, 4))


def test_mosaic_keeps_the_order() -> None:
    pictures = torch.arange(4.0).div(4)[:, None, None, None].expand(4, 3, 2, 2)
    whole = mosaic(pictures, columns=2)
    assert whole.shape == (3, 5, 5)
    corners = whole[0, [0, 0, -1, -1], [0, -1, 0, -1]]
    torch.testing.assert_close(corners, torch.arange(4.0) / 4)
    assert (whole[:, 2] == 1).all()


def test_fields_are_framed_also_beyond_the_picture() -> None:
    boxes = {"first": Box(3, 4, 3, 3), "last": Box(-4, -2, 15, 17)}
    figure = draw_fields(torch.zeros(3, 9, 9), boxes, title="Seen")
    frames = [(f.get_x(), f.get_y(), f.get_width(), f.get_height()) for f in figure.axes[0].patches]
    assert frames == [(3.5, 2.5, 3, 3), (-2.5, -4.5, 17, 15)]
    assert figure.axes[0].get_xlim()[0] < -2.5
    assert figure.axes[0].get_ylim()[1] < -4.5
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["first: 3 × 3", "last: 15 × 17"]
    assert_nothing_is_clipped(figure)


def test_maps_have_a_row_a_layer() -> None:
    maps = {"first: 16 × 16": torch.rand(3, 16, 16), "second: 4 × 4": torch.rand(2, 4, 4)}
    figure = draw_maps(torch.rand(3, 32, 32), maps, title="Coarser")
    shown = [image.get_array() for axes in figure.axes for image in axes.images]
    assert [a.shape[:2] for a in shown] == [(32, 32), *[(16, 16)] * 3, *[(4, 4)] * 2]
    assert torch.equal(torch.tensor(shown[4]), maps["second: 4 × 4"][0])
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert [title for title in titles if title] == ["picture", *maps]
    assert_nothing_is_clipped(figure)


@pytest.mark.parametrize("count", [1, 2])
def test_answer_marks_one_class(count: int) -> None:
    pictures = {f"picture {n}": torch.rand(3, 8, 8) for n in range(count)}
    classes = ["airplane", "automobile", "cat"]
    figure = draw_answer(pictures, torch.tensor([0.1, 0.2, 0.7]), classes, mark=1)
    bars = figure.axes[-1]
    assert [bar.get_width() for bar in bars.patches] == pytest.approx([0.1, 0.2, 0.7])
    assert len({bar.get_facecolor() for bar in bars.patches}) == 2
    assert bars.get_title(loc="left") == "automobile: 0.20"
    assert [axes.get_title(loc="left") for axes in figure.axes[:-1]] == list(pictures)
    assert_nothing_is_clipped(figure)


def test_likeness_shows_each_pair() -> None:
    found = {
        "one": {"1 layer": [0.1, -0.2], "2 layers": [0.3]},
        "another": {"1 layer": [0.9, 0.8], "2 layers": [0.7, 0.6, 0.5]},
    }
    figure = draw_likeness(found, title="Alike or not", xlabel="correlation", limits=(-1.05, 1.05))
    for method, place in zip(found, figure.axes, strict=True):
        axes: Any = place
        assert axes.get_title(loc="left") == method
        shown = [
            [tuple(point) for point in each.get_offsets().tolist()] for each in axes.collections
        ]
        assert shown == [
            [(value, row) for value in values] for row, values in enumerate(found[method].values())
        ]
        assert axes.get_xlim() == (-1.05, 1.05)
        assert axes.get_xlabel() == "correlation"
        assert axes.yaxis_inverted()
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert rows == ["1 layer", "2 layers"]
    assert_nothing_is_clipped(figure)
