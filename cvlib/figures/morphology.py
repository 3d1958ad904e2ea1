"""Drawings of the chapter on morphology: a histogram cut in two, and shapes that lose and gain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cvlib.figures.style import hide_frame, new_figure, palette

__all__ = ["draw_changes", "draw_threshold"]

_BLACK, _WHITE, _LINE = "#444444", "#FFFFFF", "#999999"


def draw_threshold(image: NDArray[np.uint8], threshold: int) -> Figure:
    """Draw how many pixels have each grey level, and how well each level would split them.

    Parameters
    ----------
    image
        ``uint8``, any shape.
    threshold
        The level to mark.

    Returns
    -------
    matplotlib.figure.Figure
        The histogram; below it, on the same levels, the standard deviation between the two
        classes; and a line at the threshold.

    Examples
    --------
    >>> figure = draw_threshold(np.array([[10, 10, 20, 90]], dtype=np.uint8), 20)
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['pixels', 'spread']
    """
    figure, axes = new_figure(2, 1, width=5, height=3.2, sharex=True, height_ratios=(3, 2))
    (above,), (below,) = axes
    pixels = np.bincount(image.ravel(), minlength=256)
    above.fill_between(np.arange(256), pixels, step="mid", color=palette["grey"], alpha=0.6)
    below.plot(_spread(pixels), color=palette["blue"])
    for place in (above, below):
        place.axvline(threshold, color=palette["vermillion"], linestyle="--", linewidth=1.5)
        place.set_ylim(bottom=0)
    above.text(threshold + 4, 0.9 * above.get_ylim()[1], f"{threshold}", color="#B34700")
    above.set_ylabel("pixels")
    below.set_ylabel("spread")
    below.set_xlabel("grey level")
    below.set_xlim(0, 255)
    return figure


def draw_changes(
    image: NDArray[Any], kernel: NDArray[Any], results: Mapping[str, NDArray[Any]]
) -> Figure:
    """Draw a small binary picture in squares, and what each result took away or put in.

    Parameters
    ----------
    image
        (H, W), 0 for black and anything else for white; up to some 12 pixels either way.
    kernel
        The neighbourhood, drawn beside the picture with a dot on its middle.
    results
        Pictures of the shape of ``image``, by the title of each.

    Returns
    -------
    matplotlib.figure.Figure
        The picture, the kernel, and the results, two a row. A pixel that was white bears a minus,
        one that was black a plus.

    Raises
    ------
    ValueError
        If a result has another shape than the picture.

    Examples
    --------
    >>> figure = draw_changes(np.eye(2), np.ones((1, 1)), {"mirrored": np.eye(2)[::-1]})
    >>> [text.get_text() for text in figure.axes[2].texts]
    ['−', '+', '+', '−']
    """
    for title, result in results.items():
        if result.shape != image.shape:
            raise ValueError(f"{title} has shape {result.shape}; expected that of image")
    height, width = image.shape
    rows = 1 + -(-len(results) // 2)
    size = 2.5 * height / width + 0.3
    figure, axes = new_figure(rows, 2, width=5.2, height=rows * size)
    for place in axes.flat:
        hide_frame(place)
    (first, second, *others) = axes.flat
    _squares(first, image, image, "picture")
    _squares(second, kernel, kernel, "structuring element")
    second.set_xlim(-(width - kernel.shape[1]) / 2 - 0.5, (width + kernel.shape[1]) / 2 - 0.5)
    second.set_ylim((height + kernel.shape[0]) / 2 - 0.5, -(height - kernel.shape[0]) / 2 - 0.5)
    second.plot(kernel.shape[1] // 2, kernel.shape[0] // 2, "o", color=palette["blue"], ms=6)
    for place, (title, result) in zip(others, results.items(), strict=False):
        _squares(place, image, result, title)
    return figure


def _spread(pixels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Compute the standard deviation between the classes, for each level."""
    share = pixels / pixels.sum()
    dark, total = share.cumsum(), (share * np.arange(256)).cumsum()
    both = np.maximum(dark * (1 - dark), 1e-12)
    return np.abs(total[-1] * dark - total) / np.sqrt(both)


def _squares(axes: Any, before: NDArray[Any], after: NDArray[Any], title: str) -> None:
    was, now = before != 0, after != 0
    colours = np.where(now[..., None], to_rgb(_WHITE), to_rgb(_BLACK))
    colours[was & ~now] = to_rgb(palette["orange"])
    colours[~was & now] = to_rgb(palette["sky"])
    axes.imshow(colours, interpolation="nearest")
    rows, columns = after.shape
    axes.hlines(np.arange(rows + 1) - 0.5, -0.5, columns - 0.5, color=_LINE, linewidth=0.6)
    axes.vlines(np.arange(columns + 1) - 0.5, -0.5, rows - 0.5, color=_LINE, linewidth=0.6)
    axes.set_title(title, fontsize=10, loc="center")
    for row, column in np.argwhere(was != now):
        sign = "+" if now[row, column] else "−"
        axes.text(column, row, sign, ha="center", va="center_baseline", fontsize=9)
