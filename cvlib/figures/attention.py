"""Drawings of the chapter on attention: words that ask, weights, and maps laid on pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from cvlib.figures.squares import EMPTY, PRODUCT, RESULT, SEEN, USED, draw_grid, new_drawing
from cvlib.figures.style import as_picture, new_figure, palette

__all__ = ["draw_attention", "draw_weights", "overlay"]

_DIMMEST = 0.35


def draw_attention(
    words: Sequence[str], query: Tensor, key: Tensor, value: Tensor, scale: float
) -> Figure:
    """Draw self-attention among a few words, with all its numbers.

    Parameters
    ----------
    words
        The words, which ask and answer.
    query, key, value
        Small numbers, a row for each word.
    scale
        Factor of the scores before the softmax.

    Returns
    -------
    matplotlib.figure.Figure
        Queries, scores, weights and results from left to right, a row for each word that asks. The
        keys stand above the scores, a column for each word, and the values above the results. What
        belongs to the first word's question is coloured.

    Examples
    --------
    >>> import torch
    >>> ones = torch.ones(2, 1)
    >>> figure = draw_attention(["a", "b"], ones, ones, torch.tensor([[1.0], [3.0]]), scale=1.0)
    >>> figure.axes[0].texts[-1].get_text()
    '2'
    """
    scores = query @ key.mT
    weights = (scores * scale).softmax(-1)
    parts = {"queries": query, "scores": scores, "weights": weights, "results": weights @ value}
    count, channels = query.shape
    above = max(channels, count) + 0.9
    lefts = [2.3]
    for part in (query, scores, weights):
        lefts.append(lefts[-1] + part.shape[1] + 1.0)
    figure, place = new_drawing(lefts[-1] + value.shape[1], above + count + 0.5)
    for number, word in enumerate(words):
        place.text(2.15, above + number + 0.5, word, ha="right", va="center", fontsize=10)
        beside = lefts[3] - 0.15
        place.text(beside, number + 0.5, word, ha="right", va="center", fontsize=10)
        on_top = (lefts[1] + number + 0.5, above - channels - 0.55)
        place.text(*on_top, word, ha="center", va="bottom", fontsize=9)
    keys = (lefts[1], above - channels - 0.4)
    beside = keys[0] - 0.15
    place.text(beside, keys[1] + channels / 2, "keys", ha="right", va="center", fontsize=10)
    on_top = (lefts[3] + value.shape[1] / 2, -0.15)
    place.text(*on_top, "values", ha="center", va="bottom", fontsize=10)
    for number, name in enumerate(parts):
        below = (lefts[number] + parts[name].shape[1] / 2, above + count + 0.15)
        place.text(*below, name, ha="center", va="top", fontsize=10)
    draw_grid(place, key.mT, keys, _whole(key.mT, SEEN))
    draw_grid(place, value, (lefts[3], 0), _whole(value, PRODUCT))
    colours = [SEEN, EMPTY, USED, RESULT]
    for part, left, colour in zip(parts.values(), lefts, colours, strict=True):
        draw_grid(place, part, (left, above), _whole(part[:1], colour))
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


def _whole(values: Tensor, colour: str) -> dict[tuple[int, ...], str]:
    """Give all places of a grid one colour."""
    return dict.fromkeys(np.ndindex(*values.shape), colour)
