"""What seeds reached is drawn as it came, a row for each way."""

from __future__ import annotations

import pytest

from cvlib.figures.seeds import draw_seeds
from tests.figures.clipping import assert_nothing_is_clipped


def test_seeds_have_a_dot_each_and_a_bar_at_the_median() -> None:
    reached = {"sigmoid": [0.75, 0.5, 0.625], "a longer name than that": [0.25, 0.5]}
    figure = draw_seeds(reached, title="One is ahead", limits=(0, 1), xlabel="share")
    axes = figure.axes[0]
    drawn = [(list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines]
    assert drawn == [
        ([0.75, 0.5, 0.625], [0, 0, 0]),
        ([0.625], [0]),
        ([0.25, 0.5], [1, 1]),
        ([0.25], [1]),
    ]
    assert axes.get_xlabel() == "share"
    assert axes.get_xlim() == (0, 1)
    top, bottom = axes.get_ylim()
    assert top > bottom  # the first way on top
    assert_nothing_is_clipped(figure)


def test_gains_and_losses_lie_on_both_sides_of_a_line() -> None:
    figure = draw_seeds({"few": [0.02, -0.01]}, title="Little", limits=(-0.1, 0.1))
    assert list(figure.axes[0].lines[0].get_xdata()) == [0, 0]
    assert len(figure.axes[0].lines) == 3


@pytest.mark.parametrize("nothing", [{}, {"a": []}])
def test_nothing_is_refused(nothing: dict[str, list[float]]) -> None:
    with pytest.raises(ValueError, match="expected at least one number for each way"):
        draw_seeds(nothing, title="", limits=(0, 1))
