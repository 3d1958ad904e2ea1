"""Drawings of the chapter on metrics: thresholds, curves, calibration, and what more buys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from cvlib.figures.style import new_figure, palette
from cvlib.training.metrics import precision_recall_curve

__all__ = ["draw_errors", "draw_reliability", "draw_roc", "draw_threshold"]


def draw_threshold(scores: Tensor, labels: Tensor, threshold: float, name: str) -> Figure:
    """Draw what a threshold makes of the scores of one class against the rest.

    Parameters
    ----------
    scores
        The score of "yes" for each picture, (N,), from 0 to 1.
    labels
        Whether "yes" is right, (N,).
    threshold
        From which score on the answer is "yes".
    name
        What "yes" stands for.

    Returns
    -------
    matplotlib.figure.Figure
        The scores of both kinds of pictures on the left, with the threshold; precision against
        recall on the right, with the point where the threshold leads.

    Examples
    --------
    >>> import torch
    >>> scores, labels = torch.tensor([0.9, 0.6, 0.4, 0.1]), torch.tensor([1, 0, 1, 0])
    >>> draw_threshold(scores, labels, 0.5, "an 8").axes[1].get_title("left")
    'precision 0.50, recall 0.50'
    """
    figure, axes = new_figure(1, 2, width=5.9, height=2.9)
    left, right = axes[0]
    yes, found = scores >= threshold, labels.bool()
    bins = np.linspace(0, 1, 21).tolist()
    for chosen, label, colour in ((~found, "others", "grey"), (found, name, "blue")):
        left.hist(scores[chosen].tolist(), bins, color=palette[colour], alpha=0.6, label=label)
    left.set_yscale("symlog", linthresh=1)
    left.set(xlabel="score", ylabel="pictures", xlim=(0, 1), ylim=(0, 3 * len(scores)))
    left.set_yticks([0, 1, 10, 100, 1000], ["0", "1", "10", "100", "1000"])
    left.axvline(threshold, color=palette["vermillion"])
    left.legend(loc="upper center", ncols=2, fontsize=9, columnspacing=1)
    hits, wrong = int((yes & found).sum()), int((yes & ~found).sum())
    left.set_title(
        f"{hits} found, {int(found.sum()) - hits} missed, {wrong} false", loc="left", fontsize=10
    )

    precisions, recalls, thresholds = precision_recall_curve(scores, labels)
    right.plot(recalls, precisions, color=palette["blue"], linewidth=1.5)
    at = int((thresholds < threshold).sum())
    precision, recall = float(precisions[at]), float(recalls[at])
    right.plot([recall], [precision], "o", color=palette["vermillion"], markersize=9)
    right.set(xlabel="recall", ylabel="precision", xlim=(0, 1.04), ylim=(0, 1.04))
    right.set_title(f"precision {precision:.2f}, recall {recall:.2f}", loc="left", fontsize=10)
    right.grid(alpha=0.25)
    return figure


def draw_reliability(curves: Mapping[str, tuple[Tensor, Tensor]], *, title: str) -> Figure:
    """Draw how often networks are right against how sure they say they are.

    Parameters
    ----------
    curves
        What :func:`cvlib.training.metrics.calibration_curve` gives; a curve each.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        The curves, and the diagonal on which a calibrated network lies.

    Examples
    --------
    >>> import torch
    >>> figure = draw_reliability({"sure": (torch.tensor([0.5]), torch.tensor([0.9]))}, title="!")
    >>> [line.get_label() for line in figure.axes[0].lines]
    ['calibrated', 'sure']
    """
    figure, axes = new_figure(width=5.0, height=3.8, title=title)
    place = axes[0, 0]
    place.plot([0, 1], [0, 1], "--", color=palette["grey"], linewidth=1, label="calibrated")
    names = ("vermillion", "blue", "green", "purple")
    for (name, (shares, means)), colour, marker in zip(curves.items(), names, "osD^", strict=False):
        place.plot(means, shares, color=palette[colour], marker=marker, markersize=5, label=name)
    place.set(xlabel="mean probability", ylabel="share right", xlim=(0, 1.02), ylim=(0, 1.03))
    place.grid(alpha=0.25)
    place.legend(loc="lower right")
    return figure


def draw_roc(curves: Mapping[str, tuple[Tensor, Tensor]], *, title: str) -> Figure:
    """Draw ROC curves: what is found against what is wrongly taken for it.

    Parameters
    ----------
    curves
        False and true positive rates, the first two that :func:`cvlib.training.metrics.roc_curve`
        gives; a curve each.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        The curves, and the diagonal of one who guesses.

    Examples
    --------
    >>> import torch
    >>> figure = draw_roc({"toy": (torch.tensor([0.0, 1.0]), torch.tensor([0.5, 1.0]))}, title="!")
    >>> [line.get_label() for line in figure.axes[0].lines]
    ['guessing', 'toy']
    """
    figure, axes = new_figure(width=5.0, height=3.8, title=title)
    place = axes[0, 0]
    place.plot([0, 1], [0, 1], "--", color=palette["grey"], linewidth=1, label="guessing")
    names = ("vermillion", "blue", "green", "purple")
    for (name, (fpr, tpr)), colour, dashes in zip(
        curves.items(), names, ("-", "--", "-.", ":"), strict=False
    ):
        place.plot(fpr, tpr, dashes, color=palette[colour], label=name)
    place.set(xlabel="false positive rate", ylabel="true positive rate")
    place.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.03))
    place.grid(alpha=0.25)
    place.legend(loc="lower right")
    return figure


def draw_errors(
    panels: Mapping[
        str, tuple[Sequence[int], Sequence[Sequence[float]], Sequence[Sequence[float]]]
    ],
    *,
    title: str,
) -> Figure:
    """Draw the errors in training and test against something of which there can be more.

    Parameters
    ----------
    panels
        By what there is more of: how many, the errors on training pictures, those on test
        pictures. Of the errors a row per number, and in it one per seed.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A panel each, the numbers on a logarithmic axis; a small mark per seed, and a line through
        the means, for training drawn through, for test dashed.

    Examples
    --------
    >>> panels = {"hidden units": ([2, 4], [[0.5, 0.75], [0.25, 0.0]], [[0.75, 1.0], [0.5, 0.25]])}
    >>> figure = draw_errors(panels, title="Falling")
    >>> figure.axes[0].lines[0].get_ydata().tolist()
    [0.625, 0.125]
    """
    figure, axes = new_figure(1, len(panels), width=6.4, height=3.0, title=title, sharey=True)
    for place, (name, (sizes, train, test)) in zip(axes[0], panels.items(), strict=True):
        for rows, label, style in ((train, "train", "-o"), (test, "test", "--s")):
            colour = palette["blue" if label == "train" else "vermillion"]
            means = [sum(row) / len(row) for row in rows]
            place.plot(sizes, means, style, color=colour, label=label, markersize=4)
            for size, row in zip(sizes, rows, strict=True):
                place.scatter([size] * len(row), row, s=12, color=colour, alpha=0.45)
        place.set_xscale("log")
        place.minorticks_off()
        place.set_xticks(sizes, [str(size) for size in sizes])
        place.set(xlabel=name)
        place.grid(alpha=0.25)
    axes[0, 0].set(ylabel="error", ylim=(0, 0.9))  # guessing errs nine times in ten
    axes[0, 0].legend()
    return figure
