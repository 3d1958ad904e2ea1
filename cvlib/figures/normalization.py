"""Drawings of the chapter on normalization: averages and their noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cvlib.figures.style import hide_frame, new_figure, palette

__all__ = ["draw_averages", "draw_noise"]

_DASHES = ("-", "--", "-.", ":")
_ONE_MEAN, _LINE = "#CFE6F7", "#333333"


def draw_averages(examples: int = 3, channels: int = 4, groups: int = 2) -> Figure:
    """Draw which feature maps share a mean under each kind of normalization.

    Parameters
    ----------
    examples, channels
        How many rows and columns of maps there are.
    groups
        Into how many groups group normalization cuts the channels.

    Returns
    -------
    matplotlib.figure.Figure
        A table of maps for each kind, those of one mean coloured, and how many means there are.

    Examples
    --------
    >>> figure = draw_averages()
    >>> [axes.get_title() for axes in figure.axes]
    ['batch', 'layer', 'group', 'instance']
    """
    width = channels // groups
    kinds = {
        "batch": (examples, 1, channels),
        "layer": (1, channels, examples),
        "group": (1, width, examples * groups),
        "instance": (1, 1, examples * channels),
    }
    figure, axes = new_figure(2, 2, width=5.2, height=4.9)
    for place, (name, (rows, columns, means)) in zip(axes.flat, kinds.items(), strict=True):
        hide_frame(place)
        place.set(xlim=(-0.6, channels + 0.1), ylim=(examples + 0.1, -0.5), aspect="equal")
        for row, column in np.ndindex(examples, channels):
            colour = _ONE_MEAN if row < rows and column < columns else "none"
            square = Rectangle((column, row), 0.9, 0.9, facecolor=colour, edgecolor=_LINE)
            place.add_patch(square)
        place.text(channels / 2, -0.28, "channels", ha="center", va="center", fontsize=9)
        place.text(-0.3, examples / 2, "examples", rotation=90, ha="center", va="center", size=9)
        place.set_title(name, loc="center")
        place.set_xlabel(f"{means} means")
    return figure


def draw_noise(sizes: Sequence[int], noise: Mapping[str, Sequence[float]], *, title: str) -> Figure:
    """Draw how far the statistics of a batch are off, against the size of the batch.

    Parameters
    ----------
    sizes
        Pictures per batch.
    noise
        The error of a statistic at each size; a curve each.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        The curves, both axes logarithmic.

    Examples
    --------
    >>> figure = draw_noise([1, 4, 16], {"mean": [0.4, 0.2, 0.1]}, title="Four times, half")
    >>> [label.get_text() for label in figure.axes[0].get_xticklabels()]
    ['1', '4', '16']
    """
    figure, axes = new_figure(width=5.6, height=3, title=title)
    place = axes[0, 0]
    for (name, values), colour, dash in zip(noise.items(), palette.values(), _DASHES, strict=False):
        place.loglog(sizes, values, dash, color=colour, label=name, marker="o", markersize=4)
    place.set(xlabel="pictures in the batch", ylabel="error (standard deviations)")
    place.minorticks_off()
    place.set_xticks(sizes, [str(size) for size in sizes])
    place.grid(alpha=0.25)
    place.legend()
    return figure
