"""Checkers of the exercises in the chapter on correspondence."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvlib.exercises import compare_calls, fixed_picture
from cvlib.images.homography import perspective_transform

__all__ = ["canvas", "correlation"]


def canvas(answer: object) -> str | None:
    """Check a function that says how large a picture must be to hold two, one of them warped.

    Parameters
    ----------
    answer
        The reader's function from a homography and the sizes (height, width) of the picture that
        stays and of the one that it moves, to the least and the greatest x and y of both:
        ``(left, top, right, bottom)``.

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> canvas(lambda matrix, size, moved: (0, 0, size[1] - 1, size[0] - 1))
    'canvas([[1, 0, 7], [0, 1, -3], [0, 0, 1]], (4, 5), (4, 5)) gives (0, 0, 4, 3), expected \
(0.0, -3.0, 11.0, 3.0)'
    """
    cases = [
        ([[1, 0, 7], [0, 1, -3], [0, 0, 1]], (4, 5), (4, 5)),
        ([[1, 0, 1], [0, 1, 1], [0, 0, 1]], (9, 12), (3, 4)),
        ([[0, -1, 2], [1, 0, -1], [0, 0, 1]], (6, 4), (3, 8)),
        ([[1, 0.25, -2], [0, 0.75, 1], [0.125, 0, 1]], (5, 5), (5, 9)),
        ([[2, 0, 0], [0, 2, 0], [0, 0.5, 2]], (3, 3), (7, 5)),
    ]
    shown = [(_Matrix(matrix), size, moved) for matrix, size, moved in cases]
    return compare_calls("canvas", answer, _canvas, shown, _same_numbers)


def correlation(answer: object) -> str | None:
    """Check a function that compares two windows, whatever their brightness and contrast.

    Parameters
    ----------
    answer
        The reader's function from two ``uint8`` windows (H, W) to their correlation, −1 to 1, and
        0 where one of them is flat.

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> correlation(lambda a, b: 0.0)
    'correlation(array([[10, 20, 60]], dtype=uint8), array([[10, 20, 60]], dtype=uint8)) gives \
0.0, expected 1.0'
    """
    steps = fixed_picture([[10, 20, 60]])
    cases = [
        (steps, steps),
        (steps, fixed_picture([[105, 110, 130]])),
        (steps, fixed_picture([[60, 50, 10]])),
        (steps, fixed_picture([[7, 7, 7]])),
        (fixed_picture([[200, 0], [90, 255]]), fixed_picture([[30, 60], [10, 250]])),
        (fixed_picture([[255, 0]]), fixed_picture([[0, 255]])),
    ]
    return compare_calls("correlation", answer, _correlation, cases, _same_numbers)


class _Matrix(np.ndarray):
    """A matrix that shows itself as one types it, and that an answer cannot change."""

    def __new__(cls, values: object) -> _Matrix:
        matrix = np.array(values, dtype=np.float64).view(cls)
        matrix.setflags(write=False)
        return matrix

    def __repr__(self) -> str:
        rows = (", ".join(f"{number:g}" for number in row) for row in self.tolist())
        return "[" + ", ".join(f"[{row}]" for row in rows) + "]"


def _same_numbers(got: object, expected: object) -> bool:
    try:
        given = np.asarray(got, dtype=np.float64)
    except (TypeError, ValueError):
        return False
    wanted = np.asarray(expected, dtype=np.float64)
    return given.shape == wanted.shape and bool(np.allclose(given, wanted, atol=1e-5))


def _canvas(
    matrix: NDArray[Any], size: tuple[int, int], moved: tuple[int, int]
) -> tuple[float, float, float, float]:
    corners = [[0, 0], [moved[1] - 1, 0], [moved[1] - 1, moved[0] - 1], [0, moved[0] - 1]]
    there = perspective_transform(np.array(corners), np.asarray(matrix))
    both = np.concatenate([there, [[0, 0], [size[1] - 1, size[0] - 1]]])
    (left, top), (right, bottom) = both.min(axis=0).round(6), both.max(axis=0).round(6)
    return float(left), float(top), float(right), float(bottom)


def _correlation(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    first, second = (window.astype(np.float64) - window.mean() for window in (a, b))
    length = float(np.sqrt(np.square(first).sum() * np.square(second).sum()))
    return 0.0 if length == 0 else round(float((first * second).sum()) / length, 6)
