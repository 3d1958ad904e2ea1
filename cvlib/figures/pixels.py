"""Drawings of the chapter on pixels: numbers in squares, counted regions, a sensor's colours."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch, Rectangle
from numpy.typing import NDArray

from cvlib.figures.style import hide_frame, new_figure, palette

__all__ = ["colour_mosaic", "draw_numbers", "draw_regions"]


def draw_numbers(image: NDArray[np.uint8], rows: slice, columns: slice) -> Figure:
    """Draw a grey photograph, and beside it a patch of it with the number in each pixel.

    Parameters
    ----------
    image
        ``uint8``, (H, W).
    rows, columns
        Where the patch lies, a start and a stop each; up to some 10 pixels either way.

    Returns
    -------
    matplotlib.figure.Figure
        The photograph with a frame around the patch, and the patch enlarged.

    Raises
    ------
    ValueError
        If the patch is empty.

    Examples
    --------
    >>> image = np.arange(100, dtype=np.uint8).reshape(10, 10)
    >>> figure = draw_numbers(image, slice(2, 4), slice(5, 7))
    >>> [number.get_text() for number in figure.axes[1].texts]
    ['25', '26', '35', '36']
    """
    patch = image[rows, columns]
    if patch.size == 0:
        raise ValueError(f"rows {rows} and columns {columns} hold no pixel of {image.shape}")
    figure, axes = new_figure(1, 2, width=5.6, height=2.9, width_ratios=(2, 3))
    whole, part = axes[0]
    for place, picture in ((whole, image), (part, patch)):
        place.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="auto")
    hide_frame(whole)
    (top, bottom, _), (left, right, _) = (
        s.indices(n) for s, n in zip((rows, columns), image.shape, strict=True)
    )
    corner, size = (left - 0.5, top - 0.5), (right - left, bottom - top)
    whole.add_patch(
        Rectangle(corner, *size, fill=False, edgecolor=palette["orange"], linewidth=1.5)
    )
    for there, here in (((right - 0.5, top - 0.5), (0, 1)), ((right - 0.5, bottom - 0.5), (0, 0))):
        figure.add_artist(
            ConnectionPatch(
                there,
                here,
                coordsA=whole.transData,
                coordsB=part.transAxes,
                color=palette["orange"],
            )
        )
    for (row, column), value in np.ndenumerate(patch):
        colour = "white" if value < 128 else "black"
        part.text(column, row, f"{value}", ha="center", va="center", color=colour, fontsize=9)
    part.yaxis.tick_right()
    part.yaxis.set_label_position("right")
    part.set_xticks(range(right - left), [str(column) for column in range(left, right)])
    part.set_yticks(range(bottom - top), [str(row) for row in range(top, bottom)])
    part.tick_params(length=0, labelsize=8, labelcolor=palette["grey"])
    part.set_xlabel("column")
    part.set_ylabel("row")
    part.spines[:].set_visible(False)
    return figure


def draw_regions(image: NDArray[np.uint8], labels: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Tint each region of a grey photograph, so that touching and missing ones are seen.

    Parameters
    ----------
    image
        ``uint8``, (H, W).
    labels
        Integers, (H, W): 0 for the background, then a number a region, as
        ``cv2.connectedComponents`` gives them.

    Returns
    -------
    ndarray
        ``uint8``, (H, W, 3), RGB: the photograph, half covered by a colour in each region. The
        colours repeat after six regions.

    Raises
    ------
    ValueError
        If the labels have another shape than the photograph.

    Examples
    --------
    >>> draw_regions(np.full((1, 2), 100, dtype=np.uint8), np.array([[0, 1]])).tolist()
    [[[100, 100, 100], [50, 107, 139]]]
    """
    if labels.shape != image.shape:
        raise ValueError(f"labels have shape {labels.shape}; expected that of image, {image.shape}")
    names = ("blue", "orange", "green", "purple", "vermillion", "sky")
    colours = 255 * np.array([to_rgb(palette[name]) for name in names])
    tinted = (image[..., None] + colours[(labels - 1) % len(names)]) / 2
    return np.where(labels[..., None] > 0, tinted, image[..., None]).astype(np.uint8)


def colour_mosaic(raw: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Show a sensor's values in the colours that were measured.

    Parameters
    ----------
    raw
        ``uint8``, (H, W), as :func:`cvlib.images.pixels.mosaic` makes it.

    Returns
    -------
    ndarray
        ``uint8``, (H, W, 3), RGB, with one colour above 0 in each pixel.

    Examples
    --------
    >>> colour_mosaic(np.array([[250, 150], [150, 50]], dtype=np.uint8)).tolist()
    [[[250, 0, 0], [0, 150, 0]], [[0, 150, 0], [0, 0, 50]]]
    """
    coloured = np.zeros((*raw.shape, 3), dtype=np.uint8)
    for row, column, channel in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
        coloured[row::2, column::2, channel] = raw[row::2, column::2]
    return coloured
