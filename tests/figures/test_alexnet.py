"""The drawings of AlexNet show what they are given, and clip no word."""

from __future__ import annotations

import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from torchvision import models

from cvlib.figures.alexnet import QUANTITIES, draw_answers, draw_layers, draw_positions
from cvlib.figures.style import palette
from cvlib.layers.cost import Summary, summarize
from cvlib.networks import AlexNet, SmallAlexNet
from tests.figures.clipping import assert_nothing_is_clipped


def summaries() -> dict[str, Summary]:
    with torch.device("meta"):
        networks = {
            "two": (AlexNet(), 224),
            "one": (AlexNet(groups=1), 224),
            "torchvision": (models.alexnet(), 224),
            "small": (SmallAlexNet(), 28),
        }
        return {name: summarize(m, (3, side, side)) for name, (m, side) in networks.items()}


SUMMARIES = summaries()


def heights(axes: Axes) -> list[float]:
    return [bar.get_height() for bar in axes.patches if isinstance(bar, Rectangle)]


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("name", SUMMARIES)
def test_layers_have_their_shares(name: str, quantity: str) -> None:
    summary = SUMMARIES[name]
    figure = draw_layers(summary, quantity, towers=name == "two", title=name)
    boxes, bars = figure.axes
    assert [label.get_text() for label in bars.get_xticklabels()] == [
        "conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"
    ]  # fmt: skip
    shares = heights(bars)
    assert sum(shares) == pytest.approx(100)
    total = {"parameters": summary.parameters, "MACs": summary.macs}.get(quantity)
    if total:
        assert f"{total:,} {quantity}" in figure.get_suptitle()
    assert len(boxes.patches) == (15 if name == "two" else 8)
    assert_nothing_is_clipped(figure)


def test_alexnet_computes_in_front_and_remembers_behind() -> None:
    drawn = {
        quantity: heights(draw_layers(SUMMARIES["two"], quantity, towers=True, title="").axes[1])
        for quantity in QUANTITIES
    }
    assert sum(drawn["parameters"][:5]) == pytest.approx(3.83, abs=0.01)
    assert sum(drawn["MACs"][:5]) > 90
    assert max(drawn["outputs"]) == drawn["outputs"][0]


def test_another_quantity_is_refused() -> None:
    with pytest.raises(ValueError, match="quantity is 'flops'; expected 'parameters' or 'MACs'"):
        draw_layers(SUMMARIES["small"], "flops", towers=False, title="")


@pytest.mark.parametrize(
    ("size", "padding", "exact", "count", "left_out"),
    [
        (224, 0, "54.25", 54, 1),
        (224, 2, "55.25", 55, 1),
        (227, 0, "55", 55, 0),
        (227, 3, "56.5", 56, 2),
    ],
)
def test_positions_count_as_convolutions_do(
    size: int, padding: int, exact: str, count: int, left_out: int
) -> None:
    figure = draw_positions(size, padding)
    axes = figure.axes[0]
    assert f"= {exact}: {count} positions" in axes.get_title(loc="left")
    layer = torch.nn.Conv1d(1, 1, 11, stride=4, padding=padding, device="meta")
    assert layer(torch.empty(1, 1, size, device="meta")).shape[-1] == count
    squares = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    red = [p for p in squares if to_hex(p.get_facecolor()).upper() == palette["vermillion"].upper()]
    assert len(red) == left_out
    windows = [p for p in squares if p.get_height() == 0.6]
    assert [p.get_width() for p in windows] == [11] * 6
    assert_nothing_is_clipped(figure)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_answers_stand_below_their_pictures(count: int) -> None:
    pictures = torch.rand(count, 3, 8, 8)
    words = [[f"first {n}", f"second {n}"] for n in range(count)]
    shares = torch.tensor([[0.6, 0.3]] * count)
    figure = draw_answers(pictures, words, shares, title="Answers")
    shown = [axes for axes in figure.axes if axes.images]
    assert len(shown) == count
    for picture, axes in zip(pictures, shown, strict=True):
        assert torch.equal(torch.tensor(axes.images[0].get_array()), picture.permute(1, 2, 0))
    bars = [axes for axes in figure.axes if axes.patches]
    for names, axes in zip(words, bars, strict=True):
        assert [bar.get_width() for bar in axes.patches] == pytest.approx([0.6, 0.3])
        said = [text.get_text() for text in axes.texts]
        assert said == [f"0.60 {names[0]}", f"0.30 {names[1]}"]
        assert axes.yaxis_inverted()
    assert_nothing_is_clipped(figure)
