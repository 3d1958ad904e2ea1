"""Drawings of the chapter on faces: levels, maps of scores, boxes and points over photographs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle
from numpy.typing import NDArray

from cvlib.figures.style import STYLE, as_picture, hide_frame, new_figure, palette

__all__ = [
    "draw_boxes",
    "draw_funnel",
    "draw_levels",
    "draw_map",
    "draw_mended",
    "draw_shares",
]

_LINE = "#333333"
_SMALL = 8.5


def draw_funnel(counts: Mapping[str, int], title: str | None = None) -> Figure:
    """Draw how many windows are left after each step, as bars on a logarithmic scale.

    Parameters
    ----------
    counts
        How many, by the name of the step, the first step first.
    title
        What to see in the figure, said above it.

    Returns
    -------
    matplotlib.figure.Figure
        A bar per step, its number beside it.

    Examples
    --------
    >>> figure = draw_funnel({"windows": 42866, "faces": 1})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['42,866', '1']
    """
    figure, axes = new_figure(width=5.6, height=0.32 * len(counts) + 0.75, title=title)
    place = axes[0, 0]
    with rc_context(STYLE):
        names, values = list(counts), list(counts.values())
        rows = range(len(names))
        # From a half on, so that a single window has a bar, too.
        place.barh(rows, [value - 0.5 for value in values], left=0.5, color=palette["sky"])
        for row, value in zip(rows, values, strict=True):
            place.text(value * 1.2, row, f"{value:,}", va="center", color=_LINE)
        place.set_yticks(rows, names)
        place.set_xscale("log")
        place.set_xlim(0.5, 400_000)
        place.set_ylim(len(names) - 0.4, -0.6)
        place.set_xticks([1, 10, 100, 1000, 10_000, 100_000])
        place.set_xticklabels(["1", "10", "100", "1,000", "10,000", "100,000"])
        place.minorticks_off()
        place.tick_params(axis="y", length=0)
    return figure


def draw_levels(
    pictures: Sequence[Any], cell: int = 12, centre: tuple[float, float] = (0.5, 0.5)
) -> Figure:
    """Draw the pictures of a pyramid in their sizes, with the same window in each.

    Parameters
    ----------
    pictures
        Tensors ``(3, H, W)`` or arrays (H, W, 3), the largest first.
    cell
        Side of the window in pixels.
    centre
        Where its middle is, across and down, as shares of the picture.

    Returns
    -------
    matplotlib.figure.Figure
        The pictures side by side, standing on one line.

    Examples
    --------
    >>> figure = draw_levels([np.zeros((30, 40, 3), np.uint8), np.zeros((15, 20, 3), np.uint8)])
    >>> len(figure.axes[0].images)
    2
    """
    shown = [as_picture(picture) for picture in pictures]
    gap = 14
    width = sum(picture.shape[1] + gap for picture in shown) - gap
    height = shown[0].shape[0]
    figure, axes = new_figure(width=7, height=7 * (height + 34) / (width + 8))
    place = axes[0, 0]
    left = 0
    for picture in shown:
        high, wide = picture.shape[:2]
        place.imshow(picture, extent=(left, left + wide, height, height - high))
        across, down = left + wide * centre[0], height - high * (1 - centre[1])
        corner = across - cell / 2, down - cell / 2
        place.add_patch(Rectangle(corner, cell, cell, fill=False, edgecolor="white", linewidth=2.6))
        box = Rectangle(corner, cell, cell, fill=False, edgecolor=palette["vermillion"])
        box.set_linewidth(1.4)
        place.add_patch(box)
        place.text(left + wide / 2, height + 6, f"{wide}", ha="center", va="top", fontsize=_SMALL)
        left += wide + gap
    place.set_xlim(-4, width + 4)
    place.set_ylim(height + 34, 0)
    place.set_aspect("equal")
    hide_frame(place)
    return figure


def draw_map(picture: Any, scores: Any, place: tuple[int, int], cell: int = 12) -> Figure:
    """Draw a level of the pyramid beside its map of scores, with one window and its place.

    Parameters
    ----------
    picture
        The level: tensor ``(3, H, W)`` or array (H, W, 3).
    scores
        ``(H', W')``, from 0 to 1.
    place
        Row and column in the map.
    cell
        Side of the window in pixels; windows are two pixels apart.

    Returns
    -------
    matplotlib.figure.Figure
        The picture with the window, the map with the place.

    Examples
    --------
    >>> figure = draw_map(np.zeros((20, 24, 3), np.uint8), np.zeros((5, 7)), (1, 2))
    >>> len(figure.axes)
    2
    """
    figure, axes = new_figure(1, 2, width=6, height=3.2)
    row, column = place
    with rc_context(STYLE):
        axes[0, 0].imshow(as_picture(picture))
        axes[0, 1].imshow(np.asarray(scores), vmin=0, vmax=1, cmap="gray", interpolation="nearest")
        marks = (
            Rectangle((2 * column - 0.5, 2 * row - 0.5), cell, cell, fill=False),
            Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False),
        )
        names = "a window of 12 × 12 pixels", "its place in the map"
        for axis, mark, name in zip(axes[0], marks, names, strict=True):
            mark.set_edgecolor(palette["orange"])
            mark.set_linewidth(2)
            axis.add_patch(mark)
            axis.set_title(name, fontsize=10, loc="center")
            hide_frame(axis)
    return figure


def draw_mended(box: Sequence[float], mended: Sequence[float]) -> Figure:
    """Draw a box, and what it becomes when each edge moves.

    Parameters
    ----------
    box, mended
        Left, upper, right and lower edge.

    Returns
    -------
    matplotlib.figure.Figure
        The box dashed, the mended one as a line, with an arrow wherever an edge has moved.

    Examples
    --------
    >>> figure = draw_mended([10, 20, 50, 60], [20, 20, 55, 50])
    >>> len(figure.axes[0].patches)
    5
    """
    figure, axes = new_figure(width=3.6, height=3.1)
    place = axes[0, 0]
    (x1, y1, x2, y2), (left, top, right, bottom) = box, mended
    with rc_context(STYLE):
        grey, blue = palette["grey"], palette["blue"]
        for (a, b, c, d), colour, dash in ((box, grey, "--"), (mended, blue, "-")):
            rectangle = Rectangle(
                (a, b), c - a, d - b, fill=False, edgecolor=colour, linestyle=dash
            )
            rectangle.set_linewidth(1.8)
            place.add_patch(rectangle)
        across, down = (top + bottom) / 2, (left + right) / 2
        moves = (
            ((x1, across), (left, across)),
            ((x2, across), (right, across)),
            ((down, y1), (down, top)),
            ((down, y2), (down, bottom)),
        )
        for start, end in moves:
            if start != end:
                arrow = FancyArrowPatch(
                    start, end, arrowstyle="-|>", mutation_scale=11, shrinkA=0, shrinkB=0
                )
                arrow.set_color(palette["vermillion"])
                place.add_patch(arrow)
        place.set_xlim(0, 65)
        place.set_ylim(68, 12)
        place.set_aspect("equal")
        place.set_xticks(sorted({x1, left, x2, right}))
        place.set_yticks(sorted({y1, top, y2, bottom}))
        place.grid(alpha=0.25)
    return figure


def draw_boxes(
    images: Sequence[Any],
    boxes: Sequence[Mapping[str, Any]],
    titles: Sequence[str] | None = None,
    *,
    points: Any = None,
    columns: int | None = None,
    width: float = 7.0,
) -> Figure:
    """Draw boxes over photographs.

    Parameters
    ----------
    images
        Arrays (H, W, 3) or (H, W), or tensors ``(3, H, W)``.
    boxes
        For each photograph, boxes ``(N, 4)`` by the palette's name of their colour. Those in grey
        are drawn thin.
    titles
        A line above each.
    points
        ``(N, 5, 2)``: drawn over the last photograph.
    columns
        Photographs a row; all of them unless given.
    width
        Of the figure, in inches.

    Returns
    -------
    matplotlib.figure.Figure
        The photographs in rows.

    Raises
    ------
    ValueError
        If there are not as many lists of boxes, or titles, as photographs.

    Examples
    --------
    >>> figure = draw_boxes([np.zeros((40, 40), np.uint8)], [{"orange": [[5, 5, 20, 20]]}])
    >>> len(figure.axes[0].patches)
    2
    """
    titles = [""] * len(images) if titles is None else titles
    if not len(images) == len(boxes) == len(titles):
        raise ValueError(
            f"images, boxes and titles are {len(images)}, {len(boxes)} and {len(titles)}; expected "
            "as many of each"
        )
    columns = columns or len(images)
    shown = [as_picture(image) for image in images]
    rows = -(-len(shown) // columns)
    tallest = max(picture.shape[0] / picture.shape[1] for picture in shown)
    line = 0.3 if any(titles) else 0
    height = rows * (width / columns * tallest + line)
    figure, axes = new_figure(rows, columns, width=width, height=height)
    with rc_context(STYLE):
        for axis in axes.flat:
            hide_frame(axis)
        for axis, picture, some, name in zip(axes.flat, shown, boxes, titles, strict=False):
            _photograph(axis, picture)
            for colour, each in some.items():
                _add_boxes(axis, np.asarray(each).reshape(-1, 4), colour)
            axis.set_title(name, fontsize=10, loc="center")
        if points is not None:
            dots = np.asarray(points).reshape(-1, 2)
            last = axes.flat[len(shown) - 1]
            last.scatter(*dots.T, s=16, color=palette["sky"], edgecolor="white", linewidth=0.8)
    return figure


def _photograph(axis: Axes, picture: NDArray[Any]) -> None:
    """Show a photograph from edge to edge, so that pixels are counted from its corner."""
    high, wide = picture.shape[:2]
    axis.imshow(picture, extent=(0, wide, high, 0), vmin=0, vmax=255, cmap="gray")
    axis.set_autoscale_on(False)


def _add_boxes(axis: Axes, boxes: NDArray[Any], colour: str) -> None:
    """Add boxes, with a white line below, so that they are seen on any ground."""
    thin = colour == "grey"
    for left, top, right, bottom in boxes:
        for ink, line in (("white", 1.2 if thin else 3.2), (palette[colour], 0.6 if thin else 1.6)):
            box = Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=ink)
            box.set_linewidth(line)
            axis.add_patch(box)


def draw_shares(
    panels: Mapping[str, Mapping[str, tuple[Sequence[float], Sequence[float]]]],
) -> Figure:
    """Draw which share of faces was found, over what was changed.

    Parameters
    ----------
    panels
        Curves by the label of the horizontal axis: where, and which share, by name.

    Returns
    -------
    matplotlib.figure.Figure
        A panel per label, from 0 to 100 %.

    Examples
    --------
    >>> figure = draw_shares({"size": {"ours": ([12, 20], [0.3, 0.95])}})
    >>> figure.axes[0].get_xlabel()
    'size'
    """
    figure, axes = new_figure(1, len(panels), width=3.5 * len(panels), height=2.6, sharey=True)
    with rc_context(STYLE):
        for axis, (label, curves) in zip(axes[0], panels.items(), strict=True):
            for (name, (x, shares)), mark in zip(curves.items(), "os^", strict=False):
                percent = [100 * share for share in shares]
                axis.plot(x, percent, marker=mark, markersize=4, linewidth=1.5, label=name)
            axis.set_xlabel(label)
            axis.set_xticks(x)
            axis.grid(alpha=0.25)
            axis.set_ylim(-4, 104)
            axis.set_yticks([0, 25, 50, 75, 100])
            if len(curves) > 1:
                axis.legend(fontsize=_SMALL)
        axes[0, 0].set_ylabel("found, in per cent")
    return figure
