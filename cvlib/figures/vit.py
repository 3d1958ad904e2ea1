"""Drawings of the chapter on the vision transformer: words, a block, its cost, where it looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle
from torch import Tensor

from cvlib.figures.style import as_picture, hide_frame, new_figure, palette

__all__ = [
    "draw_attention",
    "draw_block",
    "draw_costs",
    "draw_positions",
    "draw_words",
]

_LINE, _ROAD, _FRAME = "#333333", palette["blue"], palette["vermillion"]
_FILL = {"layer norm": "#DDF0E8", "attention": "#FBE3B5", "MLP": "#CFE6F7"}
_GAP = 0.22  # between patches, as a share of a patch
_FINE = 4  # how many pixels are drawn for one
_DASHES = ("-", "--", "-.", ":")


def draw_words(picture: Any, patch_size: int, *, title: str | None = None) -> Figure:
    """Draw a picture, and beside it the patches it is cut into.

    Parameters
    ----------
    picture
        A tensor ``(C, H, W)`` or an array, with sides that are multiples of the patch's.
    patch_size
        Rows of a patch, and columns.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        The picture on the left, its patches apart on the right; the first two and the last are
        numbered, where there is room.

    Examples
    --------
    >>> import torch
    >>> figure = draw_words(torch.rand(1, 8, 8), 4)
    >>> [text.get_text() for text in figure.axes[1].texts]
    ['1', '2', '4']
    """
    image = as_picture(picture)
    figure, axes = new_figure(1, 2, width=5.6, height=3.0, title=title)
    whole, apart = axes[0]
    for place in (whole, apart):
        hide_frame(place)
    look = {"cmap": "gray", "vmin": 0, "vmax": float(np.max(image)) or 1.0}
    whole.imshow(image, interpolation="nearest", **look)
    down, across = (side // patch_size for side in image.shape[:2])
    fine = np.kron(image, np.ones((_FINE, _FINE, *(1,) * (image.ndim - 2)), image.dtype))
    step = _FINE * patch_size + max(2, round(_GAP * _FINE * patch_size))
    shape = (down * step, across * step, *image.shape[2:])
    spread = np.ma.array(np.zeros(shape, image.dtype), mask=True)
    for row, column in np.ndindex(down, across):
        there = tuple(
            slice(step * place, step * place + side)
            for place, side in ((row, _FINE * patch_size), (column, _FINE * patch_size))
        )
        top, left = row * patch_size * _FINE, column * patch_size * _FINE
        spread[there] = fine[top : top + patch_size * _FINE, left : left + patch_size * _FINE]
    apart.set_facecolor(palette["sky"])
    apart.imshow(spread, interpolation="nearest", **look)
    for number in sorted({0, 1, down * across - 1}) if 1 < across <= 7 else ():
        row, column = divmod(number, across)
        words = {"ha": "center", "va": "center", "fontsize": 9, "color": palette["orange"]}
        middle = _FINE * patch_size / 2
        apart.text(column * step + middle, row * step + middle, str(number + 1), **words)
    return figure


def draw_block() -> Figure:
    """Draw a pre-norm block: two branches, and the road on which their results are added.

    Returns
    -------
    matplotlib.figure.Figure
        From the words on the left to the words on the right.

    Examples
    --------
    >>> [text.get_text() for text in draw_block().axes[0].texts if text.get_text()][:3]
    ['words', 'layer norm', 'attention']
    """
    figure, axes = new_figure(width=6.6, height=1.9)
    place = axes[0, 0]
    hide_frame(place)
    place.set(xlim=(-0.9, 15.3), ylim=(-0.8, 2.2), aspect="equal")
    place.text(0, 0, "words", ha="center", va="center", fontsize=11)
    x = 0.75
    for layers in (("layer norm", "attention"), ("layer norm", "MLP")):
        start = x
        for name in layers:
            _arrow(place, (x, 0), (x + 0.5, 0))
            _box(place, x + 0.5, 2.2, name)
            x += 2.7
        _arrow(place, (x, 0), (x + 0.55, 0))
        x += 0.8
        road = {"color": _ROAD, "linewidth": 3, "solid_capstyle": "round"}
        place.plot([start + 0.15, start + 0.15, x, x], [0.05, 1.5, 1.5, 0.25], **road)
        place.add_patch(Circle((x, 0), 0.25, facecolor="white", edgecolor=_LINE, zorder=3))
        place.text(x, 0, "+", ha="center", va="center", fontsize=12, zorder=4)
        x += 0.25
    _arrow(place, (x, 0), (x + 0.6, 0))
    place.text(x + 1.35, 0, "words", ha="center", va="center", fontsize=11)
    return figure


def draw_costs(
    words: Sequence[int], costs: Mapping[str, Sequence[float]], *, title: str, mark: float
) -> Figure:
    """Draw what layers cost over the number of words.

    Parameters
    ----------
    words
        The numbers of words.
    costs
        For each layer its multiply-accumulates at each of them.
    title
        What to see.
    mark
        A number of words at which a line is drawn.

    Returns
    -------
    matplotlib.figure.Figure
        A curve for each layer, on logarithmic axes.

    Examples
    --------
    >>> figure = draw_costs([1, 10], {"attention": [6.0, 240.0]}, title="Costs", mark=5)
    >>> figure.axes[0].get_xlabel()
    'words'
    """
    figure, axes = new_figure(width=5.6, height=3.0, title=title)
    place = axes[0, 0]
    for (name, values), colour, dash in zip(costs.items(), palette.values(), _DASHES, strict=False):
        place.loglog(words, values, dash, color=colour, label=name)
    place.axvline(mark, color=palette["grey"], linewidth=1, linestyle=":")
    low, high = place.get_ylim()
    place.text(mark * 1.06, low * 1.6, f"{mark:g} words", fontsize=9, color=palette["grey"])
    place.set(xlabel="words", ylabel="multiply-accumulates", ylim=(low, high))
    place.grid(alpha=0.25)
    place.legend()
    return figure


def draw_attention(picture: Any, weights: Tensor, query: int | None = None) -> Figure:
    """Draw where each head of a block looks: its weights, laid over the picture.

    Parameters
    ----------
    picture
        A tensor ``(C, H, W)`` or an array.
    weights
        ``(heads, rows, columns)``, the weights of one query for the patches.
    query
        The number of the query's patch, from 0, row by row, which is framed; None for the class
        token, which has no place.

    Returns
    -------
    matplotlib.figure.Figure
        A plot for each head: the deeper the colour, the higher the weight; each head's highest
        weight is written above it.

    Examples
    --------
    >>> import torch
    >>> weights = torch.full((2, 4, 4), 1 / 16)
    >>> [axes.get_title() for axes in draw_attention(torch.rand(1, 8, 8), weights, 5).axes]
    ['head 1: up to 0.06', 'head 2: up to 0.06']
    """
    image = as_picture(picture)
    heads, rows, columns = weights.shape
    figure, axes = new_figure(1, heads, width=1.55 * heads, height=1.9)
    high, wide = image.shape[:2]
    for number, (place, seen) in enumerate(zip(axes[0], weights, strict=True), start=1):
        hide_frame(place)
        extent = (-0.5, wide - 0.5, high - 0.5, -0.5)
        place.imshow(image, cmap="gray_r")
        share = (seen / seen.max()).numpy()
        colour = np.zeros((rows, columns, 4))
        colour[..., :3] = (0.0, 0.447, 0.698)  # the palette's blue
        colour[..., 3] = 0.75 * share
        place.imshow(colour, extent=extent, interpolation="nearest")
        if query is not None:
            row, column = divmod(query, columns)
            corner = (column * wide / columns - 0.5, row * high / rows - 0.5)
            side = (wide / columns, high / rows)
            place.add_patch(Rectangle(corner, *side, fill=False, edgecolor=_FRAME, linewidth=2))
        place.set_title(f"head {number}: up to {float(seen.max()):.2f}", loc="center", fontsize=9)
    return figure


def draw_positions(similarities: Tensor, chosen: Sequence[int], *, title: str) -> Figure:
    """Draw how alike the embedding of a position is to those of all others.

    Parameters
    ----------
    similarities
        ``(n, n)`` for a square of ``n`` positions, row by row: from -1 to 1.
    chosen
        Which positions to show, a plot each.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A square of fields for each chosen position, which is framed, and a scale.

    Examples
    --------
    >>> import torch
    >>> len(draw_positions(torch.eye(9), [0, 4], title="Alike").axes)
    3
    """
    side = round(len(similarities) ** 0.5)
    figure, axes = new_figure(1, len(chosen), width=6.2, height=2.2, title=title)
    for place, number in zip(axes[0], chosen, strict=True):
        hide_frame(place)
        field = similarities[number].view(side, side).numpy()
        shown = place.imshow(field, vmin=-1, vmax=1, cmap="RdBu_r")
        row, column = divmod(number, side)
        frame: Any = {"fill": False, "edgecolor": _LINE, "linewidth": 2}
        place.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, **frame))
        place.set_title(f"row {row + 1}, column {column + 1}", loc="center", fontsize=9)
    figure.colorbar(shown, ax=list(axes[0]), label="cosine", shrink=0.8)
    return figure


def _box(place: Axes, left: float, width: float, name: str) -> None:
    box = FancyBboxPatch(
        (left, -0.5),
        width,
        1,
        boxstyle="round,pad=0,rounding_size=0.12",
        facecolor=_FILL[name],
        edgecolor=_LINE,
        zorder=2,
    )
    place.add_patch(box)
    place.text(left + width / 2, 0, name, ha="center", va="center", fontsize=9.5, zorder=4)


def _arrow(place: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    arrow = {"arrowstyle": "->", "color": _LINE, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
    place.annotate("", end, start, arrowprops=arrow)
