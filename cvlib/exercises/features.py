"""Checkers of the exercises in the chapter on features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvlib.exercises import compare_calls, fixed_array, fixed_picture

__all__ = ["hamming", "sift_normalize"]


def hamming(answer: object) -> str | None:
    """Check a function that counts, for all pairs of two sets, the bits that differ.

    Parameters
    ----------
    answer
        The reader's function from two ``uint8`` arrays (N, D) and (M, D) to whole numbers (N, M).

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> print(hamming(lambda a, b: np.zeros((len(a), len(b)))))
    hamming(array([[1]], dtype=uint8), array([[2]], dtype=uint8)) gives array([[0.]]), \
expected array([[2]])
    """
    numbers = np.random.default_rng(0).integers(0, 256, (7, 4), dtype=np.uint8)
    cases = [
        (fixed_picture([[1]]), fixed_picture([[2]])),
        (fixed_picture([[0], [255]]), fixed_picture([[255]])),
        (fixed_picture([[0, 255]]), fixed_picture([[0, 0], [255, 255], [128, 255]])),
        (fixed_picture(numbers[:3]), fixed_picture(numbers[3:])),
    ]
    return compare_calls("hamming", answer, _hamming, cases, _same_counts)


def sift_normalize(answer: object) -> str | None:
    """Check a function that normalizes a histogram as SIFT does.

    Parameters
    ----------
    answer
        The reader's function from (D,) to (D,): length 1, nothing above 0.2, length 1 again.

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> sift_normalize(lambda numbers: numbers / np.linalg.norm(numbers))
    'sift_normalize(array([1., 0., 3., 0.])) gives array([0.316, 0.   , 0.949, 0.   ]), \
expected array([0.707, 0.   , 0.707, 0.   ])'
    """
    even = np.ones(128)
    one_high = np.r_[40.0, np.ones(63)]
    cases = [(fixed_array(values),) for values in ([1, 0, 3, 0], one_high, even, 1e-3 * one_high)]
    wrong = compare_calls("sift_normalize", _rounded(answer), _sift_normalize, cases, _same_numbers)
    if wrong or not callable(answer):
        return wrong
    flat = answer(fixed_array([0, 0, 0, 0]))
    if not np.array_equal(flat, np.zeros(4)):
        return f"sift_normalize(array([0., 0., 0., 0.])) gives {flat!r}, expected four zeros"
    return None


def _rounded(answer: object) -> object:
    """Let a message show three digits."""
    if not callable(answer):
        return answer

    def call(numbers: NDArray[np.float64]) -> object:
        got = answer(numbers)
        return got.round(3) if isinstance(got, np.ndarray) else got

    return call


def _same_counts(got: object, expected: object) -> bool:
    return isinstance(got, np.ndarray) and np.array_equal(got, np.asarray(expected))


def _same_numbers(got: object, expected: object) -> bool:
    return (
        isinstance(got, np.ndarray)
        and isinstance(expected, np.ndarray)
        and got.shape == expected.shape
        and np.allclose(got, expected, atol=2e-3)
    )


def _hamming(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.int64]:
    differ = np.unpackbits(a[:, None] ^ b[None], axis=2)
    return differ.sum(axis=2, dtype=np.int64)


def _sift_normalize(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    clipped = np.minimum(numbers / np.linalg.norm(numbers), 0.2)
    return (clipped / np.linalg.norm(clipped)).round(3)
