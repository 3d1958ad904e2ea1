"""Checkers of the exercises in the chapter on files, windows and colours."""

from __future__ import annotations

import numpy as np

from cvlib.exercises import compare_calls
from cvlib.images.files import encode

__all__ = ["hue_distance", "png_size"]


def hue_distance(answer: object) -> str | None:
    """Check a function from two hues of OpenCV to the shortest way between them on the circle.

    Parameters
    ----------
    answer
        The reader's function from two numbers of ``uint8``, 0 to 179, to a whole number.

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> hue_distance(lambda a, b: abs(int(a) - int(b)))
    'hue_distance(np.uint8(2), np.uint8(178)) gives 176, expected 4'
    """
    hues = [(10, 30), (30, 10), (2, 178), (178, 2), (0, 90), (89, 0), (0, 91), (170, 60), (7, 7)]
    cases = [(np.uint8(a), np.uint8(b)) for a, b in hues]
    return compare_calls("hue_distance", answer, _hue_distance, cases)


def png_size(answer: object) -> str | None:
    """Check a function from the first bytes of a PNG file to the picture's height and width.

    Parameters
    ----------
    answer
        The reader's function from bytes to a tuple of two whole numbers.

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> print(png_size(lambda start: (3, 2)))
    png_size(a PNG of 2 rows and 3 columns) gives (3, 2), expected (2, 3)
    """
    if not callable(answer):
        return f"png_size is {answer!r}, expected a function"
    for height, width in ((2, 3), (1, 1), (300, 5), (4, 70_000)):
        start = encode(np.zeros((height, width), dtype=np.uint8), ".png")[:24]
        got, expected = answer(start), (height, width)
        if got is None or tuple(got) != expected:
            call = f"png_size(a PNG of {height} rows and {width} columns)"
            return f"{call} gives {got!r}, expected {expected!r}"
    return None


def _hue_distance(a: np.uint8, b: np.uint8) -> int:
    apart = abs(int(a) - int(b))
    return min(apart, 180 - apart)
