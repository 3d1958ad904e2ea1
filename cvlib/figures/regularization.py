"""Drawings of the chapter on regularization: pulls on weights, stopping, gains, a peak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from matplotlib.figure import Figure

from cvlib.figures.style import new_figure, palette

__all__ = ["draw_comparison", "draw_descent", "draw_pull", "draw_stopping"]

_TRAIN, _HELD_OUT = palette["blue"], palette["vermillion"]


def draw_pull(paths: Mapping[str, Sequence[Sequence[float]]]) -> Figure:
    """Draw how penalties pull weights towards 0.

    Parameters
    ----------
    paths
        For each penalty the weights after each step, the first before any: (steps, weights).

    Returns
    -------
    matplotlib.figure.Figure
        A plot a penalty, and a curve a weight.

    Examples
    --------
    >>> figure = draw_pull({"L1": [[2.0, 1.0], [1.5, 0.5]], "L2": [[2.0, 1.0], [1.0, 0.5]]})
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['L1', 'L2']
    """
    figure, axes = new_figure(1, len(paths), height=2.7, sharey=True)
    for place, (name, path) in zip(axes[0], paths.items(), strict=True):
        place.axhline(0, color="#BBBBBB", linewidth=0.8)
        for weights, colour in zip(zip(*path, strict=True), palette.values(), strict=False):
            place.plot(range(len(weights)), weights, color=colour)
        place.set_title(name, loc="left")
        place.set_xlabel("step")
        place.grid(alpha=0.25)
    axes[0, 0].set_ylabel("weight")
    return figure


def draw_stopping(
    train: Sequence[float],
    held_out: Sequence[float],
    best: float,
    stopped: float,
    *,
    title: str,
    top: float,
) -> Figure:
    """Draw the losses of a run that went on for too long, and where it should have ended.

    Parameters
    ----------
    train, held_out
        The loss of each epoch, first epoch first.
    best, stopped
        Where to draw the lines: the epoch to keep and the one after which to stop, counted from 1.
        A half more stands behind that epoch.
    title
        What to see.
    top
        The highest loss that is shown.

    Returns
    -------
    matplotlib.figure.Figure
        Both curves, and two lines at the two epochs.

    Examples
    --------
    >>> figure = draw_stopping([2.0, 1.0, 0.5], [2.0, 1.5, 1.6], 2, 3, title="Too long", top=2.5)
    >>> [line.get_label() for line in figure.axes[0].lines[:2]]
    ['training', 'validation']
    """
    figure, axes = new_figure(width=6.2, height=3.1, title=title)
    place = axes[0, 0]
    epochs = range(1, len(train) + 1)
    place.plot(epochs, train, color=_TRAIN, label="training")
    place.plot(epochs, held_out, "--", color=_HELD_OUT, label="validation")
    for epoch, name, side in ((best, "keep", "right"), (stopped, "stop", "left")):
        place.vlines([epoch], 0, top, color=palette["grey"], linewidth=1.2, linestyle=":")
        gap = -0.4 if side == "right" else 0.4
        place.text(epoch + gap, top, name, ha=side, va="top", color="#444444")
    place.set(xlabel="epoch", ylabel="loss", ylim=(0, 1.02 * top))
    place.grid(alpha=0.25)
    place.legend(loc="upper right")
    return figure


def draw_comparison(results: Mapping[str, Sequence[tuple[float, float]]], *, title: str) -> Figure:
    """Draw what networks read right of what they learnt from, and of what they never saw.

    Parameters
    ----------
    results
        For each way of training the accuracies (training, test) with each seed. The first one is
        what the others are compared with.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A row a way: a small mark a seed, a large one for the mean, and the gap between the means.

    Examples
    --------
    >>> figure = draw_comparison({"nothing": [(1.0, 0.8)], "flips": [(1.0, 0.7)]}, title="Worse")
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['nothing', 'flips']
    """
    figure, axes = new_figure(height=0.36 * len(results) + 1.2, width=6.4, title=title)
    place = axes[0, 0]
    parts = (("training", 0, _TRAIN, "o"), ("test", 1, _HELD_OUT, "s"))
    for row, accuracies in enumerate(results.values()):
        means = [sum(pair[part] for pair in accuracies) / len(accuracies) for part in (0, 1)]
        place.plot(means, [row, row], color="#BBBBBB", linewidth=1.5, zorder=1)
        for name, part, colour, marker in parts:
            values = [pair[part] for pair in accuracies]
            place.scatter(values, [row] * len(values), s=12, color=colour, alpha=0.4, marker=marker)
            label = None if row else name
            place.scatter(means[part], row, s=46, color=colour, marker=marker, label=label)
        if not row:
            place.axvline(means[1], color=_HELD_OUT, linewidth=0.9, linestyle=":", zorder=0)
    place.set_yticks(range(len(results)), list(results))
    place.invert_yaxis()
    place.set_xlabel("accuracy")
    place.grid(alpha=0.25, axis="x")
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def draw_descent(
    counts: Sequence[int],
    train: Sequence[Sequence[float]],
    test: Sequence[Sequence[float]],
    *,
    examples: int,
    title: str,
    limits: tuple[float, float],
) -> Figure:
    """Draw errors against the number of features, and where as many features as examples are.

    Parameters
    ----------
    counts
        How many features there were.
    train, test
        For each count the error with each seed; what is below the lower limit is drawn there.
    examples
        How many examples were learnt from.
    title
        What to see.
    limits
        The lowest and the highest error that are shown, on a logarithmic axis.

    Returns
    -------
    matplotlib.figure.Figure
        A curve through the medians, a band from the least to the greatest, and a line at the peak.

    Examples
    --------
    >>> figure = draw_descent(
    ...     [1, 2], [[1.0], [0.1]], [[1.0], [2.0]], examples=2, title="Up", limits=(0.01, 10)
    ... )
    >>> [line.get_label() for line in figure.axes[0].lines[:2]]
    ['training', 'test']
    """
    figure, axes = new_figure(width=6.2, height=3.1, title=title)
    place = axes[0, 0]
    parts = (("training", train, _TRAIN, "-"), ("test", test, _HELD_OUT, "--"))
    for name, errors, colour, dash in parts:
        shown = [sorted(max(error, limits[0]) for error in row) for row in errors]
        middle = [median(row) for row in shown]
        place.plot(counts, middle, dash, color=colour, marker="o", markersize=3.5, label=name)
        low, high = [row[0] for row in shown], [row[-1] for row in shown]
        place.fill_between(counts, low, high, color=colour, alpha=0.2, linewidth=0)
    place.axvline(examples, color=palette["grey"], linewidth=1.2, linestyle=":")
    place.set(xscale="log", yscale="log", ylim=limits, xlabel="features", ylabel="squared error")
    place.grid(alpha=0.25)
    place.legend(loc="upper right")
    return figure
