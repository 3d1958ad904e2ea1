"""Checkers of the chapter on convolution."""

from __future__ import annotations

from cvlib.exercises import compare_calls
from cvlib.layers import convolution

__all__ = ["output_size"]


def output_size(answer: object) -> str | None:
    """Check a function that counts the positions of a kernel along one side.

    Parameters
    ----------
    answer
        A function of size, kernel size, stride and padding.

    Returns
    -------
    str or None
        The first case that it gets wrong, or None.

    Examples
    --------
    >>> output_size(lambda size, kernel_size, stride, padding: size - kernel_size + 1)
    'output_size(28, 5, 1, 2) gives 24, expected 28'
    """
    cases = [
        (28, 5, 1, 0),
        (28, 5, 1, 2),
        (28, 4, 2, 0),
        (224, 11, 4, 0),
        (7, 2, 3, 1),
        (5, 5, 2, 0),
    ]
    return compare_calls("output_size", answer, convolution.output_size, cases)
