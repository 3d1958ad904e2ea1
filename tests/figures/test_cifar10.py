"""The drawings of the chapter on CIFAR-10 show what they are given, and clip no word."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from matplotlib.colors import to_hex

from cvlib.figures import palette
from cvlib.figures.cifar10 import draw_by_class, draw_confusion, draw_limits
from tests.figures.clipping import assert_nothing_is_clipped

CLASSES = ("airplane", "automobile", "bird")
# The automobile is read best, and taken for a bird once; the bird worst, and for an airplane.
MATRIX = torch.tensor([[70, 10, 20], [5, 90, 5], [30, 10, 60]])


def test_classes_stand_from_best_to_worst_with_what_takes_most_of_the_rest() -> None:
    figure = draw_by_class(MATRIX, CLASSES, title="Birds are hard")
    axes = figure.axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["automobile", "airplane", "bird"]
    assert axes.yaxis_inverted()
    assert [text.get_text() for text in axes.texts] == ["airplane 5%", "bird 20%", "airplane 30%"]
    patches: Any = axes.patches
    bars = [(bar.get_x(), bar.get_width(), to_hex(bar.get_facecolor())) for bar in patches]
    blue, orange = palette["blue"].lower(), palette["orange"].lower()
    assert bars == [
        (0, pytest.approx(0.9), blue), (pytest.approx(0.9), pytest.approx(0.05), orange),
        (0, pytest.approx(0.7), blue), (pytest.approx(0.7), pytest.approx(0.2), orange),
        (0, pytest.approx(0.6), blue), (pytest.approx(0.6), pytest.approx(0.3), orange),
    ]  # fmt: skip
    assert_nothing_is_clipped(figure)


def test_shares_are_of_the_class_where_classes_differ_in_size() -> None:
    figure = draw_by_class(torch.tensor([[1, 1], [0, 8]]), CLASSES[:2], title="Few airplanes")
    patches: Any = figure.axes[0].patches
    assert [bar.get_width() for bar in patches] == [1, 0, 0.5, 0.5]


def test_confusion_has_room_for_long_names() -> None:
    figure = draw_confusion(MATRIX, CLASSES, title="Birds are taken for airplanes")
    axes = figure.axes[0]
    placed = {text.get_position(): text.get_text() for text in axes.texts}
    assert placed[0, 2] == "30"
    assert placed[2, 0] == "20"
    labels = axes.get_xticklabels()
    assert [label.get_text() for label in labels] == list(CLASSES)
    assert_nothing_is_clipped(figure)
    boxes = [label.get_window_extent() for label in (*labels, *axes.get_yticklabels())]
    page = figure.bbox
    assert all(page.contains(box.x0, box.y0) and page.contains(box.x1, box.y1) for box in boxes)


def test_limits_show_each_seed_and_a_line_through_the_means() -> None:
    errors = {"training": [[0.1, 0.2], [0.5, 0.7]], "test": [[0.6, 0.8], [0.6, 0.6]]}
    figure = draw_limits([500, 8000], errors, xlabel="photographs", title="They meet")
    axes: Any = figure.axes[0]
    for line, values in zip(axes.lines, errors.values(), strict=True):
        assert list(line.get_xdata()) == [500, 8000]
        assert list(line.get_ydata()) == pytest.approx([sum(each) / 2 for each in values])
    shown = [[tuple(point) for point in each.get_offsets().tolist()] for each in axes.collections]
    sizes = [500, 8000, 500, 8000]
    expected = [seeds for values in errors.values() for seeds in values]
    assert shown == [
        [(size, seed) for seed in seeds] for size, seeds in zip(sizes, expected, strict=True)
    ]
    colours = [to_hex(each.get_facecolor()[0]) for each in axes.collections]
    assert colours[0] == colours[1] == axes.lines[0].get_color().lower() != colours[2]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["500", "8,000"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("photographs", "error")
    assert axes.get_ylim() == (0, 1)
    assert_nothing_is_clipped(figure)
