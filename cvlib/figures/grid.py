"""Pictures side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from cvlib.figures.style import STYLE, as_picture, hide_frame, new_figure


def show_images(
    images: Iterable[Any],
    titles: Sequence[str] | None = None,
    *,
    title: str | None = None,
    columns: int | None = None,
    width: float = 7.0,
    cmap: str = "gray",
    limits: tuple[float, float] | None = None,
) -> Figure:
    """Show pictures in a grid.

    Parameters
    ----------
    images
        Pictures: tensors ``(C, H, W)`` or ``(H, W)``, arrays ``(H, W)`` or ``(H, W, C)``; a
        batch ``(N, C, H, W)`` counts as N of them. ``uint8`` from 0 to 255, float from 0 to 1.
    titles
        A line above each picture.
    title
        What to see in the figure, said above it.
    columns
        Pictures a row; at most 10 unless given.
    width
        Width of the figure in inches.
    cmap
        Colours of pictures with one channel.
    limits
        Values drawn darkest and brightest in pictures with one channel. Without them, the range
        of ``uint8`` is 0 to 255, and other dtypes go from each picture's least to its greatest.

    Returns
    -------
    matplotlib.figure.Figure
        The grid.

    Raises
    ------
    ValueError
        If there is no picture, a picture has no picture's shape, or the titles are not as many.

    Examples
    --------
    >>> import numpy as np
    >>> figure = show_images([np.zeros((4, 4)), np.eye(4)], ["black", "a diagonal"])
    >>> len(figure.axes)
    2
    """
    pictures = [as_picture(image) for image in images]
    if not pictures:
        raise ValueError("images is empty; expected at least one picture")
    if titles is not None and len(titles) != len(pictures):
        raise ValueError(f"titles has {len(titles)} lines for {len(pictures)} images")
    columns = columns or min(len(pictures), 10)
    rows = -(-len(pictures) // columns)
    tallest = max(picture.shape[0] / picture.shape[1] for picture in pictures)
    lines = max((line.count("\n") + 1 for line in titles), default=0) if titles is not None else 0
    size = 10 if columns <= 5 else 8
    height = rows * (width / columns * tallest * 0.97 + 0.022 * size * lines)
    height += 0.35 if title else 0
    figure, axes = new_figure(rows, columns, width=width, height=height, title=title)
    for place in axes.flat:
        hide_frame(place)
    with rc_context(STYLE):
        for number, (place, picture) in enumerate(zip(axes.flat, pictures, strict=False)):
            low, high = limits or ((0, 255) if picture.dtype == "uint8" else (None, None))
            place.imshow(picture, cmap=cmap, vmin=low, vmax=high)
            if titles is not None:
                place.set_title(titles[number], fontsize=size, loc="center")
    return figure
