"""Drawings of the chapter on cost: what a layer costs, where a network spends, what it sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor, nn

from cvlib.figures.style import as_picture, hide_frame, new_figure, palette
from cvlib.layers.cost import ReceptiveField, Summary, summarize

__all__ = ["draw_calculator", "draw_effective", "draw_seen", "draw_shares"]

_SIDE = 56  # rows and columns of the calculator's feature maps
_WORDS = ("parameters", "MACs", "bytes of output")


def draw_calculator(channels: int, kernel_size: int, groups: int, stride: int = 1) -> Figure:
    """Draw what a convolution costs that makes as many channels as it gets, from 56 × 56 positions.

    Parameters
    ----------
    channels, kernel_size, groups, stride
        As in :class:`torch.nn.Conv2d`. An odd kernel is padded so that stride 1 keeps the size.

    Returns
    -------
    matplotlib.figure.Figure
        Three bars on a logarithmic scale, which is the same for all settings.

    Examples
    --------
    >>> figure = draw_calculator(64, 3, groups=1)
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['36,928', '115,605,504', '802,816']
    """
    padding = kernel_size // 2
    layer = nn.Conv2d(
        channels, channels, kernel_size, stride, padding, groups=groups, device="meta"
    )
    summary = summarize(layer, (channels, _SIDE, _SIDE))
    counts = (summary.parameters, summary.macs, summary.activation_bytes)
    side = summary.layers[0].output_shape[-1]
    figure, axes = new_figure(width=6, height=1.9)
    place = axes[0, 0]
    colours = [palette[name] for name in ("blue", "vermillion", "green")]
    place.barh(_WORDS, counts, color=colours, height=0.62)
    place.set(xscale="log", xlim=(1e2, 4e11), ylim=(2.6, -0.6))
    place.set_xticks([1e2, 1e4, 1e6, 1e8])
    place.minorticks_off()
    for number, count in enumerate(counts):
        place.text(count * 1.3, number, f"{count:,}", va="center")
    place.set_title(f"{channels} × {_SIDE} × {_SIDE} → {channels} × {side} × {side}", loc="center")
    return figure


def draw_shares(summary: Summary, names: Mapping[str, str], *, title: str) -> Figure:
    """Draw which layers hold the parameters, the arithmetic and the memory of a network.

    Parameters
    ----------
    summary
        What the network costs.
    names
        The layers to draw, by their names in the summary, each with what to call it.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A plot each for parameters, MACs and memory: a layer's share of the total, in percent.

    Examples
    --------
    >>> summary = summarize(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 3)), (1, 9, 9))
    >>> figure = draw_shares(summary, {"0": "first", "1": "second"}, title="Two layers")
    >>> [round(bar.get_width()) for bar in figure.axes[0].patches]
    [34, 66]
    """
    rows = [row for row in summary.layers if row.name in names]
    labels = [names[row.name] for row in rows]
    totals = (summary.parameters, summary.macs, summary.activation_bytes)
    values = ([r.parameters for r in rows], [r.macs for r in rows])
    figure, axes = new_figure(
        1, 3, height=0.9 + 0.26 * len(rows), title=title, sharey=True, sharex=True
    )
    columns = (*values, [r.activation_bytes for r in rows])
    colours = [palette[name] for name in ("blue", "vermillion", "green")]
    for place, word, counts, total, colour in zip(
        axes[0], _WORDS, columns, totals, colours, strict=True
    ):
        shares = [100 * count / max(total, 1) for count in counts]
        place.barh(labels, shares, color=colour, height=0.7)
        place.set_title(word, loc="left")
        place.set_xlabel("% of all")
        place.grid(axis="x", alpha=0.25)
    axes[0, 0].invert_yaxis()
    return figure


def draw_seen(picture: Any, field: ReceptiveField, place: tuple[int, int], *, title: str) -> Figure:
    """Frame the pixels that one number of a feature map sees.

    Parameters
    ----------
    picture
        A picture as :func:`cvlib.figures.show_images` takes it, ``uint8`` or from 0 to 1.
    field
        The receptive field of the feature map.
    place
        Row and column of the number.
    title
        What to say above the picture.

    Returns
    -------
    matplotlib.figure.Figure
        The picture, paler where the number does not look, with a margin for the padding.

    Examples
    --------
    >>> figure = draw_seen(
    ...     np.zeros((28, 28)), ReceptiveField((5, 5), (1, 1), (-2, -2)), (0, 3), title="conv1"
    ... )
    >>> figure.axes[0].patches[-1].get_bbox().extents.tolist()
    [0.5, -2.5, 5.5, 2.5]
    """
    pixels = as_picture(picture)
    image = pixels / 255 if pixels.dtype == np.uint8 else pixels
    height, width = image.shape[:2]
    top, left = (
        int(start + jump * number)
        for start, jump, number in zip(field.start, field.jump, place, strict=True)
    )
    rows, columns = field.size
    seen = (slice(max(top, 0), max(top + rows, 0)), slice(max(left, 0), max(left + columns, 0)))
    shown = 0.6 + 0.4 * image
    shown[seen] = image[seen]
    figure, axes = new_figure(width=3.7, height=3.9)
    axis = axes[0, 0]
    hide_frame(axis)
    axis.imshow(shown, cmap="gray", vmin=0, vmax=1)
    frame: Any = {"edgecolor": palette["vermillion"], "linewidth": 2.5}
    axis.add_patch(Rectangle((left - 0.5, top - 0.5), columns, rows, fill=False, **frame))
    margin = 0.34 * max(height, width)
    axis.set(xlim=(-margin, width + margin), ylim=(height + margin, -margin))
    axis.set_title(title, loc="center")
    return figure


def draw_effective(weights: Tensor, inner: int) -> Figure:
    """Draw how much each pixel of a receptive field counts.

    Parameters
    ----------
    weights
        The gradient of one number by the pixels that it sees, square, of odd side.
    inner
        Side of the square in the middle that is framed, odd.

    Returns
    -------
    matplotlib.figure.Figure
        The weights as a picture, and the sums of its columns as bars.

    Examples
    --------
    >>> import torch
    >>> figure = draw_effective(torch.ones(5, 5), 3)
    >>> figure.axes[0].get_title()
    '36 % of the weight in the frame'
    """
    side = len(weights)
    edge = (side - inner) // 2
    shares = (weights / weights.sum()).cpu().numpy()
    share = shares[edge : side - edge, edge : side - edge].sum()
    figure, axes = new_figure(1, 2, height=2.9, width_ratios=[1, 1.3])
    hide_frame(axes[0, 0])
    axes[0, 0].imshow(shares, cmap="gray", vmin=0)
    frame: Any = {"edgecolor": palette["vermillion"], "linewidth": 2}
    corner = (edge - 0.5, edge - 0.5)
    axes[0, 0].add_patch(Rectangle(corner, inner, inner, fill=False, **frame))
    axes[0, 0].set_title(f"{100 * share:.0f} % of the weight in the frame", loc="center")
    places = np.arange(side) - side // 2
    inside = abs(places) <= inner // 2
    colours = np.where(inside, palette["vermillion"], palette["grey"])
    axes[0, 1].bar(places, 100 * shares.sum(0), color=colours, width=0.85)
    axes[0, 1].set(xlabel="pixels from the middle", ylabel="% of the weight")
    return figure
