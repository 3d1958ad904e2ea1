"""Drawings of the chapter on preprocessing: histograms, the road to a tensor, gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from cvlib.figures.style import hide_frame, new_figure, palette
from cvlib.images.files import decode
from cvlib.images.preprocessing import Preprocess, cell_histograms, histogram

__all__ = ["draw_histograms", "draw_hog", "draw_road"]


def draw_histograms(images: Sequence[NDArray[np.uint8]], titles: Sequence[str]) -> Figure:
    """Draw pictures, and below each how often each of its levels occurs.

    Parameters
    ----------
    images
        ``uint8``, (H, W) each, of one size.
    titles
        A line above each picture.

    Returns
    -------
    matplotlib.figure.Figure
        A column a picture: the picture; its histogram, with the share of pixels that are at most
        as bright as a line.

    Examples
    --------
    >>> figure = draw_histograms([np.eye(4, dtype=np.uint8)], ["a diagonal"])
    >>> len(figure.axes)
    2
    """
    width = 5.0
    tall = images[0].shape[0] / images[0].shape[1] * width / len(images)
    figure, axes = new_figure(
        2, len(images), width=width, height=tall + 1.5, height_ratios=(tall, 1.1)
    )
    levels = np.arange(256)
    for (above, below), image, title in zip(axes.T, images, titles, strict=True):
        above.imshow(image, vmin=0, vmax=255, cmap="gray")
        above.set_title(title, loc="center", fontsize=10)
        hide_frame(above)
        counts = histogram(image)
        below.bar(levels, counts / counts.max(), width=1.0, color=palette["sky"])
        below.plot(levels, np.cumsum(counts) / image.size, color=palette["vermillion"])
        below.set_xticks([0, 128, 255])
        below.set_xlim(-2, 257)
        below.set_yticks([])
        below.spines["left"].set_visible(False)
        below.set_xlabel("level")
    return figure


def draw_road(files: Sequence[bytes], preprocess: Preprocess) -> Figure:
    """Draw the steps from picture files to a batch, the first file's in detail.

    Parameters
    ----------
    files
        The bytes of picture files, three at most.
    preprocess
        What makes the batch.

    Returns
    -------
    matplotlib.figure.Figure
        The file's first bytes, the decoded picture, the resized one with a frame around the
        crop, the crop, its channels, and the batch.

    Examples
    --------
    >>> file = cv2.imencode(".png", np.zeros((30, 40, 3), np.uint8))[1].tobytes()
    >>> figure = draw_road([file], Preprocess(24, 16))
    >>> [place.get_title().splitlines()[0] for place in figure.axes]
    ['file', 'decode', 'resize', 'crop', 'normalise', 'stack']
    """
    decoded = [decode(file) for file in files]
    batch = preprocess.from_files(files)
    seen = preprocess.std * batch.permute(0, 2, 3, 1).numpy() + np.array(preprocess.mean)
    crops = np.rint(255 * seen).astype(np.uint8)
    short, side = min(decoded[0].shape[:2]), preprocess.crop
    height, width = (preprocess.resize * n // short for n in decoded[0].shape[:2])
    resized = cv2.resize(decoded[0], (width, height), interpolation=cv2.INTER_AREA)

    figure, axes = new_figure(3, 2, width=4.6, height=6.2)
    places = axes.ravel()
    lines = [files[0][at : at + 6].hex(" ").upper() for at in range(0, 42, 6)]
    places[0].text(0.5, 0.5, "\n".join([*lines, "…"]), family="monospace", ha="center", va="center")
    places[0].set_box_aspect(height / width)
    places[1].imshow(decoded[0])
    places[2].imshow(resized)
    corner = round((width - side) / 2) - 0.5, round((height - side) / 2) - 0.5
    places[2].add_patch(
        Rectangle(corner, side, side, fill=False, edgecolor=palette["orange"], linewidth=2)
    )
    places[3].imshow(crops[0])
    low, high = float(batch.min()), float(batch.max())
    _pile(places[4], [*batch[0].numpy()], vmin=low, vmax=high)
    _pile(places[5], list(crops))
    titles = (
        f"file\n{len(files[0]):,} bytes",
        f"decode\nuint8 {decoded[0].shape}",
        f"resize\nuint8 {resized.shape}",
        f"crop\nuint8 {crops[0].shape}",
        f"normalise\nfloat32 {tuple(batch[0].shape)}",
        f"stack\nfloat32 {tuple(batch.shape)}",
    )
    for place, title in zip(places, titles, strict=True):
        place.set_title(title, loc="center", fontsize=10)
        hide_frame(place)
    return figure


def draw_hog(image: NDArray[np.uint8], cell: int, row: int, column: int) -> Figure:
    """Draw a picture's gradients, the histogram of one cell, and the histograms of all.

    Parameters
    ----------
    image
        ``uint8``, (H, W), small enough for an arrow a pixel.
    cell
        Side of the cells in pixels.
    row, column
        The cell whose histogram is drawn as bars.

    Returns
    -------
    matplotlib.figure.Figure
        The picture with an arrow for each strong gradient, from dark to bright; the histogram;
        and each cell as a star, whose rays lie along the edges.

    Examples
    --------
    >>> figure = draw_hog(np.tri(8, dtype=np.uint8) * 200, cell=4, row=0, column=0)
    >>> len(figure.axes[1].patches)
    9
    """
    grey = image.astype(float)
    right, down = np.zeros_like(grey), np.zeros_like(grey)
    right[:, 1:-1] = grey[:, 2:] - grey[:, :-2]
    down[1:-1] = grey[2:] - grey[:-2]
    figure, axes = new_figure(1, 3, width=5.6, height=2.1, width_ratios=(3, 2.4, 3))
    arrows, bars, stars = axes[0]
    frame = (column * cell - 0.5, row * cell - 0.5)
    for place, shade in ((arrows, 255), (stars, 600)):
        place.imshow(image, vmin=0, vmax=shade, cmap="gray")
        for edge in range(cell, max(image.shape), cell):
            for line in (place.axhline, place.axvline):
                line(edge - 0.5, color=palette["grey"], linewidth=0.6)
        place.add_patch(
            Rectangle(frame, cell, cell, fill=False, edgecolor=palette["orange"], linewidth=2)
        )
        hide_frame(place)
    y, x = np.nonzero(np.hypot(right, down) > 60)
    arrows.quiver(
        x, y, right[y, x], down[y, x],
        angles="xy", scale_units="xy", scale=110, color=palette["sky"], width=0.007, pivot="mid",
    )  # fmt: skip
    arrows.set_title("gradients", loc="center", fontsize=10)

    cells = cell_histograms(image, cell)
    bars.bar(np.arange(9) * 20 + 10, cells[row, column], width=18, color=palette["orange"])
    bars.set_xticks([0, 90, 180], ["0°", "90°", "180°"])
    bars.set_xlabel("direction")
    bars.set_title("one cell", loc="center", fontsize=10)

    for (top, left, part), value in np.ndenumerate(cells / cells.max()):
        angle = np.deg2rad(part * 20 + 10 + 90)  # along the edge, not across it
        reach = 0.5 * cell * value * np.array([np.cos(angle), np.sin(angle)])
        middle = np.array([left, top]) * cell + (cell - 1) / 2
        ends = np.stack([middle - reach, middle + reach])
        stars.plot(*ends.T, color="white", linewidth=1.6, solid_capstyle="round")
    stars.set_title("all cells", loc="center", fontsize=10)
    return figure


def _pile(axes: Axes, pictures: Sequence[NDArray[np.generic]], **scale: Any) -> None:
    """Draw pictures of one size as a pile of cards, the first on top."""
    height, width = pictures[0].shape[:2]
    step = 0.16 * width
    for number, picture in reversed(list(enumerate(pictures))):
        left, top = number * step, -number * step
        axes.imshow(picture, extent=(left, left + width, top + height, top), cmap="gray", **scale)
        axes.add_patch(
            Rectangle((left, top), width, height, fill=False, edgecolor="white", linewidth=1.5)
        )
    last = (len(pictures) - 1) * step
    axes.set_xlim(0, width + last)
    axes.set_ylim(height, -last)
