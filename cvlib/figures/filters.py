"""Drawings of the chapter on filters: weights in squares, a kernel at work, a row of pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cvlib.figures.squares import numeral
from cvlib.figures.style import hide_frame, new_figure, palette

__all__ = ["draw_grids", "draw_kernel", "draw_row"]

_SHADES = LinearSegmentedColormap.from_list("weights", ["#F9D3BD", "#FFFFFF", "#CFE6F7"])


def draw_grids(grids: Mapping[str, NDArray[Any]], *, columns: int | None = None) -> Figure:
    """Draw small arrays as squares with their numbers, positive ones blue, negative ones red.

    Parameters
    ----------
    grids
        Arrays (rows, columns) by what stands above them.
    columns
        Arrays beside each other; all unless given.

    Returns
    -------
    matplotlib.figure.Figure
        The arrays, each shaded by the share that a number has of its largest one.

    Raises
    ------
    ValueError
        If there is no array.

    Examples
    --------
    >>> figure = draw_grids({"box": np.full((2, 2), 0.25)})
    >>> [number.get_text() for number in figure.axes[0].texts]
    ['0.25', '0.25', '0.25', '0.25']
    """
    if not grids:
        raise ValueError("grids is empty; expected at least one array")
    columns = columns or len(grids)
    rows = -(-len(grids) // columns)
    width = 7 / max(columns, 4)
    figure, axes = new_figure(rows, columns, width=columns * width, height=rows * (width + 0.3))
    for place in axes.flat:
        hide_frame(place)
        place.set_aspect("equal")
    for place, (title, grid) in zip(axes.flat, grids.items(), strict=False):
        _squares(place, grid)
        place.set_title(title, loc="center", fontsize=10)
    return figure


def draw_kernel(kernel: NDArray[Any], result: NDArray[Any]) -> Figure:
    """Draw a kernel and what it made of a photograph.

    Parameters
    ----------
    kernel
        Weights, (rows, columns).
    result
        The filtered photograph, (H, W), of values from 0 to 255. If the weights sum to 0, its 0 is
        drawn middle grey.

    Returns
    -------
    matplotlib.figure.Figure
        The weights with their sum, and the picture.

    Examples
    --------
    >>> figure = draw_kernel(np.array([[-1.0, 0, 1]]), np.zeros((8, 8)))
    >>> figure.axes[0].get_title()
    'weights, sum 0'
    """
    figure, axes = new_figure(1, 2, width=4.8, height=2.7, width_ratios=(4, 5))
    weights, picture = axes[0]
    hide_frame(weights)
    hide_frame(picture)
    weights.set_aspect("equal")
    _squares(weights, kernel)
    total = float(np.sum(kernel))
    weights.set_title(f"weights, sum {numeral(total)}", loc="center")
    low = -127.5 if abs(total) < 1e-6 else 0.0
    picture.imshow(result, vmin=low, vmax=low + 255, cmap="gray")
    picture.set_title("result", loc="center")
    return figure


def draw_row(rows: Mapping[str, NDArray[Any]]) -> Figure:
    """Plot rows of pixels below each other, and behind each of them the first one, the true one.

    Parameters
    ----------
    rows
        Values (W,) by name; the first is what the others should be.

    Returns
    -------
    matplotlib.figure.Figure
        A plot for each row but the first.

    Raises
    ------
    ValueError
        If there are fewer than two rows.

    Examples
    --------
    >>> figure = draw_row({"true": np.zeros(5), "noisy": np.ones(5)})
    >>> [line.get_ydata()[0] for line in figure.axes[0].lines]
    [np.float64(0.0), np.float64(1.0)]
    """
    if len(rows) < 2:
        raise ValueError(f"rows has {len(rows)} rows; expected a true one and at least one other")
    (true, truth), *others = rows.items()
    count = len(others)
    figure, axes = new_figure(count, 1, width=4.6, height=1.35 * count + 0.3, sharex=True)
    for place, (name, values) in zip(axes[:, 0], others, strict=True):
        place.plot(truth, color=palette["orange"], linewidth=3.5, alpha=0.6, label=true)
        place.plot(values, color=palette["blue"], linewidth=1.3, label=name)
        place.set_title(name, loc="center", fontsize=10)
        place.set_ylabel("grey level")
    axes[-1, 0].set_xlabel("column")
    axes[0, 0].legend([true], loc="lower right", fontsize=9)
    return figure


def _squares(axes: Axes, values: NDArray[Any]) -> None:
    rows, columns = values.shape
    largest = float(np.abs(values).max()) or 1.0
    axes.pcolormesh(
        np.asarray(values, dtype=float),
        cmap=_SHADES,
        vmin=-largest,
        vmax=largest,
        edgecolors="#BBBBBB",
        linewidth=0.8,
    )
    axes.set_xlim(-0.05, columns + 0.05)
    axes.set_ylim(rows + 0.05, -0.05)
    size = 10 if columns <= 3 else 8
    for (row, column), value in np.ndenumerate(values):
        axes.text(column + 0.5, row + 0.5, numeral(value), ha="center", va="center", fontsize=size)
