"""Drawings of the chapter on serving: who waits for whom, how long, and what a pause does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cvlib.figures.style import new_figure, palette

__all__ = ["draw_batches", "draw_curves", "draw_latencies", "draw_pause"]

_COLOURS = tuple(palette.values())
_SHARES = (50, 95, 99)
_LOOKS = (("-", "o"), ("--", "s"), (":", "^"), ("-.", "D"))


def draw_batches(served: Any, *, title: str) -> Figure:
    """Draw when requests came, waited and were computed, a line for each.

    Parameters
    ----------
    served
        What :func:`cvlib.practice.queueing.simulate` computed of a few requests, in milliseconds.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        For each request a dot, a thin line while it waits, and a bar in its batch's colour.

    Examples
    --------
    >>> from cvlib.practice import simulate
    >>> served = simulate([0, 2, 6], window=3, largest=8, service=lambda size: 4 + size)
    >>> len(draw_batches(served, title="Two, then one").axes[0].patches)
    3
    """
    count = len(served.arrived)
    figure, axes = new_figure(width=6.6, height=0.9 + 0.26 * count, title=title)
    place = axes[0, 0]
    for at in range(count):
        line = count - at
        came, begun, done = (
            float(each[at]) for each in (served.arrived, served.begun, served.done)
        )
        colour = _COLOURS[int(served.batch[at]) % len(_COLOURS)]
        place.plot([came, begun], [line, line], color=palette["grey"], linewidth=1.2)
        place.plot([came], [line], "o", color=palette["grey"], markersize=5)
        place.add_patch(Rectangle((begun, line - 0.36), done - begun, 0.72, color=colour))
        words = f"batch {int(served.batch[at]) + 1}"
        place.text(
            (begun + done) / 2, line, words, ha="center", va="center", fontsize=9, color="white"
        )
    place.set(ylim=(0.4, count + 0.6), xlabel="time, ms")
    place.set_yticks(range(1, count + 1), [str(at) for at in range(count, 0, -1)])
    place.set_ylabel("request")
    return figure


def draw_latencies(served: Any, *, most: float, largest: int, title: str) -> Figure:
    """Draw how long requests took, and how large their batches were.

    Parameters
    ----------
    served
        What :func:`cvlib.practice.queueing.simulate` computed, in seconds.
    most
        Where the axis of latency ends, in milliseconds.
    largest
        The most requests of a batch.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        Left the share of requests that were answered by a time, with three percentiles; right the
        share of requests in batches of each size.

    Examples
    --------
    >>> from cvlib.practice import poisson_arrivals, simulate
    >>> arrivals = poisson_arrivals(100, 200)
    >>> served = simulate(arrivals, window=0.01, largest=4, service=lambda size: 0.004)
    >>> len(draw_latencies(served, most=30, largest=4, title="A hundred a second").axes)
    2
    """
    figure, axes = new_figure(1, 2, width=7.0, height=2.9, title=title)
    left, right = axes[0]
    taken = np.sort(1000 * served.latency)
    share = 100 * np.arange(1, len(taken) + 1) / len(taken)
    step = max(1, len(taken) // 200)
    left.plot(taken[::step], share[::step], color=palette["blue"])
    for percent, colour in zip(_SHARES, ("green", "orange", "vermillion"), strict=True):
        value = float(np.percentile(taken, percent))
        known = (
            f"{percent} % by {value:.1f} ms" if value < 1000 else f"{percent} % by {value:.0f} ms"
        )
        left.plot(
            [min(value, most)], [percent], "o", color=palette[colour], label=known, markersize=7
        )
    left.set(xlim=(0, most), ylim=(0, 103), xlabel="latency, ms", ylabel="answered, %")
    left.legend(loc="lower right", fontsize=9)
    sizes = served.sizes
    counts = np.bincount(sizes, weights=sizes, minlength=largest + 1)[1:]
    right.bar(range(1, largest + 1), 100 * counts / counts.sum(), color=palette["sky"])
    right.set(ylim=(0, 103), xlabel="pictures in the batch", ylabel="requests, %")
    right.set_xticks([1, *range(4, largest + 1, 4)])
    return figure


def draw_curves(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], *, most: float, title: str
) -> Figure:
    """Draw latency over throughput.

    Parameters
    ----------
    curves
        By name, answers per second, and the milliseconds by which 99 % of them were there.
    most
        Where the axis of latency ends.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        The curves; a point per load.

    Examples
    --------
    >>> figure = draw_curves({"alone": ([10, 20], [5.0, 9.0])}, most=20, title="Two loads")
    >>> figure.axes[0].get_xlabel()
    'answers per second'
    """
    figure, axes = new_figure(width=5.6, height=3.2, title=title)
    place = axes[0, 0]
    for (name, (rates, latencies)), colour, (dash, mark) in zip(
        curves.items(), _COLOURS, _LOOKS, strict=False
    ):
        place.plot(rates, latencies, dash, marker=mark, color=colour, label=name, markersize=5)
    place.set(ylim=(0, most), xlabel="answers per second", ylabel="99 % answered by, ms")
    place.set_xlim(left=0)
    place.grid(alpha=0.25)
    place.legend(loc="upper center", ncols=2, fontsize=9)
    return figure


def draw_pause(due: Any, lines: Mapping[str, Any], *, title: str) -> Figure:
    """Draw the latency of each request over when it was due.

    Parameters
    ----------
    due
        When, in seconds.
    lines
        By name, the latencies in seconds.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A point per request for each name.

    Examples
    --------
    >>> figure = draw_pause([0.0, 1.0], {"from when it was due": [0.5, 0.1]}, title="A pause")
    >>> len(figure.axes[0].lines)
    1
    """
    figure, axes = new_figure(width=6.2, height=2.7, title=title)
    place = axes[0, 0]
    for (name, latencies), colour, mark in zip(lines.items(), _COLOURS, "ox^s", strict=False):
        place.plot(due, latencies, mark, color=colour, label=name, markersize=3.5, linestyle="")
    place.set(xlabel="due after, s", ylabel="latency, s")
    place.legend(loc="upper right", fontsize=9, markerscale=2)
    return figure
