"""The checker of the chapter on pooling."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from cvlib.exercises import compare_calls

__all__ = ["pooled_size"]


def pooled_size(answer: object) -> str | None:
    """Check a function that counts the windows of a pooling along one side, in either mode.

    Parameters
    ----------
    answer
        A function of size, kernel size, stride, padding and ceil mode.

    Returns
    -------
    str or None
        The first case that it gets wrong, or None.

    Examples
    --------
    >>> def floor_alone(size, kernel_size, stride, padding, ceil_mode):
    ...     return (size + 2 * padding - kernel_size) // stride + 1
    >>> pooled_size(floor_alone)
    'pooled_size(5, 2, 2, 0, True) gives 2, expected 3'
    """
    cases = [
        (6, 2, 2, 0, False),
        (5, 2, 2, 0, False),
        (5, 2, 2, 0, True),
        (6, 2, 2, 0, True),
        (6, 3, 1, 1, True),
        (5, 2, 2, 1, False),
        (5, 2, 2, 1, True),
        (4, 1, 3, 0, True),
        (3, 1, 3, 0, True),
        (13, 3, 2, 0, True),
        (112, 3, 2, 0, True),
    ]
    return compare_calls("pooled_size", answer, _pooled_size, cases)


def _pooled_size(size: int, kernel_size: int, stride: int, padding: int, ceil_mode: bool) -> int:
    row = torch.zeros(1, 1, size)
    return F.max_pool1d(row, kernel_size, stride, padding, ceil_mode=ceil_mode).shape[-1]
