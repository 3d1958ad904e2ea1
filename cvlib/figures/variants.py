"""Drawings of the chapter on kinds of convolution: who reads, stamps and is mixed with whom."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from torch import Tensor

from cvlib.figures.squares import (
    EMPTY,
    FAINT,
    LINE,
    PRODUCT,
    RESULT,
    SEEN,
    USED,
    draw_grid,
    draw_square,
    mark_square,
    new_drawing,
    numeral,
    write_label,
    write_symbol,
)
from cvlib.figures.style import hide_frame, new_figure, palette
from cvlib.layers.convolution import conv2d, conv_transpose2d, output_size

__all__ = [
    "draw_channel_products",
    "draw_counts",
    "draw_mixing",
    "draw_reads",
    "draw_sampling",
    "draw_stamps",
]

_SHADES = LinearSegmentedColormap.from_list("counts", ["#FFFFFF", "#CFE6F7", "#7FBDE6"])


def draw_channel_products(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    output: int = 0,
    row: int = 0,
    column: int = 0,
    groups: int = 1,
) -> Figure:
    """Draw how one number of one output channel is made: products, a sum a channel, their sum.

    Parameters
    ----------
    x
        A picture, ``(C, H, W)``.
    weight
        Kernels, ``(O, C / groups, kernel height, kernel width)``.
    bias
        One number per output channel, ``(O,)``.
    output, row, column
        Which number of the result to show in the making.
    groups
        As in :func:`cvlib.layers.convolution.conv2d`.

    Returns
    -------
    matplotlib.figure.Figure
        A line an input channel: the channel, the kernel's slice, the products and their sum, or
        nothing for a channel of another group. Then the output channels, and the sum below.

    Examples
    --------
    >>> import torch
    >>> x, weight = torch.eye(3).expand(2, 3, 3), torch.ones(1, 2, 2, 2)
    >>> draw_channel_products(x, weight, torch.ones(1)).axes[0].texts[-1].get_text()
    '2 + 2 + bias 1 = 5'
    """
    y = conv2d(x, weight, bias, groups=groups)
    (channels, height, width), (maps, part, rows, columns) = x.shape, weight.shape
    first = output // (maps // groups) * part
    kernel_left, products_left = width + 1.2, width + columns + 2.4
    right, total = products_left + columns + 2.8, channels * (height + 1)
    figure, axes = new_drawing(right + y.shape[2], max(total, maps * (y.shape[1] + 1.2)) - 0.2)
    seen = [(row + i, column + j) for i, j in np.ndindex(rows, columns)]
    sums = []
    for channel, values in enumerate(x):
        top = channel * (height + 1)
        middle, used = top + (height - rows) / 2, first <= channel < first + part
        write_label(axes, f"input {channel + 1}", 0, top)
        draw_grid(axes, values, (0, top), dict.fromkeys(seen, SEEN) if used else {}, 13)
        if not used:
            axes.text(kernel_left, top + height / 2, "another group", va="center", fontsize=11)
            continue
        kernel = weight[output, channel - first]
        terms = kernel * values[row : row + rows, column : column + columns]
        write_label(axes, f"kernel {output + 1}", kernel_left, middle)
        write_label(axes, "products", products_left, middle)
        write_symbol(axes, "·", width + 0.6, top + height / 2)
        write_symbol(axes, "=", products_left - 0.6, top + height / 2)
        places = list(np.ndindex(rows, columns))
        draw_grid(axes, kernel, (kernel_left, middle), dict.fromkeys(places, USED), 13)
        draw_grid(axes, terms, (products_left, middle), dict.fromkeys(places, PRODUCT), 13)
        sums.append(numeral(terms.sum()))
        write_symbol(axes, f"→ {sums[-1]}", products_left + columns + 1.1, top + height / 2)
    tall = y.shape[1] + 1.2
    for number, values in enumerate(y):
        corner = right, number * tall + (total - 1 - maps * tall + 1.2) / 2
        write_label(axes, f"output {number + 1}", *corner)
        draw_grid(axes, values, corner, {(row, column): RESULT} if number == output else {}, 13)
    words = " + ".join([*sums, f"bias {numeral(bias[output])}"])
    words = f"{words} = {numeral(y[output, row, column])}".replace("+ −", "− ")
    axes.text((right + y.shape[2]) / 2, total - 0.5, words, ha="center", va="top", fontsize=13)
    return figure


def draw_reads(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Figure:
    """Draw how many outputs read each pixel, and which pixels the middle output reads.

    Parameters
    ----------
    size, kernel_size, stride, padding, dilation
        As in :func:`cvlib.layers.convolution.output_size`.

    Returns
    -------
    matplotlib.figure.Figure
        The padded input with a count a pixel, framed where the middle output reads, and the
        output; their sizes above them.

    Examples
    --------
    >>> figure = draw_reads(4, 3)
    >>> [text.get_text() for text in figure.axes[0].texts][:4]
    ['1', '2', '2', '1']
    """
    count, padded = output_size(size, kernel_size, stride, padding, dilation), size + 2 * padding
    taps = dilation * np.arange(kernel_size)
    line = np.bincount((stride * np.arange(count)[:, None] + taps).ravel(), minlength=padded)
    middle = stride * (count // 2) + taps
    widest = size + 2 * max(padding, 1)
    right = widest + 1.2
    figure, axes = new_drawing(right + size, widest + 0.9)
    corner, lower = (widest - padded) / 2, (widest - count) / 2
    for r, c in np.ndindex(padded, padded):
        inside = padding <= min(r, c) and max(r, c) < size + padding
        colour = _shade(line[r] * line[c], kernel_size**2) if inside else EMPTY
        text = str(line[r] * line[c]) if inside else ""
        draw_square(axes, corner + c, corner + r, colour, text, 13, LINE if inside else FAINT)
    for r, c in product(middle, middle):
        mark_square(axes, corner + c, corner + r)
    for r, c in np.ndindex(count, count):
        draw_square(axes, right + c, lower + r, "none")
    mark_square(axes, right + count // 2, lower + count // 2)
    for words, left, side in ((f"input {size} × {size}", corner, padded), ("output", right, count)):
        words = f"output {count} × {count}" if words == "output" else words
        axes.text(left, (widest + side) / 2 + 0.5, words, va="center", fontsize=13)
    return figure


def draw_stamps(
    x: Tensor, weight: Tensor, stride: int = 1, padding: int = 0, output_padding: int = 0
) -> Figure:
    """Draw a transposed convolution: each pixel stamps the kernel, stamps add up, padding cuts off.

    Parameters
    ----------
    x
        A picture, ``(H, H)``.
    weight
        A kernel, ``(k, k)``.
    stride, padding, output_padding
        As in :func:`cvlib.layers.convolution.conv_transpose2d`.

    Returns
    -------
    matplotlib.figure.Figure
        The picture, the kernel and the sum of the stamps, orange where they overlap, the first
        stamp framed, and grey where the padding cuts off; the size above.

    Examples
    --------
    >>> import torch
    >>> figure = draw_stamps(torch.eye(2), torch.ones(3, 3), stride=2, padding=1)
    >>> figure.axes[0].get_title()
    '2·(2 − 1) + 3 − 2·1 + 0 = 3'
    """
    side, taps = len(x), len(weight)
    values = conv_transpose2d(x[None], weight[None, None], None, stride, 0, output_padding)[0]
    ones = x.new_ones(1, side, side), weight.new_ones(1, 1, taps, taps)
    overlaps = conv_transpose2d(*ones, None, stride, 0, output_padding)[0].int()
    whole = len(values)
    right = side + taps + 2.4
    figure, axes = new_drawing(right + whole, whole + 0.3)
    middles = [(whole - number) / 2 for number in (side, taps)]
    draw_grid(axes, x, (0, middles[0]), {(0, 0): SEEN}, 13)
    used = dict.fromkeys(np.ndindex(taps, taps), USED)
    draw_grid(axes, weight, (side + 1.2, middles[1]), used, 13)
    write_label(axes, "input", 0, middles[0])
    write_label(axes, "kernel", side + 1.2, middles[1])
    write_symbol(axes, "→", right - 0.6, whole / 2)
    for r, c in np.ndindex(whole, whole):
        kept = padding <= min(r, c) and max(r, c) < whole - padding
        colour = ("#FFFFFF", SEEN)[int(overlaps[r, c] > 0)]
        colour = (RESULT if overlaps[r, c] > 1 else colour) if kept else EMPTY
        number = numeral(values[r, c])
        draw_square(axes, right + c, r, colour, number, 13, LINE if kept else FAINT)
    corner, inner, blue = (right + 0.06, 0.06), taps - 0.12, palette["blue"]
    axes.add_patch(Rectangle(corner, inner, inner, fill=False, edgecolor=blue, linewidth=2.5))
    result = whole - 2 * padding
    axes.set_title(
        f"{stride}·({side} − 1) + {taps} − 2·{padding} + {output_padding} = {result}",
        loc="center",
        fontsize=15,
    )
    return figure


def draw_counts(counts: Mapping[str, Tensor]) -> Figure:
    """Draw small tables of counts side by side, the darker the more.

    Parameters
    ----------
    counts
        Whole numbers, ``(H, W)`` each, by name.

    Returns
    -------
    matplotlib.figure.Figure
        The tables, their names above them.

    Examples
    --------
    >>> import torch
    >>> [axes.get_title() for axes in draw_counts({"a": torch.ones(2, 2)}).axes]
    ['a']
    """
    figure, (places,) = new_figure(1, len(counts), height=7 / len(counts) + 0.2)
    most = max(int(table.max()) for table in counts.values())
    for axes, (name, table) in zip(places, counts.items(), strict=True):
        _table(axes, name, table.shape)
        for (r, c), number in np.ndenumerate(table.int().numpy()):
            draw_square(axes, c, r, _shade(number, most), str(number), 11)
    return figure


def draw_mixing(matrices: Mapping[str, Tensor]) -> Figure:
    """Draw which output channel depends on which input channel.

    Parameters
    ----------
    matrices
        Weights of 1 × 1, ``(O, C)`` each, by name.

    Returns
    -------
    matplotlib.figure.Figure
        A table each, a line per output channel, a column per input channel, blue where the weight
        is not 0.

    Examples
    --------
    >>> import torch
    >>> figure = draw_mixing({"each alone": torch.eye(3)})
    >>> len(figure.axes[0].patches)
    9
    """
    figure, (places,) = new_figure(1, len(matrices), height=7 / len(matrices) + 0.55)
    for axes, (name, matrix) in zip(places, matrices.items(), strict=True):
        _table(axes, name, matrix.shape)
        for (r, c), number in np.ndenumerate(matrix.detach().cpu().numpy()):
            draw_square(axes, c, r, palette["sky"] if number else "#FFFFFF")
        axes.set_xlabel("input channel", fontsize=10)
    places[0].set_ylabel("output channel", fontsize=10)
    return figure


def draw_sampling(
    picture: NDArray[np.uint8], places: Mapping[str, tuple[Tensor, Tensor]], **limits: Any
) -> Figure:
    """Draw a photograph with the pixels that kernels look at.

    Parameters
    ----------
    picture
        ``uint8``, (H, W) or (H, W, 3).
    places
        Rows and columns of the taps, of the same shape, by name.
    limits
        Further arguments of :meth:`matplotlib.axes.Axes.imshow`.

    Returns
    -------
    matplotlib.figure.Figure
        The photograph once for each name, with a dot a tap.

    Examples
    --------
    >>> import torch
    >>> taps = {"one tap": (torch.ones(1), torch.ones(1))}
    >>> figure = draw_sampling(np.zeros((8, 8), np.uint8), taps)
    >>> figure.axes[0].get_title()
    'one tap'
    """
    tall = picture.shape[0] / picture.shape[1]
    figure, (plots,) = new_figure(1, len(places), height=7 / len(places) * tall + 0.35)
    for axes, (name, (rows, columns)) in zip(plots, places.items(), strict=True):
        axes.imshow(picture, cmap="gray", **limits)
        style = {"color": palette["orange"], "markeredgecolor": "#000000", "markersize": 5}
        axes.plot(columns.flatten(), rows.flatten(), "o", **style)
        axes.set_xlim(-0.5, picture.shape[1] - 0.5)
        axes.set_ylim(picture.shape[0] - 0.5, -0.5)
        axes.set_title(name, loc="center")
        hide_frame(axes)
    return figure


def _table(axes: Axes, name: str, shape: tuple[int, ...]) -> None:
    hide_frame(axes)
    axes.set_aspect("equal")
    axes.set_xlim(-0.1, shape[1] + 0.1)
    axes.set_ylim(shape[0] + 0.1, -0.1)
    axes.set_title(name, loc="center", fontsize=11)


def _shade(number: Any, most: int) -> Any:
    return _SHADES(number / most)
