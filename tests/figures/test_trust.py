"""The drawings of the chapter on trust show what they are given, and clip no word."""

from __future__ import annotations

import pytest
import torch

from cvlib.figures.trust import (
    draw_groups,
    draw_refusals,
    draw_risk_coverage,
    draw_says_and_right,
)
from cvlib.practice.groups import GroupAccuracy, group_accuracies
from tests.figures.clipping import assert_nothing_is_clipped


@pytest.mark.parametrize("threshold", [0.0, 0.4, 0.9, 2.0])
def test_who_scores_less_is_refused(threshold: float) -> None:
    generator = torch.Generator().manual_seed(0)
    scores = {
        "digits": torch.rand(40, generator=generator),
        "drawn letters": torch.rand(30, generator=generator) / 2,
    }
    figure = draw_refusals(scores, threshold, name="largest probability")
    left, right = figure.axes
    refused = [bar.get_width() for bar in right.patches]
    for share, values in zip(refused, scores.values(), strict=True):
        assert share == pytest.approx(100 * float((values < threshold).float().mean()))
    words = [text.get_text() for text in right.texts]
    assert words == [f"{share:.0f} %" for share in refused]
    for patch in left.patches:
        assert sum(patch.get_data().values) == pytest.approx(100)
    assert [label.get_text() for label in right.get_yticklabels()] == list(scores)
    assert_nothing_is_clipped(figure)


def test_risk_is_drawn_over_coverage_in_per_cent() -> None:
    curve = torch.tensor([0.25, 0.5, 1.0]), torch.tensor([0.0, 0.1, 0.2])
    figure = draw_risk_coverage({"one": curve, "other": curve}, title="Two alike")
    one, other = figure.axes[0].lines
    assert (one.get_label(), other.get_label()) == ("one", "other")
    assert one.get_xdata().tolist() == [25, 50, 100]
    assert one.get_ydata().tolist() == pytest.approx([0, 10, 20])
    assert_nothing_is_clipped(figure)


def test_what_it_says_and_what_is_right_stand_in_a_panel_each() -> None:
    panels = {"turned": ([0.9, 0.8], [0.95, 0.6]), "blurred": ([0.9, 0.4], [0.9, 0.7])}
    figure = draw_says_and_right(panels, title="In both directions")
    for place, (name, (says, right)) in zip(figure.axes, panels.items(), strict=True):
        assert place.get_title("left") == name
        said, true = place.lines
        assert (said.get_label(), true.get_label()) == ("says", "is right")
        assert said.get_ydata().tolist() == says
        assert true.get_ydata().tolist() == right
    assert_nothing_is_clipped(figure)


def test_each_group_has_its_interval_and_the_worst_its_colour() -> None:
    right = torch.tensor([1, 1, 1, 0, 0, 1, 1, 1])
    groups = group_accuracies(right, torch.tensor([0, 0, 0, 0, 1, 1, 2, 2]), ["a", "b", "c"])
    figure = draw_groups({"halves": groups, "same": groups[:2]}, title="b is worst")
    place = figure.axes[0]
    *rows, average = place.lines
    for at, each in enumerate(groups):
        line, dot = rows[2 * at : 2 * at + 2]
        assert list(line.get_xdata()) == [100 * each.low, 100 * each.high]
        assert list(dot.get_xdata()) == [100 * each.accuracy]
        assert list(dot.get_ydata()) == [at]
    assert len({line.get_color() for line in rows}) == 2
    assert rows[2].get_color() != rows[0].get_color()
    assert set(average.get_xdata()) == {75.0}
    assert place.get_ylim()[0] > place.get_ylim()[1]
    assert_nothing_is_clipped(figure)


def test_intervals_lie_within_the_axis() -> None:
    rows = [GroupAccuracy("thin", 3, 10, 0.11, 0.6), GroupAccuracy("thick", 9, 10, 0.6, 0.98)]
    low, high = draw_groups({"strokes": rows}, title="!").axes[0].get_xlim()
    assert low < 11
    assert high > 98
