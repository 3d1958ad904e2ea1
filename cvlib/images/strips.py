"""Windows that slide over a picture, all positions at once: a picture as one line of pixels.

A padded picture lies in memory as one line, in which the neighbour a row further down is as many
places away as a row has pixels, wherever one stands. So a whole shifted picture is one slice of the
line. What runs from the end of a row into the next one is cut off in the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from cvlib.images.borders import Border, pad

__all__ = ["Line", "Pixel", "by_strips", "window_sum"]

Pixel = TypeVar("Pixel", bound=np.generic)
Line = NDArray[Any]

_STRIP = 32_768  # pixels taken at a time, so that they stay in the processor's cache


def by_strips(
    image: NDArray[Pixel],
    size: tuple[int, int],
    border: Border,
    window: Callable[[Line, int], Line],
) -> NDArray[Pixel]:
    """Slide a window over a picture, some rows at a time, each time as a line of pixels.

    Parameters
    ----------
    image
        (H, W) or (H, W, C).
    size
        (width, height) of the window, which lies on its pixel ``[height // 2, width // 2]``.
    border
        What stands beyond the border, as in :func:`cvlib.images.borders.pad`.
    window
        A function of a line ``(L,)`` or ``(L, C)`` and the number of places from a row to the next
        one. It returns the filter's numbers for all places at which the window fits into the line:
        ``(height - 1) * step + width - 1`` less than ``L``.

    Returns
    -------
    ndarray
        The shape and dtype of ``image``.

    Examples
    --------
    >>> image = np.array([[1, 2, 3], [4, 5, 6]])
    >>> by_strips(image, (2, 1), "replicate", lambda line, step: line[:-1] + line[1:])
    array([[ 2,  3,  5],
           [ 8,  9, 11]])
    """
    width, height = size
    # One row more than the window needs, for the last line to run into.
    padded = pad(image, height // 2, (height + 1) // 2, width // 2, (width - 1) // 2, border)
    step = padded.shape[1]
    pixels = padded.reshape(-1, *image.shape[2:])
    filtered = np.empty_like(image)
    rows = max(1, _STRIP // step)
    for top in range(0, len(image), rows):
        strip = filtered[top : top + rows]
        line = pixels[top * step :][: (len(strip) + height - 1) * step + width - 1]
        strip[:] = window(line, step).reshape(len(strip), step, *image.shape[2:])[
            :, : len(image[0])
        ]
    return filtered


def window_sum(line: Line, length: int, step: int) -> Line:
    """Add up ``length`` neighbours ``step`` apart: two sums of half as many, and the odd one.

    Parameters
    ----------
    line
        ``(L,)`` or ``(L, C)``.
    length
        How many, 1 or more.
    step
        Places from one to the next.

    Returns
    -------
    ndarray
        ``(length - 1) * step`` places less than the line.

    Examples
    --------
    >>> window_sum(np.array([1, 10, 100, 1000]), 3, 1)
    array([ 111, 1110])
    """
    if length == 1:
        return line
    half = window_sum(line, length // 2, step)
    shift = length // 2 * step
    total: Line = half[:-shift] + half[shift:]
    return total[:-step] + line[(length - 1) * step :] if length % 2 else total
