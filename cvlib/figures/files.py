"""Drawings of the chapter on files: size against error, what a JPEG lost, and pairs of colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from cvlib.figures.style import hide_frame, new_figure, palette

__all__ = ["draw_loss", "draw_pairs", "draw_sizes"]

_BLOCK = 8  # pixels, a side of JPEG's blocks


def draw_sizes(
    formats: Mapping[str, Sequence[tuple[int, float, float]]], lossless: Mapping[str, float]
) -> Figure:
    """Plot the error of a file against its size, a line a format.

    Parameters
    ----------
    formats
        For each format its files: quality, size in kB, PSNR in dB. The qualities of the first
        format are written beside its points.
    lossless
        Sizes in kB of files without error, by name: upright lines.

    Returns
    -------
    matplotlib.figure.Figure
        Sizes on a logarithmic scale.

    Raises
    ------
    ValueError
        If there is no format.

    Examples
    --------
    >>> figure = draw_sizes({"JPEG": [(50, 20.0, 30.0), (90, 60.0, 36.0)]}, {"PNG": 400.0})
    >>> [note.get_text() for note in figure.axes[0].texts]
    ['50', '90', 'PNG']
    """
    if not formats:
        raise ValueError("formats is empty; expected at least one")
    figure, axes = new_figure(width=4.8, height=3.0)
    place = axes[0, 0]
    colours = iter(palette.values())
    for number, (name, files) in enumerate(formats.items()):
        quality, size, error = zip(*files, strict=True)
        marker = "os^D"[number % 4]
        place.plot(size, error, marker=marker, color=next(colours), label=name, markersize=5)
        if number == 0:
            for text, x, y in zip(quality, size, error, strict=True):
                place.annotate(f"{text}", (x, y), (4, -11), textcoords="offset points", fontsize=8)
    place.margins(y=0.08)
    low, _ = place.get_ylim()
    for name, kilobytes in lossless.items():
        place.axvline(kilobytes, color=palette["grey"], linestyle="--", linewidth=1.2)
        place.annotate(
            name,
            (kilobytes, low),
            (-4, 4),
            textcoords="offset points",
            rotation=90,
            ha="right",
            fontsize=9,
        )
    place.set_xscale("log")
    sizes = [3, 10, 30, 100, 300, 1000]
    place.set_xticks(sizes, [str(size) for size in sizes])
    place.minorticks_off()
    place.set_xlabel("size in kB")
    place.set_ylabel("PSNR in dB")
    place.legend(loc="upper left")
    return figure


def draw_loss(
    image: NDArray[np.uint8],
    decoded: NDArray[np.uint8],
    *,
    corner: tuple[int, int],
    gain: int = 8,
    title: str | None = None,
) -> Figure:
    """Draw what came back from a file, 3 × 3 blocks of it enlarged, and the error, amplified.

    Parameters
    ----------
    image, decoded
        What went into the file and what came back: ``uint8``, (H, W, 3), RGB.
    corner
        Row and column where the enlarged part begins, multiples of 8.
    gain
        How many times larger than it is the error is shown, around grey.
    title
        A line above the drawing.

    Returns
    -------
    matplotlib.figure.Figure
        Three pictures; thin lines bound the blocks of 8 × 8 pixels in the second.

    Raises
    ------
    ValueError
        If the shapes differ, or the corner is not one of a block that leaves room for three.

    Examples
    --------
    >>> grey = np.full((32, 32, 3), 100, dtype=np.uint8)
    >>> figure = draw_loss(grey, grey + 10, corner=(8, 8))
    >>> int(figure.axes[2].images[0].get_array()[0, 0, 0])  # 128 + 8 · 10
    208
    """
    if decoded.shape != image.shape:
        raise ValueError(f"decoded has shape {decoded.shape}; expected that of image {image.shape}")
    row, column = corner
    side = 3 * _BLOCK
    if row % _BLOCK or column % _BLOCK or row < 0 or column < 0:
        raise ValueError(f"corner is {corner}; expected multiples of {_BLOCK}")
    if row + side > image.shape[0] or column + side > image.shape[1]:
        raise ValueError(f"corner is {corner}, less than {side} pixels from the end of the picture")
    error = decoded.astype(np.int16) - image
    shown = np.clip(128 + gain * error, 0, 255).astype(np.uint8)
    figure, axes = new_figure(1, 3, width=5.8, height=2.35, title=title)
    names = ("what comes back", "nine blocks", f"error × {gain}")
    part = decoded[row : row + side, column : column + side]
    for place, name, picture in zip(axes[0], names, (decoded, part, shown), strict=True):
        place.imshow(picture, interpolation="nearest")
        place.set_title(name, fontsize=10, loc="center")
        hide_frame(place)
    frame = Rectangle(
        (column - 0.5, row - 0.5),
        side,
        side,
        fill=False,
        edgecolor=palette["orange"],
        linewidth=1.5,
    )
    axes[0, 0].add_patch(frame)
    for at in (_BLOCK - 0.5, 2 * _BLOCK - 0.5):
        axes[0, 1].axhline(at, color="white", linewidth=0.6)
        axes[0, 1].axvline(at, color="white", linewidth=0.6)
    return figure


def draw_pairs(
    pairs: Sequence[tuple[tuple[int, int, int], tuple[int, int, int]]], notes: Sequence[str]
) -> Figure:
    """Draw pairs of colours, the two of each side by side without a gap.

    Parameters
    ----------
    pairs
        Two colours each, RGB, 0 to 255.
    notes
        What stands below each pair, in one line or several.

    Returns
    -------
    matplotlib.figure.Figure
        The pairs in one row.

    Raises
    ------
    ValueError
        If there are not as many notes as pairs.

    Examples
    --------
    >>> figure = draw_pairs([((0, 0, 0), (9, 0, 0))], ["near"])
    >>> figure.axes[0].get_xlabel()
    'near'
    """
    if len(notes) != len(pairs):
        raise ValueError(f"notes has {len(notes)} lines for {len(pairs)} pairs")
    breaks = max((note.count("\n") for note in notes), default=0)
    figure, axes = new_figure(1, len(pairs), width=1.4 * len(pairs), height=1.0 + 0.2 * breaks)
    for place, pair, note in zip(axes[0], pairs, notes, strict=True):
        place.imshow(np.array([pair], dtype=np.uint8), interpolation="nearest")
        hide_frame(place)
        place.set_xlabel(note, fontsize=10)
    return figure
