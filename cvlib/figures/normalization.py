"""Drawings of the chapter on normalization: what shares a mean, and its noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from torch import Tensor

from cvlib.figures.style import hide_frame, new_figure, palette

__all__ = ["draw_averages", "draw_changes", "draw_noise"]

_DASHES = ("-", "--", "-.", ":")
_ONE_MEAN, _LINE, _CHANGED = "#9CCBEA", "#333333", palette["vermillion"]


def draw_averages(examples: int = 3, channels: int = 4, side: int = 2, groups: int = 2) -> Figure:
    """Draw which numbers share a mean under each kind of normalization.

    Parameters
    ----------
    examples, channels, side
        How many rows and columns of maps there are, and how many positions a map has on each side.
    groups
        Into how many groups group normalization cuts the channels.

    Returns
    -------
    matplotlib.figure.Figure
        A table of maps for each kind, the numbers of one mean coloured, and how many means there
        are; in the last one no mean is taken, but a root mean square.

    Examples
    --------
    >>> figure = draw_averages()
    >>> [axes.get_title() for axes in figure.axes]
    ['batch', 'instance', 'group', 'layer', 'layer, per position', 'RMS, per position']
    """
    every, first = slice(None), 0
    kinds: dict[str, tuple[slice | int, ...]] = {
        "batch": (every, first),
        "instance": (first, first),
        "group": (first, slice(channels // groups)),
        "layer": (first,),
        "layer, per position": (first, every, first, first),
        "RMS, per position": (first, every, first, first),
    }
    figure, axes = new_figure(2, 3, width=6.6, height=4.6)
    for place, (name, shared) in zip(axes.flat, kinds.items(), strict=True):
        together = np.zeros((examples, channels, side, side), bool)
        together[shared] = True
        _draw_table(place, together)
        place.set_title(name, loc="center", fontsize=10)
        count = together.size // int(together.sum())
        place.set_xlabel(f"{count} sizes" if name.startswith("RMS") else f"{count} means")
    return figure


def draw_changes(changed: Tensor, *, at: tuple[int, int, int, int]) -> Figure:
    """Draw which outputs change if one input does.

    Parameters
    ----------
    changed
        ``(N, C, H, W)``, true where the output is another one.
    at
        Example, channel, row and column of the input that was changed.

    Returns
    -------
    matplotlib.figure.Figure
        A table of maps: rows are examples, columns channels, the small squares positions. Changed
        outputs are coloured, and the place of the input has a thick frame.

    Examples
    --------
    >>> import torch
    >>> figure = draw_changes(torch.ones(3, 4, 2, 2) > 0, at=(0, 1, 0, 0))
    >>> figure.axes[0].get_xlabel()
    '48 of 48 outputs change'
    """
    figure, axes = new_figure(width=3.2, height=2.9)
    _draw_table(axes[0, 0], changed.cpu().numpy(), framed=at)
    axes[0, 0].set_xlabel(f"{int(changed.sum())} of {changed.numel()} outputs change")
    return figure


def _draw_table(
    axes: Axes, coloured: NDArray[np.bool_], framed: tuple[int, ...] | None = None
) -> None:
    """Draw a square for each number: examples down, channels across, positions within."""
    examples, channels, height, width = coloured.shape
    hide_frame(axes)
    axes.set(xlim=(-0.6, channels + 0.1), ylim=(examples + 0.1, -0.55), aspect="equal")
    for where in np.ndindex(coloured.shape):
        example, channel, row, column = where
        corner = (channel + 0.9 * column / width, example + 0.9 * row / height)
        square = Rectangle(corner, 0.9 / width, 0.9 / height, facecolor="none")
        square.set_edgecolor(_CHANGED if where == framed else "#BBBBBB")
        if coloured[where]:
            square.set_facecolor(_ONE_MEAN)
        if where == framed:
            square.set(linewidth=2.5, zorder=3)
        axes.add_patch(square)
    for example, channel in np.ndindex(examples, channels):
        whole = Rectangle((channel, example), 0.9, 0.9, facecolor="none", edgecolor=_LINE)
        axes.add_patch(whole).set_zorder(2)
    axes.text(channels / 2, -0.3, "channels", ha="center", va="center", fontsize=9)
    axes.text(-0.3, examples / 2, "examples", rotation=90, ha="center", va="center", size=9)


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
