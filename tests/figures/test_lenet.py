"""The drawings of the chapter on LeNet show what the network computes, and clip no word."""

from __future__ import annotations

import pytest
import torch
from matplotlib.colors import to_hex

from cvlib.data import ImageSet, mnist_sample
from cvlib.figures import palette
from cvlib.figures.lenet import (
    draw_confusion,
    draw_maps,
    draw_network,
    draw_reading,
    draw_shifts,
    inside,
)
from cvlib.networks import LeNet, pretrained
from tests.figures.clipping import assert_nothing_is_clipped

CLASSES = tuple("0123456789")


@pytest.fixture(scope="module")
def model() -> LeNet:
    loaded = pretrained("lenet")
    assert isinstance(loaded, LeNet)
    return loaded


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    return mnist_sample()[::500]


def test_inside_ends_with_what_the_network_gives(model: LeNet, digits: ImageSet) -> None:
    steps = inside(model, digits.images[3])
    with torch.inference_mode():
        x = digits.images[3:4] / 255
        torch.testing.assert_close(steps["picture"], x[0])
        torch.testing.assert_close(steps["pooled once"], model.features[:3](x)[0])
        torch.testing.assert_close(steps["convolved twice"], model.features[:5](x)[0])
        torch.testing.assert_close(steps["pooled twice"], model.features(x)[0])
        torch.testing.assert_close(steps["outputs"], model(x)[0])
    assert [tuple(step.shape) for step in steps.values()] == [
        (1, 28, 28), (6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (120,), (84,), (10,),
    ]  # fmt: skip


def test_the_network_is_drawn_with_the_sizes_that_it_has(model: LeNet, digits: ImageSet) -> None:
    figure = draw_network(model, digits.images[5])
    labels = [text.get_text() for axes in figure.axes for text in axes.texts]
    for shape in ("1 × 28 × 28", "6 × 28 × 28", "6 × 14 × 14", "16 × 10 × 10", "16 × 5 × 5"):
        assert shape in labels
    assert [label for label in labels if label in ("120", "84", "10")] == ["120", "84", "10"]
    assert labels.count("convolution\n5 × 5") == labels.count("pooling\n2 × 2") == 2
    assert labels.count("fully\nconnected") == 3
    assert [len(axes.images) for axes in figure.axes] == [1 + 6 + 6 + 16, 16 + 3]
    assert all(axes.dataLim.x1 < axes.get_xlim()[1] for axes in figure.axes)
    assert_nothing_is_clipped(figure)


def test_the_network_is_drawn_with_other_classes(digits: ImageSet) -> None:
    figure = draw_network(LeNet(num_classes=4), digits.images[5])
    labels = [text.get_text() for text in figure.axes[1].texts]
    assert [label for label in labels if label in CLASSES] == ["4", "0", "1", "2", "3"]


@pytest.mark.parametrize("digit", range(10))
def test_the_reading_is_the_networks(model: LeNet, digits: ImageSet, digit: int) -> None:
    with torch.inference_mode():
        expected = model(digits.images[digit : digit + 1] / 255)[0].softmax(0)
    best = int(expected.argmax())
    figure = draw_reading(model, digits.images[digit], CLASSES)
    bars = figure.axes[1].patches
    heights = torch.tensor([float(bar.get_height()) for bar in bars])  # type: ignore[attr-defined]
    torch.testing.assert_close(heights, expected)
    marked = [to_hex(bar.get_facecolor()) == palette["vermillion"].lower() for bar in bars]
    assert marked == [number == best for number in range(10)]
    title = figure.axes[1].get_title(loc="left")
    assert title == f"read as {best}, with probability {expected[best]:.2f}"
    assert_nothing_is_clipped(figure)


@pytest.mark.parametrize("digit", [1, 5])
def test_maps_are_the_networks_and_unsure_answers_are_not_given(
    model: LeNet, digits: ImageSet, digit: int
) -> None:
    steps = inside(model, digits.images[digit])
    probabilities = steps["outputs"].softmax(0)
    best = int(probabilities.argmax())
    for level, known in ((0, True), (1, False)):
        figure = draw_maps(model, digits.images[digit], CLASSES, level=level)
        _, bars, *sheets = figure.axes
        widths = [float(bar.get_width()) for bar in bars.patches]  # type: ignore[attr-defined]
        torch.testing.assert_close(torch.tensor(widths), probabilities)
        colours = {to_hex(bar.get_facecolor()) for bar in bars.patches}
        assert (palette["vermillion"].lower() in colours) == known
        answer = f"{best}: {probabilities[best]:.2f}" if known else "I do not know"
        assert bars.get_title(loc="left") == answer
    names = ("convolved once", "pooled once", "convolved twice", "pooled twice")
    for sheet, name in zip(sheets, names, strict=True):
        (image,) = sheet.images
        shown, maps = torch.from_numpy(image.get_array().filled(torch.nan)), steps[name]
        count, size = maps.shape[:2]
        columns = 2 if count == 6 else 4
        for number, values in enumerate(maps):
            top, left = ((size + 1) * at for at in divmod(number, columns))
            torch.testing.assert_close(shown[top : top + size, left : left + size], values)
        assert sheet.get_title(loc="left") == f"{count} × {size} × {size}"
        assert image.get_clim() == (0, float(maps.max()))
    assert_nothing_is_clipped(figure)


def test_confusion_shows_counts_and_colours_mistakes_only() -> None:
    matrix = torch.tensor([[8, 2, 0], [0, 9, 1], [0, 0, 10]])
    figure = draw_confusion(matrix, ["ant", "bee", "cat"], title="Two ants are taken for bees")
    axes = figure.axes[0]
    placed = {text.get_position(): text.get_text() for text in axes.texts}
    assert placed == {(0, 0): "8", (1, 0): "2", (1, 1): "9", (2, 1): "1", (2, 2): "10"}
    coloured = ~axes.images[0].get_array().mask
    assert coloured.tolist() == [[False, True, False], [False, False, True], [False] * 3]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("read as", "is")
    assert [label.get_text() for label in axes.get_yticklabels()] == ["ant", "bee", "cat"]
    assert_nothing_is_clipped(figure)


def test_confusion_without_a_mistake() -> None:
    figure = draw_confusion(torch.eye(3, dtype=torch.int64), ["a", "b", "c"], title="None")
    assert len(figure.axes[0].texts) == 3
    assert_nothing_is_clipped(figure)


def test_shifts_are_drawn_as_given() -> None:
    curves = {"to the right": [0.5, 0.9, 0.4], "downwards": [0.3, 0.9, 0.2]}
    figure = draw_shifts([-1, 0, 1], curves)
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert lines.keys() == curves.keys()
    for name, values in curves.items():
        assert lines[name].get_xdata().tolist() == [-1, 0, 1]
        assert lines[name].get_ydata().tolist() == values
    assert_nothing_is_clipped(figure)
