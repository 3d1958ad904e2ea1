"""Drawings of the chapter on convolution: its arithmetic in numbered squares, and its pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from cvlib.figures.squares import (
    EMPTY,
    FAINT,
    LINE,
    RESULT,
    SEEN,
    USED,
    WINDOWS,
    draw_grid,
    draw_square,
    mark_square,
    new_drawing,
    numeral,
    write_label,
    write_symbol,
)
from cvlib.figures.style import hide_frame, new_figure
from cvlib.layers.convolution import conv2d, output_size, unfold

__all__ = [
    "draw_cross_correlation",
    "draw_filter",
    "draw_learning",
    "draw_output_size",
    "draw_unfold",
]


def draw_cross_correlation(x: Tensor, weight: Tensor, row: int = 0, column: int = 0) -> Figure:
    """Draw one step of a cross-correlation with its numbers: what is seen, weighted and summed.

    Parameters
    ----------
    x
        A picture ``(H, W)``, or one of several channels ``(C, H, W)``.
    weight
        One kernel, ``(kernel height, kernel width)`` or ``(C, kernel height, kernel width)``.
    row, column
        Which number of the output to show in the making.

    Returns
    -------
    matplotlib.figure.Figure
        A line per channel with the input and the kernel, then the output, and the sum below.

    Examples
    --------
    >>> import torch
    >>> figure = draw_cross_correlation(torch.eye(3), torch.eye(2))
    >>> figure.axes[0].texts[-1].get_text()
    '1·1 + 0·0 + 0·0 + 1·1 = 2'
    """
    channels, kernel = x.reshape(-1, *x.shape[-2:]), weight.reshape(-1, *weight.shape[-2:])
    y = conv2d(channels, kernel[None])[0]
    (height, width), (rows, columns) = channels.shape[1:], kernel.shape[1:]
    right, total = width + 1.6 + columns + 1.6, len(channels) * (height + 1)
    figure, axes = new_drawing(right + y.shape[1], total - 0.4 + 0.5 * len(channels))
    seen = [(row + i, column + j) for i, j in np.ndindex(rows, columns)]
    sums = []
    for number, (values, weights) in enumerate(zip(channels, kernel, strict=True)):
        top, name = number * (height + 1), f" {number + 1}" if len(channels) > 1 else ""
        middle = top + (height - rows) / 2
        draw_grid(axes, values, (0, top), dict.fromkeys(seen, SEEN))
        draw_grid(
            axes, weights, (width + 1.6, middle), dict.fromkeys(np.ndindex(rows, columns), USED)
        )
        write_symbol(axes, "★", width + 0.8, top + height / 2)
        write_label(axes, f"input{name}", 0, top)
        write_label(axes, f"kernel{name}", width + 1.6, middle)
        pairs = zip(weights.flatten(), (values[place] for place in seen), strict=True)
        sums.append(" + ".join(f"{numeral(weight)}·{numeral(pixel)}" for weight, pixel in pairs))
    middle = (total - 1 - y.shape[0]) / 2
    write_symbol(axes, "=", right - 0.8, middle + y.shape[0] / 2)
    draw_grid(axes, y, (right, middle), {(row, column): RESULT})
    write_label(axes, "output", right, middle)
    words = "\n+ ".join(sums).replace("+ −", "− ") + f" = {numeral(y[row, column])}"
    axes.text((right + y.shape[1]) / 2, total - 0.6, words, ha="center", va="top", fontsize=10)
    return figure


def draw_output_size(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Figure:
    """Draw the first and the last position of a kernel, and the output they belong to.

    Parameters
    ----------
    size, kernel_size, stride, padding, dilation
        As in :func:`cvlib.layers.convolution.output_size`.

    Returns
    -------
    matplotlib.figure.Figure
        The padded input, blue where the kernel looks first, framed in orange where it looks last,
        crossed out where it never looks; the output; the formula above them.

    Examples
    --------
    >>> figure = draw_output_size(7, 3, stride=2)
    >>> figure.axes[0].get_title()
    '⌊(7 + 2·0 − 3) / 2⌋ + 1 = 3'
    """
    count = output_size(size, kernel_size, stride, padding, dilation)
    padded = size + 2 * padding
    taps = dilation * np.arange(kernel_size)
    starts = stride * np.arange(count)
    seen = set((starts[:, None] + taps).ravel().tolist())
    first, last = set(product(taps, taps)), set(product(starts[-1] + taps, starts[-1] + taps))
    widest = size + 2 * max(padding, 1)
    right = widest + 1.2
    figure, axes = new_drawing(right + size, widest + 0.9)
    corner, middle = (widest - padded) / 2, (widest - count) / 2
    for r, c in np.ndindex(padded, padded):
        inside = padding <= min(r, c) and max(r, c) < size + padding
        colour = SEEN if (r, c) in first else "none" if inside else EMPTY
        never = not {r, c} <= seen
        mark = "×" if never else "" if inside else "0"
        draw_square(axes, corner + c, corner + r, colour, mark, line=LINE if inside else FAINT)
        if (r, c) in last:
            mark_square(axes, corner + c, corner + r)
    for r, c in np.ndindex(count, count):
        draw_square(axes, right + c, middle + r, SEEN if r == c == 0 else "none")
    mark_square(axes, right + count - 1, middle + count - 1)
    for words, left, side in (("input", corner, padded), ("output", right, count)):
        axes.text(
            left, (widest + side) / 2 + 0.5, f"{words} {side} × {side}", va="center", fontsize=12
        )
    span = dilation * (kernel_size - 1) + 1
    axes.set_title(
        f"⌊({size} + 2·{padding} − {span}) / {stride}⌋ + 1 = {count}", loc="center", fontsize=15
    )
    return figure


def draw_unfold(x: Tensor, kernel_size: int) -> Figure:
    """Draw im2col: the windows of a picture, each a column of a matrix.

    Parameters
    ----------
    x
        A picture, ``(H, W)``.
    kernel_size
        Side of the windows; as many windows as there are colours can be told apart: four.

    Returns
    -------
    matplotlib.figure.Figure
        Each window in its own copy of the picture, and the matrix with a column of its colour.

    Raises
    ------
    ValueError
        If there are more than four windows.

    Examples
    --------
    >>> import torch
    >>> figure = draw_unfold(torch.arange(9).reshape(3, 3), 2)
    """
    columns = unfold(x[None], kernel_size)
    count = columns.shape[1]
    if count > len(WINDOWS):
        raise ValueError(f"x has {count} windows; expected at most {len(WINDOWS)}")
    height, width = x.shape
    across = output_size((height, width), kernel_size)[1]
    down = -(-count // across)
    tall = max(down * (height + 1) - 1, len(columns))
    right = across * (width + 1) + 1.4
    figure, axes = new_drawing(right + count, tall)
    for number in range(count):
        r, c = divmod(number, across)
        place = (c * (width + 1), (tall - down * (height + 1) + 1) / 2 + r * (height + 1))
        seen = [(r + i, c + j) for i, j in np.ndindex(kernel_size, kernel_size)]
        draw_grid(axes, x, place, dict.fromkeys(seen, WINDOWS[number]))
    colours = {place: WINDOWS[place[1]] for place in np.ndindex(*columns.shape)}
    middle = (tall - len(columns)) / 2
    write_symbol(axes, "→", right - 1.2, tall / 2)
    draw_grid(axes, columns, (right, middle), colours)
    return figure


def draw_filter(picture: NDArray[np.uint8], kernel: Tensor, result: Tensor) -> Figure:
    """Draw a grey photograph, a kernel, and what the kernel makes of the photograph.

    Parameters
    ----------
    picture
        ``uint8``, (H, W).
    kernel
        ``(kernel height, kernel width)``. Weights that sum to 1 keep the brightness, and the
        result is shown from 0 to 255; else 0 is middle grey, and the strongest hundredth of the
        result is black or white.
    result
        The filtered picture, ``(H, W)``.

    Returns
    -------
    matplotlib.figure.Figure
        The three side by side.

    Examples
    --------
    >>> import torch
    >>> figure = draw_filter(np.zeros((8, 8), np.uint8), torch.eye(3) / 3, torch.zeros(8, 8))
    >>> [axes.get_title() for axes in figure.axes]
    ['picture', 'kernel, sum 1', 'result']
    """
    figure, axes = new_figure(1, 3, height=2.75, width_ratios=(1, 0.62, 1))
    total = float(kernel.sum())
    keeps = abs(total - 1) < 1e-5
    strong = float(result.abs().flatten().quantile(0.99)) or 1.0
    limits = (0.0, 255.0) if keeps else (-strong, strong)
    axes[0, 0].imshow(picture, vmin=0, vmax=255, cmap="gray")
    axes[0, 2].imshow(result.cpu().numpy(), vmin=limits[0], vmax=limits[1], cmap="gray")
    _kernel(axes[0, 1], kernel, size=10 if kernel.shape[1] < 5 else 8)
    titles = ("picture", f"kernel, sum {numeral(total)}", "result")
    for place, words in zip(axes[0], titles, strict=True):
        hide_frame(place)
        place.set_title(words, loc="center")
    return figure


def draw_learning(
    losses: Mapping[str, Sequence[float]], kernels: Mapping[str, Tensor], *, title: str
) -> Figure:
    """Draw how a loss falls, and the kernels that were learnt beside the true one.

    Parameters
    ----------
    losses
        A curve each: the loss before every step.
    kernels
        Kernels ``(kernel height, kernel width)`` by name.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        The curves, both axes logarithmic, then the kernels with their numbers.

    Examples
    --------
    >>> import torch
    >>> figure = draw_learning({"noise": [1, 0.1]}, {"true": torch.eye(3)}, title="It falls")
    >>> len(figure.axes)
    2
    """
    ratios = [2.0, *[0.8] * len(kernels)]
    figure, (axes,) = new_figure(1, len(ratios), height=2.7, title=title, width_ratios=ratios)
    dashes = ("-", "--", ":")
    for (name, values), dash in zip(losses.items(), dashes, strict=False):
        axes[0].loglog(range(1, len(values) + 1), values, dash, label=name)
    axes[0].set_xlabel("step")
    axes[0].set_ylabel("loss")
    axes[0].grid(alpha=0.25)
    axes[0].legend(frameon=False)
    for place, (name, kernel) in zip(axes[1:], kernels.items(), strict=True):
        hide_frame(place)
        _kernel(place, kernel, size=8)
        place.set_title(name, loc="center", fontsize=10)
    return figure


def _kernel(axes: Axes, kernel: Tensor, size: float) -> None:
    axes.set_aspect("equal")
    axes.set_xlim(-0.1, kernel.shape[1] + 0.1)
    axes.set_ylim(kernel.shape[0] + 0.1, -0.1)
    draw_grid(axes, kernel, (0, 0), {}, size=size)
