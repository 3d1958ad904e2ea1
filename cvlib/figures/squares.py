"""Drawings on squared paper: numbers in squares, words and signs beside them.

The chapters that show arithmetic on small grids draw with these.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from cvlib.figures.style import hide_frame, new_figure, palette

# Paler shades of the palette, on which numbers can be read.
SEEN, USED, RESULT, PRODUCT = "#CFE6F7", "#FBE3B5", "#F9D3BD", "#CDEBDF"
WINDOWS = (SEEN, USED, PRODUCT, "#F3D9E6")
LINE, FAINT, EMPTY = "#333333", "#BBBBBB", "#F2F2F2"


def new_drawing(width: float, height: float) -> tuple[Figure, Axes]:
    """Make a figure to draw squares on: x from 0 to ``width``, y downwards to ``height``."""
    inches = min(7 / (width + 0.4), 0.42)
    figure, axes = new_figure(width=inches * (width + 0.4), height=inches * (height + 0.8))
    axes[0, 0].set_aspect("equal")
    axes[0, 0].set_xlim(-0.1, width + 0.1)
    axes[0, 0].set_ylim(height + 0.1, -0.7)
    hide_frame(axes[0, 0])
    return figure, axes[0, 0]


def draw_grid(
    axes: Axes,
    values: Tensor,
    corner: tuple[float, float],
    colours: Mapping[tuple[int, ...], str],
    size: float = 11,
) -> None:
    """Draw numbers in squares, their upper left corner at (x, y), some of them coloured."""
    for place, value in np.ndenumerate(values.detach().cpu().numpy()):
        left, top = corner[0] + place[1], corner[1] + place[0]
        draw_square(axes, left, top, colours.get(place, "none"), numeral(value), size)


def draw_square(
    axes: Axes,
    left: float,
    top: float,
    colour: str,
    text: str = "",
    size: float = 11,
    line: str = LINE,
) -> None:
    """Draw a square of side 1, its upper left corner at (left, top), with words in it."""
    # Squares by the hundred, all inside the axes: neither their limits nor the layout, each of
    # which would measure every one, depends on them.
    square = Rectangle((left, top), 1, 1, facecolor=colour, edgecolor=line, linewidth=1)
    axes.add_artist(square).set_in_layout(False)
    if text:
        written = axes.text(left + 0.5, top + 0.52, text, fontsize=size, color=LINE)
        written.set(ha="center", va="center", in_layout=False)


def mark_square(axes: Axes, left: float, top: float) -> None:
    """Frame what is in a square."""
    place, colour = (left + 0.12, top + 0.12), palette["vermillion"]
    axes.add_patch(Rectangle(place, 0.76, 0.76, fill=False, edgecolor=colour, linewidth=2))


def write_symbol(axes: Axes, text: str, x: float, y: float) -> None:
    """Write a sign, such as × or =, with its middle at (x, y)."""
    axes.text(x, y, text, ha="center", va="center", fontsize=14)


def write_label(axes: Axes, text: str, left: float, top: float) -> None:
    """Write what a grid is, above its upper left corner."""
    axes.text(left, top - 0.35, text, ha="left", va="center", fontsize=10, color=palette["grey"])


def numeral(value: float | Tensor) -> str:
    """Write a number as on paper: no decimals where none are needed, a true minus sign."""
    text = f"{float(value):.2f}".rstrip("0").rstrip(".")
    return ("0" if text == "-0" else text).replace("-", "−")
