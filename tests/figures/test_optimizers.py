"""The drawings of the chapter on optimizers show what they are given, and clip no word."""

from __future__ import annotations

import math

import pytest
import torch

from cvlib.figures import optimizers
from cvlib.figures.optimizers import draw_noise, draw_paths, draw_search
from tests.figures.clipping import assert_nothing_is_clipped


@pytest.mark.parametrize("names", [["SGD"], ["slow", "best", "too fast"]])
def test_paths_are_drawn_over_the_valley_with_their_distances(names: list[str]) -> None:
    path = torch.tensor([[1.0, 1.0], [0.5, -0.25], [0.0, 0.0]])
    figure = draw_paths(dict.fromkeys(names, path), (0.01, 1.0), title="Two ways")
    left, right = figure.axes
    assert [list(line.get_xdata()) for line in left.lines[1:]] == [[1.0, 0.5, 0.0]] * len(names)
    assert [list(line.get_ydata()) for line in left.lines[1:]] == [[1.0, -0.25, 0.0]] * len(names)
    for line, name in zip(right.lines, names, strict=True):
        assert list(line.get_ydata()) == pytest.approx([1.0, 0.5, optimizers._LEAST / 10])
        assert line.get_label() == name
    assert (right.get_legend() is None) == (len(names) == 1)
    assert left.get_xlabel() == "curvature 0.01"
    assert_nothing_is_clipped(figure)


def test_a_path_that_flies_out_is_shown_as_far_as_the_valley_is_drawn() -> None:
    path = torch.tensor([[1.0, 1.0], [-3.0, 30.0], [math.inf, math.nan]])
    left, _ = draw_paths({"SGD": path}, (0.1, 1.0)).axes
    assert left.get_ylim() == pytest.approx((-1.1 * optimizers._FAR, 1.1 * optimizers._FAR))
    assert left.get_xlim() == pytest.approx((-3.3, 1.1 * optimizers._FAR))


def test_contours_are_of_the_valley() -> None:
    figure = draw_paths({"SGD": torch.zeros(2, 2)}, (0.25, 1.0))
    (contours,) = figure.axes[0].collections
    for level, line in zip(contours.levels, contours.get_paths(), strict=True):  # type: ignore[attr-defined]
        x, y = line.vertices.T
        assert (0.25 * x**2 + y**2) / 2 == pytest.approx(level, rel=0.02)


def test_noise_stands_beside_the_inverse_root() -> None:
    figure = draw_noise([1, 4, 16], [4.0, 2.1, 0.9], title="Four times, half")
    predicted, measured = figure.axes[0].lines
    assert list(predicted.get_ydata()) == [4.0, 2.0, 1.0]
    assert list(measured.get_ydata()) == [4.0, 2.1, 0.9]
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["1", "4", "16"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["1", "2", "4"]
    assert_nothing_is_clipped(figure)


def test_search_marks_the_best_rate_and_cuts_what_is_too_bad() -> None:
    losses = {f"kind {n}": [[2.0 + n / 10] * 2, [0.25, 0.75], [math.inf, 9]] for n in range(8)}
    figure = draw_search([0.01, 0.1, 1.0], losses, title="A valley again")
    lines = figure.axes[0].lines
    curves, marks = lines[::2], lines[1::2]
    for spread in figure.axes[0].collections:  # from the lowest to the highest seed
        ends = [path.vertices[:, 1].tolist() for path in spread.get_paths()]
        assert ends[1:] == [[0.25, 0.75], [optimizers._WORST, optimizers._WORST]]
    for number, (curve, mark) in enumerate(zip(curves, marks, strict=True)):
        assert list(curve.get_ydata()) == [2.0 + number / 10, 0.5, optimizers._WORST]
        assert curve.get_label() == f"kind {number}"
        assert (list(mark.get_xdata()), list(mark.get_ydata())) == ([0.1], [0.5])
    assert len({(curve.get_color(), curve.get_linestyle()) for curve in curves}) == 8
    assert_nothing_is_clipped(figure)
