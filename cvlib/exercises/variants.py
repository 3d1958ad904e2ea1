"""Checkers of the chapter on kinds of convolution."""

from __future__ import annotations

from cvlib.exercises import compare_calls

__all__ = ["output_padding"]


def output_padding(answer: object) -> str | None:
    """Check a function that says which output padding leads a convolution's output size back.

    Parameters
    ----------
    answer
        The reader's function of size, kernel size, stride and padding of the convolution.

    Returns
    -------
    str or None
        The first case that it gets wrong, or None.

    Examples
    --------
    >>> output_padding(lambda size, kernel_size, stride, padding: 0)
    'output_padding(28, 3, 2, 1) gives 0, expected 1'
    """
    cases = [
        (28, 3, 2, 1),
        (27, 3, 2, 1),
        (7, 3, 2, 0),
        (224, 11, 4, 2),
        (9, 2, 3, 1),
        (5, 5, 1, 0),
    ]
    return compare_calls("output_padding", answer, _left_out, cases)


def _left_out(size: int, kernel_size: int, stride: int, padding: int) -> int:
    return (size + 2 * padding - kernel_size) % stride
