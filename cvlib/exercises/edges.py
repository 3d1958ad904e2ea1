"""Checkers of the exercises in the chapter on edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvlib.exercises import compare_calls, fixed_array, same_array

__all__ = ["direction_histogram", "grow"]


def grow(answer: object) -> str | None:
    """Check a function that grows strong pixels through weak ones until nothing changes.

    Parameters
    ----------
    answer
        The reader's function from two ``bool`` arrays, strong and weak, to one.

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> print(grow(lambda strong, weak: strong))
    grow(array([[ True, False, False]]), array([[ True,  True,  True]])) gives \
array([[ True, False, False]]), expected array([[ True,  True,  True]])
    """
    chain = np.zeros((9, 12), dtype=np.bool_)
    chain[[0, 1, 2, 3, 4, 5, 5, 5, 6, 7, 8], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9]] = True
    start = np.zeros_like(chain)
    start[0, 0] = True
    cases = [
        (fixed_array([[1, 0, 0]], "bool"), fixed_array([[1, 1, 1]], "bool")),
        (fixed_array([[1, 0, 0, 0]], "bool"), fixed_array([[1, 1, 0, 1]], "bool")),
        (fixed_array([[1, 0], [0, 0]], "bool"), fixed_array([[1, 0], [0, 1]], "bool")),
        (fixed_array([[0, 0, 0]], "bool"), fixed_array([[1, 1, 1]], "bool")),
        (fixed_array(start, "bool"), fixed_array(chain, "bool")),
    ]
    return compare_calls("grow", answer, _grow, cases, same_array)


def direction_histogram(answer: object) -> str | None:
    """Check a function that counts directions from 0 to 180 degrees, weighted by magnitude.

    Parameters
    ----------
    answer
        The reader's function from derivatives across and down, and a number of bins, to the sum
        of magnitudes in each bin.

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> direction_histogram(lambda dx, dy, bins: None)
    'direction_histogram(array([[2.]]), array([[1.]]), 2) gives None, expected \
array([2.236, 0.   ])'
    """
    cases = [
        (fixed_array([[2]]), fixed_array([[1]]), 2),
        (fixed_array([[-2]]), fixed_array([[1]]), 2),
        (fixed_array([[-2]]), fixed_array([[-1]]), 2),
        (fixed_array([[2, 2], [0, 5]]), fixed_array([[1, 2], [0, -1]]), 2),
        (fixed_array([[9, 4, -3, -8]]), fixed_array([[1, 3, 5, 2]]), 9),
    ]
    return compare_calls("direction_histogram", answer, _direction_histogram, cases, _same_numbers)


def _same_numbers(got: object, expected: object) -> bool:
    return (
        isinstance(got, np.ndarray)
        and isinstance(expected, np.ndarray)
        and got.shape == expected.shape
        and np.allclose(got, expected, atol=1e-2)
    )


def _grow(strong: NDArray[np.bool_], weak: NDArray[np.bool_]) -> NDArray[np.bool_]:
    height, width = weak.shape
    while True:
        around = np.pad(strong, 1)
        shifted = [around[r : r + height, c : c + width] for r in range(3) for c in range(3)]
        grown: NDArray[np.bool_] = np.logical_or.reduce(shifted) & weak
        if np.array_equal(grown, strong):
            return grown
        strong = grown


def _direction_histogram(
    dx: NDArray[np.float64], dy: NDArray[np.float64], bins: int
) -> NDArray[np.float64]:
    angle = np.degrees(np.arctan2(dy, dx)) % 180
    sums = np.histogram(angle, bins, range=(0, 180), weights=np.hypot(dx, dy))[0]
    return sums.round(3)
