"""Drawings of the chapter on schedules: rates over time, what they do, and the range test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from cvlib.figures.style import new_figure, palette

if TYPE_CHECKING:
    from cvlib.training.schedules import RangeTest

__all__ = ["draw_curves", "draw_outcomes", "draw_range_test", "draw_schedule", "draw_schedules"]

_DASHES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D")


def draw_schedules(schedules: Mapping[str, Sequence[float]], *, title: str) -> Figure:
    """Draw schedules beside each other, a small plot each.

    Parameters
    ----------
    schedules
        The factor of each step, by the name of the schedule.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        Two plots a row, all with the same axes.

    Examples
    --------
    >>> figure = draw_schedules({"straight": [1, 0.5], "constant": [1, 1]}, title="Shapes")
    >>> [axes.get_title("left") for axes in figure.axes]
    ['straight', 'constant']
    """
    rows = -(-len(schedules) // 2)
    figure, axes = new_figure(
        rows, 2, width=5.4, height=0.5 + 1.25 * rows, title=title, sharex=True, sharey=True
    )
    for place in axes.flat[len(schedules) :]:
        place.remove()
    for place, (name, factors) in zip(axes.flat, schedules.items(), strict=False):
        place.plot(factors, color=palette["blue"])
        place.set_title(name, loc="left", fontsize=10)
        place.set(ylim=(0, 1.08), yticks=[0, 0.5, 1])
        place.grid(alpha=0.25)
    for place in figure.axes[-2:]:
        place.set_xlabel("step")
        place.tick_params(labelbottom=True)
    return figure


def draw_schedule(factors: Sequence[float], *, title: str) -> Figure:
    """Draw one schedule, with its mean and its highest and lowest factor in words.

    Parameters
    ----------
    factors
        The factor of each step.
    title
        Which schedule it is.

    Returns
    -------
    matplotlib.figure.Figure
        The curve over the steps, its mean as a dashed line.

    Examples
    --------
    >>> figure = draw_schedule([1.0, 0.5], title="straight")
    >>> figure.axes[0].get_title("left")
    'straight: mean 0.75, from 1 to 0.5'
    """
    figure, axes = new_figure(width=5.0, height=2.5)
    place = axes[0, 0]
    mean = float(np.mean(factors))
    place.plot(factors, color=palette["blue"])
    place.axhline(mean, color=palette["grey"], linestyle="--", linewidth=1)
    place.set(ylim=(0, 1.08), xlabel="step", ylabel="factor")
    ends = f"from {factors[0]:.2g} to {factors[-1]:.2g}"
    place.set_title(f"{title}: mean {mean:.2f}, {ends}", loc="left", fontsize=10)
    place.grid(alpha=0.25)
    return figure


def draw_curves(
    curves: Mapping[str, Sequence[float] | Sequence[Sequence[float]]],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    first: int = 0,
    logarithmic: bool = False,
) -> Figure:
    """Draw curves over steps or epochs.

    Parameters
    ----------
    curves
        The values of each curve, by name; or those of several runs, which then have a thin curve
        each, of one look.
    title
        What to see.
    xlabel, ylabel
        What is counted, and what is measured.
    first
        The number of the first value.
    logarithmic
        Whether the vertical axis is.

    Returns
    -------
    matplotlib.figure.Figure
        One plot with a legend.

    Examples
    --------
    >>> figure = draw_curves({"a": [2, 1]}, title="It falls", xlabel="epoch", ylabel="loss")
    >>> figure.axes[0].lines[0].get_xdata().tolist()
    [0, 1]
    """
    figure, axes = new_figure(width=5.4, height=2.9, title=title)
    place = axes[0, 0]
    for (name, values), colour, dash in zip(
        curves.items(), palette.values(), _DASHES, strict=False
    ):
        runs = np.atleast_2d(np.asarray(values))
        numbers = np.arange(first, first + runs.shape[1])
        for run, label in zip(runs, (name, *[None] * len(runs)), strict=False):
            width = 2.0 if len(runs) == 1 else 1.2
            place.plot(numbers, run, dash, color=colour, label=label, linewidth=width)
    place.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if logarithmic else "linear")
    place.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    place.grid(alpha=0.25)
    place.legend()
    return figure


def draw_outcomes(
    rates: Sequence[float],
    outcomes: Mapping[str, Sequence[Sequence[float]] | Tensor],
    *,
    title: str,
) -> Figure:
    """Draw what becomes of training at several learning rates, with several seeds each.

    Parameters
    ----------
    rates
        The learning rates.
    outcomes
        By the name of the schedule, an accuracy for each rate and seed, a row a rate.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A mark for each run, and a line through the means.

    Examples
    --------
    >>> figure = draw_outcomes([0.1, 1], {"constant": [[0.9, 0.8], [0.1, 0.1]]}, title="Too large")
    >>> len(figure.axes[0].lines[0].get_xdata())
    2
    """
    figure, axes = new_figure(width=5.4, height=3.2, title=title)
    place = axes[0, 0]
    styles = zip(palette.values(), _DASHES, _MARKERS, strict=False)
    for (name, values), (colour, dash, marker) in zip(outcomes.items(), styles, strict=False):
        runs = np.asarray(values)
        place.semilogx(rates, runs.mean(1), dash, color=colour, label=name)
        for rate, seeds in zip(rates, runs, strict=True):
            place.plot([rate] * len(seeds), seeds, marker, color=colour, markersize=4, alpha=0.7)
    place.set(xlabel="learning rate", ylabel="test accuracy", ylim=(0, 1.03))
    place.minorticks_off()
    place.set_xticks(rates, [f"{rate:g}" for rate in rates])
    place.grid(alpha=0.25)
    place.legend(loc="lower center")
    return figure


def draw_range_test(test: RangeTest, *, title: str, highest: float, top: float) -> Figure:
    """Draw a range test: the smoothed loss over the learning rate, and what is suggested.

    Parameters
    ----------
    test
        What :func:`cvlib.training.schedules.find_learning_rate` returns.
    title
        What to see.
    highest
        The rate at the right end of the axis.
    top
        The loss at the upper edge: what is above it is drawn there, and so is each rate that the
        test did not reach, because the loss had exploded.

    Returns
    -------
    matplotlib.figure.Figure
        The curve on a logarithmic axis; the lowest loss and the suggestion as marks.

    Examples
    --------
    >>> from cvlib.training.schedules import RangeTest
    >>> test = RangeTest([0.01, 0.1, 1.0], [2.0, 1.0, 4.0])
    >>> figure = draw_range_test(test, title="It explodes", highest=10, top=3)
    >>> curve, lowest, suggestion = figure.axes[0].lines
    >>> curve.get_ydata().tolist(), lowest.get_xdata().tolist()
    ([2.0, 1.0, 3.0, 3.0], [0.1])
    """
    figure, axes = new_figure(width=5.4, height=2.9, title=title)
    place = axes[0, 0]
    ratio = test.rates[1] / test.rates[0]
    count = round(float(np.log(highest / test.rates[0]) / np.log(ratio))) + 1
    rates = test.rates[0] * ratio ** np.arange(count)
    losses = np.full(count, float(top))
    reached = min(count, len(test.losses))
    losses[:reached] = np.minimum(test.losses[:reached], top)
    place.semilogx(rates, losses, color=palette["blue"])
    lowest = int(np.argmin(test.losses))
    place.plot(
        test.rates[lowest],
        test.losses[lowest],
        "o",
        color=palette["vermillion"],
        label="lowest loss",
    )
    place.axvline(
        test.suggestion, color=palette["green"], linestyle="--", label="suggestion: a tenth of it"
    )
    place.set(xlabel="learning rate", ylabel="smoothed loss", ylim=(0, top))
    place.grid(alpha=0.25)
    place.legend(loc="lower left")
    return figure
