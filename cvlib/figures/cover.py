"""The picture on the book's first page: the way from numbers to a network that reads.

``python -m cvlib.figures.cover book/cover.png`` draws it anew.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from cvlib.data import mnist_sample, photograph
from cvlib.figures.style import hide_frame, new_figure, palette
from cvlib.layers.convolution import conv2d
from cvlib.networks import pretrained

_EYE = (106, 130)  # row and column of the corner of an 8 x 8 patch of the photograph
_EDGES = torch.tensor([[[[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]]])


def draw_cover() -> Figure:
    """Draw a photograph, its numbers, its edges, and digits with what LeNet reads in them.

    Returns
    -------
    matplotlib.figure.Figure
        Four panels side by side; every number in them is computed.

    Examples
    --------
    >>> len(draw_cover().axes)
    4
    """
    figure, axes = new_figure(1, 4, width=10, height=2.8)
    titles = (
        "A picture",
        "is an array of numbers.",
        "A kernel finds its edges,",
        "a network reads.",
    )
    for place, line in zip(axes[0], titles, strict=True):
        hide_frame(place)
        place.set_title(line, fontsize=12, fontweight="bold", loc="center")
    grey = photograph("chelsea")[:, :300].mean(axis=2)
    row, column = _EYE
    axes[0, 0].imshow(photograph("chelsea")[:, :300])
    axes[0, 0].add_patch(
        Rectangle((column, row), 8, 8, fill=False, edgecolor=palette["orange"], linewidth=2)
    )
    _draw_numbers(axes[0, 1], grey[row : row + 8, column : column + 8])
    edges = conv2d(torch.from_numpy(grey)[None].float(), _EDGES)[0]
    axes[0, 2].imshow(edges.numpy(), cmap="gray", vmin=-200, vmax=200)
    _draw_digits(axes[0, 3])
    return figure


def _draw_numbers(axes: Axes, patch: NDArray[Any]) -> None:
    axes.imshow(patch, cmap="gray", vmin=0, vmax=255)
    for (row, column), value in np.ndenumerate(patch):
        colour = "white" if value < 128 else "black"
        axes.text(column, row, f"{value:.0f}", ha="center", va="center", color=colour, fontsize=8)


def _draw_digits(axes: Axes) -> None:
    """Draw 3 x 3 held-out digits, with what LeNet reads written below each."""
    _, test = mnist_sample().split(test=1000)
    with torch.inference_mode():
        read = pretrained("lenet")(test.images[:9].float().div(255)).argmax(1)
    grid = torch.full((120, 120), 255, dtype=torch.uint8)
    for number in range(9):
        top, left = 40 * (number // 3), 40 * (number % 3) + 6
        grid[top : top + 28, left : left + 28] = 255 - test.images[number, 0]
        axes.text(
            left + 14, top + 33, str(int(read[number])), ha="center", va="center",
            color=palette["blue"], fontsize=11, fontweight="bold",
        )  # fmt: skip
    axes.imshow(grid.numpy(), cmap="gray", vmin=0, vmax=255)


if __name__ == "__main__":
    draw_cover().savefig(sys.argv[1], pil_kwargs={"optimize": True})
