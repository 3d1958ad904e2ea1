"""Checkers of the exercises in the chapter on frequency."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvlib.exercises import compare_calls, fixed_array

__all__ = ["alias", "fft"]


def alias(answer: object) -> str | None:
    """Check a function that says what a frequency looks like among pixels.

    Parameters
    ----------
    answer
        The reader's function from cycles per pixel to cycles per pixel.

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> alias(lambda frequency: frequency)
    'alias(0.9) gives 0.9, expected 0.1'
    """
    cases = [(0.2,), (0.5,), (0.9,), (1.0,), (1.3,), (2.75,), (-0.3,), (0.0,)]
    return compare_calls(
        "alias", answer, lambda f: round(abs(f - round(f)), 9), cases, _same_numbers
    )


def fft(answer: object) -> str | None:
    """Check a function that transforms a row by halving it.

    Parameters
    ----------
    answer
        The reader's function from a row, whose length is a power of two, to its spectrum.

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> fft(lambda row: row)
    'fft(array([3., 1.])) gives array([3., 1.]), expected array([4.+0.j, 2.+0.j])'
    """
    rows = ([5], [3, 1], [3, 1, 3, 1], [1, 0, 0, 0], [0, 1, 2, 5, 3, 1, 4, 1])
    cases = [(fixed_array(values),) for values in rows]
    return compare_calls("fft", answer, _spectrum, cases, _same_numbers)


def _spectrum(row: NDArray[np.float64]) -> NDArray[np.complex128]:
    spectrum: NDArray[np.complex128] = np.fft.fft(row).round(3) + 0
    return spectrum


def _same_numbers(got: object, expected: object) -> bool:
    try:
        found = np.asarray(got, dtype=np.complex128)
    except (TypeError, ValueError):
        return False
    right = np.asarray(expected, dtype=np.complex128)
    return found.shape == right.shape and np.allclose(found, right, atol=2e-3)
