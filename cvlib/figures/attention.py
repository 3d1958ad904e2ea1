"""Drawings of the chapter on attention: an average with its weights, and maps laid on pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from torch import Tensor

from cvlib.figures.squares import numeral
from cvlib.figures.style import as_picture, hide_frame, new_figure, palette
from cvlib.layers.attention import soft_attention

__all__ = ["draw_soft_attention", "draw_weights", "overlay"]

_LINE = "#333333"
_DIMMEST = 0.35


def draw_soft_attention(x: Tensor, scores: Tensor) -> Figure:
    """Draw a soft average with its numbers: scores, their softmax, values and the sum.

    Parameters
    ----------
    x
        What is averaged, ``(P,)``.
    scores
        A score each, ``(P,)``.

    Returns
    -------
    matplotlib.figure.Figure
        A row of squares for the scores, the weights and the values, and the sum below.

    Examples
    --------
    >>> import torch
    >>> figure = draw_soft_attention(torch.tensor([2.0, 6]), torch.zeros(2))
    >>> figure.axes[0].texts[-1].get_text()
    '0.5·2 + 0.5·6 = 4'
    """
    weights = scores.softmax(0)
    rows = {"score": (scores, "none"), "weight": (weights, "#FBE3B5"), "value": (x, "#CFE6F7")}
    figure, axes = new_figure(width=0.78 * len(x) + 1.7, height=2.5)
    place = axes[0, 0]
    hide_frame(place)
    place.set_xlim(-1.5, len(x) + 0.1)
    place.set_ylim(4.35, -0.1)
    for top, (name, (numbers, colour)) in enumerate(rows.items()):
        y = 1.15 * top
        place.text(-0.2, y + 0.5, name, ha="right", va="center", fontsize=12)
        for left, number in enumerate(numbers.tolist()):
            square = Rectangle((left, y), 0.96, 1, facecolor=colour, edgecolor=_LINE)
            place.add_patch(square)
            middle = (left + 0.48, y + 0.52)
            place.text(*middle, numeral(number), ha="center", va="center", fontsize=12)
    pairs = zip(weights.tolist(), x.tolist(), strict=True)
    products = " + ".join(f"{numeral(weight)}·{numeral(value)}" for weight, value in pairs)
    total = f"{products} = {numeral(float(soft_attention(x, scores, 0)))}"
    place.text((len(x) - 1.4) / 2, 3.95, total, ha="center", va="center", fontsize=12)
    return figure


def draw_weights(weights: Mapping[str, Tensor], *, title: str) -> Figure:
    """Draw weights as bars, one plot beside the other.

    Parameters
    ----------
    weights
        Weights ``(P,)`` by what they are.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A plot each, on the same scale from 0 to 1.

    Examples
    --------
    >>> import torch
    >>> figure = draw_weights({"all alike": torch.full((4,), 0.25)}, title="Weights")
    >>> [float(bar.get_height()) for bar in figure.axes[0].patches]
    [0.25, 0.25, 0.25, 0.25]
    """
    figure, axes = new_figure(1, len(weights), width=5.6, height=2.4, title=title, sharey=True)
    for place, (name, values) in zip(axes[0], weights.items(), strict=True):
        place.bar(range(1, len(values) + 1), values.tolist(), color=palette["blue"])
        place.set_title(name, loc="center", fontsize=10)
        place.set_xlabel("key")
        place.set_ylim(0, 1)
    axes[0, 0].set_ylabel("weight")
    return figure


def overlay(
    picture: Any, weights: Tensor, patch: tuple[int, int] | None = None, start: int = 0
) -> NDArray[np.uint8]:
    """Lay a map of weights on a picture: where the weight is high, the picture is bright.

    Parameters
    ----------
    picture
        ``uint8``: a tensor ``(C, H, W)``, or an array ``(H, W)`` or ``(H, W, 3)``.
    weights
        ``(rows, columns)``, not negative; each covers a block of the picture, whose sides are
        multiples of theirs. The largest leaves the picture as it is.
    patch
        Row and column of a weight whose block is framed.
    start
        Row and column of the picture at which the first weight's block starts: below 0, so that a
        block lies around the middle of what its weight sees. The last one fills what is left.

    Returns
    -------
    numpy.ndarray
        ``uint8``, (H, W, 3).

    Raises
    ------
    ValueError
        If the picture's sides are no multiples of the map's.

    Examples
    --------
    >>> import torch
    >>> overlay(np.full((4, 4), 200, np.uint8), torch.tensor([[1.0, 0], [0, 0]]))[:, :, 0]
    array([[200, 200,  70,  70],
           [200, 200,  70,  70],
           [ 70,  70,  70,  70],
           [ 70,  70,  70,  70]], dtype=uint8)
    """
    array = as_picture(picture)
    height, width = array.shape[:2]
    rows, columns = weights.shape
    if height % rows or width % columns:
        raise ValueError(
            f"weights has shape {(rows, columns)}; expected divisors of the picture's "
            f"{(height, width)}"
        )
    map_ = weights.detach().float().cpu() / float(weights.max())
    down, across = height // rows, width // columns
    below = ((np.arange(height) - start) // down).clip(0, rows - 1)
    beside = ((np.arange(width) - start) // across).clip(0, columns - 1)
    enlarged = map_.numpy()[below[:, None], beside]
    colours = array if array.ndim == 3 else np.stack([array] * 3, axis=2)
    light = _DIMMEST + (1 - _DIMMEST) * enlarged[..., None]
    laid: NDArray[np.uint8] = np.rint(colours * light).astype(np.uint8)
    if patch is not None:
        top, left = patch[0] * down + start, patch[1] * across + start
        block = laid[top : top + down, left : left + across].copy()
        colour = np.array([round(255 * part) for part in to_rgb(palette["sky"])], np.uint8)
        laid[top : top + down, left : left + across] = colour
        line = max(1, down // 6)
        inner = np.s_[line : down - line, line : across - line]
        laid[top : top + down, left : left + across][inner] = block[inner]
    return laid
