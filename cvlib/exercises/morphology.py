"""Checkers of the exercises in the chapter on morphology."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvlib.exercises import compare_calls, fixed_picture, same_array

__all__ = ["clear_border"]

_BELOW = [[0, 0, 0, 0], [0, 255, 0, 0], [0, 0, 255, 0], [0, 0, 255, 0]]
_RIGHT = [[0, 0, 0], [0, 255, 255], [0, 0, 0]]
_INSIDE = [[0, 0, 0, 0], [0, 255, 255, 0], [0, 255, 0, 0], [0, 0, 0, 0]]
_COLUMNS = [[0, 255, 0, 0, 0], [0, 255, 0, 255, 0], [0, 0, 0, 255, 0], [0, 0, 0, 0, 0]]
_SIDES = [[0, 0, 0, 0, 0], [255, 0, 255, 0, 255], [0, 0, 0, 0, 0]]


def clear_border(answer: object) -> str | None:
    """Check a function that takes away the white regions which touch the frame of a picture.

    Parameters
    ----------
    answer
        The reader's function from a picture of 0 and 255, ``uint8``, (H, W), to another.

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> clear_border(lambda image: image)
    'clear_border(array([[255,   0]], dtype=uint8)) gives array([[255,   0]], dtype=uint8), \
expected array([[0, 0]], dtype=uint8)'
    """
    cases = [
        (fixed_picture(values),)
        for values in ([[255, 0]], _RIGHT, _INSIDE, _SIDES, _COLUMNS, _BELOW)
    ]
    return compare_calls("clear_border", answer, _clear_border, cases, same_array)


def _clear_border(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    from cvlib.images.morphology import reconstruct

    marker = image.copy()
    marker[1:-1, 1:-1] = 0
    return image - reconstruct(marker, image, np.ones((3, 3)))
