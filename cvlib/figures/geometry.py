"""Drawings of the chapter on geometry: where centres lie, what they weigh, who asks whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from cvlib.figures.style import hide_frame, new_figure, palette

__all__ = ["draw_centres", "draw_mapping", "draw_weights"]

_LINE, _EMPTY = "#333333", "#FBE3B5"


def draw_centres(row: Sequence[float], resized: Sequence[float]) -> Figure:
    """Draw a row of pixels above the row that it is resized to, and where the new centres look.

    Parameters
    ----------
    row
        The numbers of the old pixels.
    resized
        The numbers of the new pixels. Both rows are drawn equally long.

    Returns
    -------
    matplotlib.figure.Figure
        The two rows, a line from each new centre up to the place it looks at, and that place.

    Examples
    --------
    >>> figure = draw_centres([10, 30], [10, 20, 30])
    >>> [text.get_text() for text in figure.axes[0].texts[-3:]]
    ['−0.17', '0.5', '1.17']
    """
    figure, ((axes,),) = new_figure(width=4.4, height=2.2)
    scale = len(row) / len(resized)
    for values, top, width, colour in ((row, 0, 1, "blue"), (resized, 2, scale, "vermillion")):
        for number, value in enumerate(values):
            corner, centre = number * width - 0.5, (number + 0.5) * width - 0.5
            axes.add_patch(Rectangle((corner, top), width, 0.8, facecolor="white", edgecolor=_LINE))
            dot, text = (0.62, 0.27) if top == 0 else (0.18, 0.53)
            axes.plot(centre, top + dot, "o", color=palette[colour], markersize=6)
            axes.text(centre, top + text, f"{value:g}", ha="center", va="center", fontsize=11)
    for number in range(len(row)):
        axes.text(number, -0.3, f"{number}", ha="center", color=palette["blue"], fontsize=10)
    for number in range(len(resized)):
        place = (number + 0.5) * scale - 0.5
        axes.plot([place, place], [0.62, 2.18], ":", color=palette["vermillion"], linewidth=1.5)
        label = f"{place:.2f}".rstrip("0").rstrip(".").replace("-", "−")
        axes.text(place + 0.07, 1.4, label, va="center", color="#B34700", fontsize=10)
    axes.set_xlim(-0.6, len(row) - 0.4)
    axes.set_ylim(2.9, -0.6)
    hide_frame(axes)
    return figure


def draw_weights(
    curves: Mapping[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]],
) -> Figure:
    """Draw how much an old pixel counts, by its distance from the place that is looked at.

    Parameters
    ----------
    curves
        Functions from a distance in pixels to a weight, by name.

    Returns
    -------
    matplotlib.figure.Figure
        A curve each, from −2.5 to 2.5 pixels.

    Examples
    --------
    >>> figure = draw_weights({"a hat": lambda t: np.maximum(1 - abs(t), 0)})
    >>> figure.axes[0].get_legend().get_texts()[0].get_text()
    'a hat'
    """
    figure, ((axes,),) = new_figure(width=4.6, height=2.6)
    distance = np.linspace(-2.5, 2.5, 1001)
    for (name, curve), dash in zip(curves.items(), ("-", "--", "-.", ":"), strict=False):
        axes.plot(distance, curve(distance), dash, label=name)
    axes.axhline(0, color=_LINE, linewidth=0.8)
    axes.set_xlabel("distance in pixels")
    axes.set_ylabel("weight")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False, fontsize=9)
    return figure


def draw_mapping(matrix: NDArray[np.floating], side: int) -> Figure:
    """Draw the two ways to move a square picture: push its pixels, or pull those of the result.

    Parameters
    ----------
    matrix
        (2, 3), as in :func:`cvlib.images.geometry.warp_affine`.
    side
        Pixels along each side, of the picture and of the result.

    Returns
    -------
    matplotlib.figure.Figure
        Left the result's squares and where the pixels of the picture land, with the squares
        coloured in which none does though the picture covers their centre. Right the picture's
        squares and where the centres of the result look.

    Examples
    --------
    >>> figure = draw_mapping(np.array([[2.0, 0, 0], [0, 2, 0]]), side=3)
    >>> figure.axes[0].get_title()
    'pushed: 5 holes'
    """
    figure, ((left, right),) = new_figure(1, 2, width=5, height=2.8)
    x, y = (numbers.ravel() for numbers in np.meshgrid(np.arange(side), np.arange(side)))
    centres = np.stack([x, y, np.ones_like(x)])
    pushed = matrix @ centres
    whole = np.vstack([matrix, [0, 0, 1]])
    pulled = (np.linalg.inv(whole) @ centres)[:2]
    hit = set(zip(*np.rint(pushed).astype(int).tolist(), strict=True))
    covered = np.all((pulled > -0.5) & (pulled < side - 0.5), axis=0)
    places = zip(x.tolist(), y.tolist(), strict=True)
    holes = [
        place for place, inside in zip(places, covered, strict=True) if inside and place not in hit
    ]
    for axes, points, colour in ((left, pushed, "blue"), (right, pulled, "vermillion")):
        for place in zip(x, y, strict=True):
            empty = axes is left and place in holes
            corner = (place[0] - 0.5, place[1] - 0.5)
            face = _EMPTY if empty else "white"
            axes.add_patch(Rectangle(corner, 1, 1, facecolor=face, edgecolor="#999999"))
        axes.plot(*points, "o", color=palette[colour], markersize=4)
        axes.set_aspect("equal")
        hide_frame(axes)
        reach = max(float(abs(points - (side - 1) / 2).max()) for points in (pushed, pulled)) + 0.4
        reach = max(reach, side / 2 + 0.1)
        axes.set_xlim((side - 1) / 2 - reach, (side - 1) / 2 + reach)
        axes.set_ylim((side - 1) / 2 + reach, (side - 1) / 2 - reach)
    left.set_title(f"pushed: {len(holes)} holes", loc="center")
    right.set_title("pulled: no hole", loc="center")
    return figure
