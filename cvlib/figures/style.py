"""One look for every figure: a palette that colour-blind readers can tell apart, and a card.

Figures are drawn on a white card, which both themes of the book leave as it is, so that a
photograph looks the same by day and by night.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import rc_context, rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

#: The palette of Okabe and Ito (jfly.uni-koeln.de/color), by name, in the order of use.
palette: dict[str, str] = {
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "grey": "#666666",
}

#: The look, as matplotlib parameters.
STYLE: Any = {
    "axes.edgecolor": "#444444",
    "axes.grid": False,
    "axes.labelcolor": "#222222",
    "axes.prop_cycle": f"cycler('color', {list(palette.values())})",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "figure.constrained_layout.use": True,
    "figure.dpi": 120,
    "figure.facecolor": "#FFFFFF",
    "figure.titlesize": 12,
    "figure.titleweight": "bold",
    "font.size": 10,
    "image.cmap": "gray",
    "image.interpolation": "auto",
    "legend.frameon": False,
    "lines.linewidth": 2,
    "savefig.dpi": 120,
}


def use_style() -> None:
    """Give the reader's own plots the book's look.

    Examples
    --------
    >>> use_style()
    """
    rcParams.update(STYLE)


def new_figure(
    rows: int = 1,
    columns: int = 1,
    *,
    width: float = 7.0,
    height: float = 3.0,
    title: str | None = None,
    **subplots: Any,
) -> tuple[Figure, NDArray[Any]]:
    """Make a figure in the book's look, without pyplot's global state.

    Parameters
    ----------
    rows, columns
        How many plots stand below and beside each other.
    width, height
        Size in inches; a page of the book is 7 inches wide.
    title
        What to see in the figure, said above it.
    subplots
        Further arguments of :meth:`matplotlib.figure.Figure.subplots`.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The figure; a notebook cell that ends in it shows it.
    axes : numpy.ndarray of matplotlib.axes.Axes, shape (rows, columns)
        Its plots.

    Raises
    ------
    ValueError
        If rows or columns is below 1.

    Examples
    --------
    >>> figure, axes = new_figure(1, 2, title="Two plots")
    >>> axes.shape
    (1, 2)
    """
    if rows < 1 or columns < 1:
        raise ValueError(f"rows and columns are {rows} and {columns}; expected at least 1")
    with rc_context(STYLE):
        figure = Figure(figsize=(width, height))
        axes = figure.subplots(rows, columns, squeeze=False, **subplots)
        if title is not None:
            figure.suptitle(title, x=0.01, ha="left")
    return figure, axes


def hide_frame(axes: Axes) -> None:
    """Take away the ticks and the frame, for pictures and drawings.

    Parameters
    ----------
    axes
        The plot to clear.

    Examples
    --------
    >>> figure, axes = new_figure()
    >>> hide_frame(axes[0, 0])
    """
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def as_picture(image: Any) -> NDArray[Any]:
    """Turn a tensor ``(C, H, W)`` or an array ``(H, W[, C])`` into what ``imshow`` takes.

    Parameters
    ----------
    image
        A tensor of 2 or 3 dimensions, channels first, or an array, channels last; 1, 3 or 4
        channels.

    Returns
    -------
    numpy.ndarray, shape (H, W) or (H, W, C)
        The picture, in the dtype it came in.

    Raises
    ------
    ValueError
        If the shape is not that of one picture.

    Examples
    --------
    >>> import torch
    >>> as_picture(torch.zeros(3, 4, 5)).shape
    (4, 5, 3)
    """
    if hasattr(image, "detach"):
        array = image.detach().cpu().numpy()
        array = array.transpose(1, 2, 0) if array.ndim == 3 else array
    else:
        array = np.asarray(image)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim != 2 and (array.ndim != 3 or array.shape[2] not in (3, 4)):
        raise ValueError(
            f"image has shape {tuple(image.shape)}; expected a tensor (C, H, W) or an array "
            "(H, W, C) with 1, 3 or 4 channels, or (H, W)"
        )
    return array
