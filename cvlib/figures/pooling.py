"""Drawings of the chapter on pooling: windows, shifts, and the two ways to lay grids together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from torch import Tensor

from cvlib.figures.squares import (
    LINE,
    WINDOWS,
    draw_grid,
    new_drawing,
    numeral,
    write_label,
    write_symbol,
)
from cvlib.figures.style import hide_frame, new_figure, palette
from cvlib.layers.pooling import avg_pool2d, interpolate, max_pool2d

__all__ = ["draw_corners", "draw_pooling", "draw_shift"]


def draw_pooling(x: Tensor) -> Figure:
    """Draw the four windows of a small picture, and what max and average pooling keep of each.

    Parameters
    ----------
    x
        A picture, ``(H, W)``, with even sides; its quarters are the windows.

    Returns
    -------
    matplotlib.figure.Figure
        The picture, its maxima and its means, each window in a colour of its own.

    Examples
    --------
    >>> figure = draw_pooling(torch.arange(16.0).reshape(4, 4))
    >>> [text.get_text() for text in figure.axes[0].texts if "g" in text.get_text()]
    ['average']
    """
    height, width = x.shape
    kernel = (height // 2, width // 2)
    maxima, means = (pool(x[None], kernel)[0] for pool in (max_pool2d, avg_pool2d))
    figure, axes = new_drawing(width + 7.6, height)
    quarters = {p: WINDOWS[p[0] // kernel[0] * 2 + p[1] // kernel[1]] for p in np.ndindex(*x.shape)}
    draw_grid(axes, x, (0, 0), quarters)
    write_label(axes, "input", 0, 0)
    write_symbol(axes, "→", width + 0.8, height / 2)
    colours = {place: WINDOWS[place[0] * 2 + place[1]] for place in np.ndindex(2, 2)}
    for words, values, left in (("maximum", maxima, 1.6), ("average", means, 5.1)):
        draw_grid(axes, values, (width + left, height / 2 - 1), colours, size=10)
        write_label(axes, words, width + left, height / 2 - 1)
    return figure


def draw_corners(row: Sequence[float], size: int) -> Figure:
    """Draw a row of pixels and the longer one that bilinear interpolation makes, in both ways.

    Parameters
    ----------
    row
        The old pixels.
    size
        How many pixels the new row has, two or more.

    Returns
    -------
    matplotlib.figure.Figure
        For each value of ``align_corners``: the old row, the new one below it, and lines from the
        new centres up to where they look.

    Examples
    --------
    >>> figure = draw_corners([10, 30, 20], 6)
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['align_corners=False', 'align_corners=True']
    """
    old = len(row)
    x = torch.tensor([[list(row)]], dtype=torch.float64)[None]
    figure, axes = new_figure(2, 1, width=4.6, height=4.0)
    for place, aligned in zip(axes[:, 0], (False, True), strict=True):
        new = interpolate(x, (1, size), mode="bilinear", align_corners=aligned)[0, 0, 0]
        step = (old - 1) / (size - 1) if aligned else old / size
        centres = [i * step if aligned else (i + 0.5) * step - 0.5 for i in range(size)]
        hide_frame(place)
        place.set_title(f"align_corners={aligned}", fontsize=10, loc="left")
        place.set_xlim(-0.6, old - 0.4)
        place.set_ylim(2.35, -0.05)
        squares = [(float(i), 1.0, 0.0, value, 11) for i, value in enumerate(row)]
        squares += [(c, step, 1.5, v.item(), 9) for c, v in zip(centres, new, strict=True)]
        for centre, width, top, value, font in squares:
            colour = WINDOWS[1] if top else WINDOWS[0]
            box = Rectangle((centre - width / 2, top), width, 0.8, facecolor=colour, edgecolor=LINE)
            place.add_patch(box)
            text = {"ha": "center", "va": "center", "fontsize": font, "color": LINE}
            place.text(centre, top + 0.4, numeral(value), **text)
        for centre in centres:
            place.plot([centre, centre], [0.68, 1.5], color=palette["vermillion"], linewidth=1.4)
            place.plot(centre, 0.68, "^", color=palette["vermillion"], markersize=5)
    return figure


def draw_shift(
    picture: NDArray[np.uint8], shift: int, kernel_size: int, stride: int, side: int = 64
) -> Figure:
    """Draw a picture moved to the right, its pooled map, and how that differs from a moved map.

    Parameters
    ----------
    picture
        ``uint8``, (H, W): ``side`` rows or more, and ``shift`` columns more.
    shift
        Pixels that the picture moves to the right.
    kernel_size, stride
        Of the max pooling.
    side
        Pixels of the part that is shown.

    Returns
    -------
    matplotlib.figure.Figure
        The three side by side; the map it is compared with is that of the picture at rest, moved
        by ``shift // stride``. Black is no difference, white a hundred levels or more.

    Examples
    --------
    >>> figure = draw_shift(np.eye(72, dtype=np.uint8), 2, 2, 2)
    >>> figure.axes[2].get_title()
    'different: 0 %'
    """
    x = torch.from_numpy(picture).float()[None, :side]
    left = x.shape[-1] - side
    rest = max_pool2d(x[..., left:], kernel_size, stride)[0]
    moved_picture = x[..., left - shift : left - shift + side]
    moved = max_pool2d(moved_picture, kernel_size, stride)[0]
    steps = shift // stride
    difference = torch.full_like(moved, torch.nan)
    difference[:, steps:] = (moved[:, steps:] - rest[:, : rest.shape[1] - steps]).abs()
    share = (difference[:, steps:] > 0).float().mean().item()
    figure, (axes,) = new_figure(1, 3, height=2.75)
    drawn = (moved_picture[0], moved, difference)
    words = (f"moved by {shift}", "pooled", f"different: {100 * share:.0f} %")
    for place, values, title, white in zip(axes, drawn, words, (255, 255, 100), strict=True):
        hide_frame(place)
        place.imshow(values.numpy(), vmin=0, vmax=white, cmap="gray", interpolation="nearest")
        place.set_title(title, loc="center")
    return figure
