"""Checkers of the exercises in the chapter on pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvlib.exercises import compare_calls, fixed_picture, same_array

__all__ = ["brighten", "half_size"]


def brighten(answer: object) -> str | None:
    """Check a function that adds to each number of a picture and stops at 0 and at 255.

    Parameters
    ----------
    answer
        The reader's function from a ``uint8`` picture and an amount to a ``uint8`` picture.

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> brighten(lambda image, amount: image)
    'brighten(array([[200,  30]], dtype=uint8), 100) gives array([[200,  30]], dtype=uint8), \
expected array([[255, 130]], dtype=uint8)'
    """
    cases = [
        (fixed_picture([[200, 30]]), 100),
        (fixed_picture([[200, 30]]), -100),
        (fixed_picture([[0, 1], [254, 255]]), 255),
        (fixed_picture([[[10, 128, 250]]]), 0),
    ]
    return compare_calls("brighten", answer, _brighten, cases, same_array)


def half_size(answer: object) -> str | None:
    """Check a function from a sensor's mosaic to a picture of half the size.

    Parameters
    ----------
    answer
        The reader's function from (H, W) to (H/2, W/2, 3), both ``uint8``.

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> print(half_size(lambda raw: None))
    half_size(array([[10, 20],
           [40, 50]], dtype=uint8)) gives None, expected array([[[10, 30, 50]]], dtype=uint8)
    """
    cases = [
        (fixed_picture([[10, 20], [40, 50]]),),
        (fixed_picture([[10, 200], [240, 50]]),),
        (fixed_picture([[10, 21], [40, 50]]),),
        (fixed_picture([[1, 2, 3, 4], [5, 6, 7, 8]]),),
    ]
    return compare_calls("half_size", answer, _half_size, cases, same_array)


def _brighten(image: NDArray[np.uint8], amount: int) -> NDArray[np.uint8]:
    return np.clip(image.astype(np.int16) + amount, 0, 255).astype(np.uint8)


def _half_size(raw: NDArray[np.uint8]) -> NDArray[np.uint8]:
    green = (raw[0::2, 1::2].astype(np.uint16) + raw[1::2, 0::2]) // 2
    return np.stack([raw[0::2, 0::2], green.astype(np.uint8), raw[1::2, 1::2]], axis=-1)
