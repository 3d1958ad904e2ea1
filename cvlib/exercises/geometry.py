"""Checkers of the exercises in the chapter on geometry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvlib.exercises import compare_calls

__all__ = ["letterbox", "resize_matrix"]

Size = tuple[int, int]


def letterbox(answer: object) -> str | None:
    """Check a function that fits a picture into a square, with bars at two sides.

    Parameters
    ----------
    answer
        The reader's function of a size (height, width) and the square's side, to the height and
        width of the resized picture and its first row and column in the square.

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> letterbox(lambda size, side: (side, side, 0, 0))
    'letterbox((480, 640), 224) gives (224, 224, 0, 0), expected (168, 224, 28, 0)'
    """
    cases = [
        ((480, 640), 224),
        ((500, 333), 224),
        ((100, 37), 64),
        ((30, 20), 96),
        ((7, 7), 5),
        ((2, 1000), 64),
    ]
    return compare_calls("letterbox", answer, _letterbox, cases, _same_numbers)


def resize_matrix(answer: object) -> str | None:
    """Check a function that makes the matrix by which a warp resizes.

    Parameters
    ----------
    answer
        The reader's function of the old and the new size, (height, width) each, to a matrix (2, 3).

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> print(resize_matrix(lambda old, new: None))
    resize_matrix((4, 4), (8, 8)) gives None, expected array([[2. , 0. , 0.5],
           [0. , 2. , 0.5]])
    """
    cases = [((4, 4), (8, 8)), ((4, 4), (2, 2)), ((3, 6), (6, 4)), ((5, 5), (5, 5))]
    return compare_calls("resize_matrix", answer, _resize_matrix, cases, _close)


def _same_numbers(got: object, expected: object) -> bool:
    return isinstance(got, tuple) and got == expected


def _close(got: object, expected: object) -> bool:
    numbers = np.asarray(got, dtype=float)
    return numbers.shape == (2, 3) and bool(np.allclose(numbers, np.asarray(expected)))


def _letterbox(size: Size, side: int) -> tuple[int, int, int, int]:
    height, width = (max(1, round(side * length / max(size))) for length in size)
    return height, width, (side - height) // 2, (side - width) // 2


def _resize_matrix(old: Size, new: Size) -> NDArray[np.float64]:
    down, across = new[0] / old[0], new[1] / old[1]
    return np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2]])
