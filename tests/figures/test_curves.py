"""Training curves show what the history holds."""

from __future__ import annotations

import pytest
from matplotlib.axes import Axes

from cvlib.figures import plot_history
from cvlib.training.loop import Epoch, History

HISTORY = History(
    [Epoch(1, 0.9, 0.5, 0.8, 0.6), Epoch(2, 0.4, 0.7, 0.5, 0.65), Epoch(3, 0.2, 0.9, 0.6, 0.7)]
)


def lines(axes: Axes) -> dict[str, list[tuple[float, float]]]:
    return {
        str(line.get_label()): list(zip(line.get_xdata(), line.get_ydata(), strict=True))
        for line in axes.lines
    }


def test_losses_on_the_left_accuracies_on_the_right() -> None:
    figure = plot_history(HISTORY, title="It learns")
    loss, accuracy = figure.axes
    assert lines(loss) == {
        "train": [(1, 0.9), (2, 0.4), (3, 0.2)],
        "validation": [(1, 0.8), (2, 0.5), (3, 0.6)],
    }
    assert lines(accuracy) == {
        "train": [(1, 0.5), (2, 0.7), (3, 0.9)],
        "validation": [(1, 0.6), (2, 0.65), (3, 0.7)],
    }
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "accuracy"]
    assert [axes.get_xlabel() for axes in figure.axes] == ["epoch", "epoch"]
    assert figure.get_suptitle() == "It learns"


def test_lines_differ_by_more_than_colour() -> None:
    for axes in plot_history(HISTORY).axes:
        train, test = axes.lines
        assert train.get_linestyle() != test.get_linestyle()
        assert train.get_color() != test.get_color()


def test_without_a_test_set_there_is_one_line() -> None:
    figure = plot_history(History([Epoch(1, 0.9, 0.5), Epoch(2, 0.4, 0.7)]))
    assert [list(lines(axes)) for axes in figure.axes] == [["train"], ["train"]]


def test_one_epoch_can_be_seen() -> None:
    figure = plot_history(History([Epoch(1, 0.9, 0.5)]))
    assert [axes.lines[0].get_marker() for axes in figure.axes] == ["o", "o"]


def test_history_without_an_epoch_is_refused() -> None:
    with pytest.raises(ValueError, match="history has no epochs"):
        plot_history(History([]))
