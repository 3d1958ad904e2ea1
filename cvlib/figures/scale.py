"""Drawings of the chapter on more cores and machines: a ring of processes, and what each keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cvlib.figures.style import hide_frame, new_figure, palette

__all__ = ["draw_memory", "draw_ring"]

_PARTS = {"weights": "blue", "gradients": "orange", "optimizer": "green"}


def draw_ring(
    pieces: list[list[str]], sent: list[int], finished: list[list[bool]], title: str
) -> Figure:
    """Draw what every rank of a ring holds, and what has just come from its left neighbour.

    Parameters
    ----------
    pieces
        For each rank what stands in its pieces.
    sent
        For each rank the position of the piece that it has sent on, or nothing at the beginning.
    finished
        For each rank which of its pieces hold the sum of all.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A row for each rank, a column for each piece, and an arrow for each piece that was sent.

    Examples
    --------
    >>> figure = draw_ring([["1", "2"], ["3", "4"]], [0, 1], [[False] * 2] * 2, "Two ranks")
    >>> len(figure.axes[0].texts)
    6
    """
    ranks, columns = len(pieces), len(pieces[0])
    figure, axes = new_figure(width=4.6, height=0.62 * ranks + 0.9)
    place = axes[0, 0]
    hide_frame(place)
    place.set(xlim=(-1.15, columns + 0.05), ylim=(ranks + 0.1, -0.35))
    place.set_title(title, loc="center", fontsize=10)
    came = {((rank + 1) % ranks, at) for rank, at in enumerate(sent)}
    for rank, row in enumerate(pieces):
        place.text(-0.12, rank + 0.45, f"rank {rank}", ha="right", va="center", fontsize=9)
        for at, words in enumerate(row):
            done, new = finished[rank][at], (rank, at) in came
            colour = palette["green"] + "55" if done else "#FFFFFF"
            edge = palette["vermillion"] if new else palette["grey"]
            place.add_patch(
                Rectangle(
                    (at + 0.05, rank + 0.15),
                    0.8,
                    0.6,
                    facecolor=colour,
                    edgecolor=edge,
                    linewidth=2 if new else 0.8,
                    zorder=2,
                )
            )
            place.text(
                at + 0.45, rank + 0.45, words, ha="center", va="center", fontsize=9, zorder=4
            )
    for rank, at in enumerate(sent):
        # The last rank sends to the first: out below the last row, and in above the first.
        ways = [(rank + 0.75, rank + 1.15)] if rank + 1 < ranks else [(rank + 0.75, rank + 1.05)]
        ways += [] if rank + 1 < ranks else [(-0.25, 0.15)]
        for begin, end in ways:
            red: dict[str, Any] = {"color": palette["vermillion"], "zorder": 3}
            place.plot([at + 0.45] * 2, [begin, end - 0.04], linewidth=1.4, **red)
            place.plot([at + 0.45], [end - 0.06], "v", markersize=5, **red)
    return figure


def draw_memory(held: Mapping[str, tuple[float, float, float]], *, unit: str, title: str) -> Figure:
    """Draw what each process keeps, a bar for each way to share.

    Parameters
    ----------
    held
        By name: weights, gradients, and what the optimizer remembers.
    unit
        Of the numbers.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        Bars that lie, in three colours, with their sum behind.

    Examples
    --------
    >>> figure = draw_memory({"alone": (1.0, 1.0, 2.0)}, unit="GB", title="Four")
    >>> figure.axes[0].get_xlabel()
    'GB for each process'
    """
    figure, axes = new_figure(width=5.6, height=0.42 * len(held) + 1.5, title=title)
    place = axes[0, 0]
    names = list(held)
    begins = [0.0] * len(names)
    for at, (part, colour) in enumerate(_PARTS.items()):
        widths = [each[at] for each in held.values()]
        place.barh(names, widths, left=begins, color=palette[colour], label=part, height=0.6)
        begins = [begin + width for begin, width in zip(begins, widths, strict=True)]
    longest = max(begins)
    for row, total in enumerate(begins):
        place.text(total + 0.015 * longest, row, f"{total:.1f}", va="center", fontsize=9)
    place.set(xlabel=f"{unit} for each process", xlim=(0, 1.12 * longest))
    place.invert_yaxis()
    place.legend(loc="lower right")
    return figure
