"""The drawings of the chapter on metrics show what they are given, and clip no word."""

from __future__ import annotations

import pytest
import torch

from cvlib.figures.metrics import draw_errors, draw_reliability, draw_roc, draw_threshold
from cvlib.training.metrics import precision, recall, roc_curve
from tests.figures.clipping import assert_nothing_is_clipped


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.75, 0.99])
def test_threshold_leads_to_its_precision_and_recall(threshold: float) -> None:
    generator = torch.Generator().manual_seed(0)
    scores = torch.rand(300, generator=generator)
    labels = torch.rand(300, generator=generator) < scores
    figure = draw_threshold(scores, labels, threshold, "an 8")
    left, right = figure.axes
    yes = (scores >= threshold).long()
    expected = [float(m(yes, labels, average=None, num_classes=2)[1]) for m in (recall, precision)]
    assert [float(v) for v in right.lines[1].get_xydata().flatten()] == expected
    assert right.get_title("left") == f"precision {expected[1]:.2f}, recall {expected[0]:.2f}"
    found, missed, false = (int(word) for word in left.get_title("left").split()[::2])
    assert found + missed == labels.sum()
    assert found + false == yes.sum()
    assert [float(x) for x in left.lines[0].get_xdata()] == [threshold, threshold]
    drawn = sum(bar.get_height() for bar in left.patches)
    assert drawn == len(scores)
    assert_nothing_is_clipped(figure)


def test_a_threshold_that_no_score_reaches_finds_nothing() -> None:
    figure = draw_threshold(torch.tensor([0.2, 0.4]), torch.tensor([0, 1]), 0.5, "an 8")
    assert figure.axes[1].get_title("left") == "precision 1.00, recall 0.00"


def test_reliability_has_a_curve_each() -> None:
    curves = {
        "linear": (torch.tensor([0.3, 0.6]), torch.tensor([0.4, 0.9])),
        "LeNet": (torch.tensor([0.5, 1.0]), torch.tensor([0.4, 0.8])),
    }
    figure = draw_reliability(curves, title="Sure and right")
    diagonal, *lines = figure.axes[0].lines
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata()) == [0, 1]
    for line, (name, (shares, means)) in zip(lines, curves.items(), strict=True):
        assert line.get_label() == name
        assert list(line.get_xdata()) == list(means)
        assert list(line.get_ydata()) == list(shares)
    assert_nothing_is_clipped(figure)


def test_roc_has_a_curve_each_beside_the_diagonal() -> None:
    scores, labels = torch.tensor([0.9, 0.6, 0.4, 0.1]), torch.tensor([1, 0, 1, 0])
    curves = {"toy": roc_curve(scores, labels)[:2], "turned": roc_curve(-scores, labels)[:2]}
    figure = draw_roc(curves, title="Found, and falsely found")
    diagonal, *lines = figure.axes[0].lines
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata()) == [0, 1]
    for line, (name, (fpr, tpr)) in zip(lines, curves.items(), strict=True):
        assert line.get_label() == name
        assert list(line.get_xdata()) == fpr.tolist()
        assert list(line.get_ydata()) == tpr.tolist()
    assert_nothing_is_clipped(figure)


def test_errors_have_a_tick_for_each_size() -> None:
    panels = {
        "hidden units": ([2, 4, 64], [[0.6], [0.3], [0.0]], [[0.7], [0.4], [0.1]]),
        "pictures": ([50, 1400], [[0.0, 0.25], [0.5, 1.0]], [[0.25, 0.75], [0.5, 0.0]]),
    }
    figure = draw_errors(panels, title="More of both helps")
    for place, (name, (sizes, *errors)) in zip(figure.axes, panels.items(), strict=True):
        assert place.get_xlabel() == name
        assert [label.get_text() for label in place.get_xticklabels()] == [*map(str, sizes)]
        for line, rows in zip(place.lines, errors, strict=True):
            assert list(line.get_xdata()) == list(sizes)
            assert list(line.get_ydata()) == [sum(row) / len(row) for row in rows]
        marks = [(x, y) for marks in place.collections for x, y in marks.get_offsets().tolist()]
        pairs = [pair for rows in errors for pair in zip(sizes, rows, strict=True)]
        assert marks == [(size, error) for size, row in pairs for error in row]
        assert place.get_ylim() == (0, 0.9)
    assert_nothing_is_clipped(figure)
