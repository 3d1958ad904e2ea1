"""Drawings of the chapter on export: what travels with a network, what careless callers see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from cvlib.figures.style import hide_frame, new_figure, palette

__all__ = ["draw_answers", "draw_formats"]


def draw_formats(
    formats: Mapping[str, Sequence[bool]], columns: Sequence[str], *, brought: int, title: str
) -> Figure:
    """Draw a table of dots: what a file brings, and what must be there to run it.

    Parameters
    ----------
    formats
        For each kind of file whether each column holds.
    columns
        What the columns are.
    brought
        How many of them, from the left, are what the file brings. These dots are filled; those of
        what must be there are rings.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A row a format.

    Examples
    --------
    >>> figure = draw_formats({"a": [True, False]}, ["weights", "torch"], brought=1, title="Less")
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['a']
    """
    figure, axes = new_figure(width=6.6, height=0.9 + 0.34 * len(formats), title=title)
    place = axes[0, 0]
    for row, holds in enumerate(formats.values()):
        place.axhline(row, color="#E4E4E4", linewidth=0.8, zorder=0)
        for column, true in enumerate(holds):
            if not true:
                continue
            colour = palette["blue"] if column < brought else palette["vermillion"]
            filled = colour if column < brought else "#FFFFFF"
            place.plot(
                column, row, "o", markersize=11, color=colour, markerfacecolor=filled, mew=2.2
            )
    place.axvline(brought - 0.5, color="#444444", linewidth=0.8)
    place.set_xticks(range(len(columns)), columns)
    place.set_yticks(range(len(formats)), list(formats))
    place.xaxis.tick_top()
    place.tick_params(length=0, labelsize=9)
    place.set(xlim=(-0.6, len(columns) - 0.4), ylim=(len(formats) - 0.4, -0.6))
    for spine in place.spines.values():
        spine.set_visible(False)
    return figure


def draw_answers(
    batch: Tensor, answers: Sequence[str], right: Sequence[bool], title: str
) -> Figure:
    """Draw what a network is given, as if it were prepared rightly, and what it answers.

    Parameters
    ----------
    batch
        ``(N, 3, H, W)``, normalized by ImageNet's mean and standard deviation, or so the network
        believes.
    answers
        A line below each.
    right
        Whether it is the answer to the picture rightly prepared; others stand in red.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        The pictures, three a row.

    Examples
    --------
    >>> import torch
    >>> figure = draw_answers(torch.zeros(3, 3, 8, 8), ["cat", "cup", "cat"], [True] * 3, "Three")
    >>> figure.axes[1].get_xlabel()
    'cup'
    """
    from cvlib.images.preprocessing import IMAGENET_MEAN, IMAGENET_STD

    columns = 3
    rows = -(-len(batch) // columns)
    figure, axes = new_figure(rows, columns, width=5.4, height=2.15 * rows + 0.3, title=title)
    seen = batch.permute(0, 2, 3, 1).numpy() * np.array(IMAGENET_STD) + np.array(IMAGENET_MEAN)
    for place, picture, answer, same in zip(axes.flat, seen, answers, right, strict=True):
        hide_frame(place)
        place.imshow(np.clip(picture, 0, 1))
        place.set_xlabel(answer, fontsize=9, color="#222222" if same else palette["vermillion"])
    return figure
