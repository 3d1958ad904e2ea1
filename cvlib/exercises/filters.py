"""The checker of the chapter on filters."""

from __future__ import annotations

import numpy as np

__all__ = ["unsharp_mask"]


def unsharp_mask(answer: object) -> str | None:
    """Check a function that makes a kernel which sharpens: the picture, and what a blur loses.

    Parameters
    ----------
    answer
        A function from a size and a strength to a kernel.

    Returns
    -------
    str or None
        The first case that it gets wrong, or None.

    Examples
    --------
    >>> unsharp_mask(lambda size, strength: None)
    'unsharp_mask(3, 1.0) gives None, expected an array of shape (3, 3)'
    """
    if not callable(answer):
        return f"unsharp_mask is {answer!r}, expected a function"
    for size, strength in ((3, 1.0), (3, 0.0), (5, 0.5), (1, 2.0), (7, -1.0)):
        call, got = f"unsharp_mask({size}, {strength})", answer(size, strength)
        if not isinstance(got, np.ndarray):
            return f"{call} gives {got!r}, expected an array of shape ({size}, {size})"
        if got.shape != (size, size):
            return f"{call} has shape {got.shape}, expected ({size}, {size})"
        if not np.isclose(got.sum(), 1):
            return f"{call} sums to {got.sum():.3g}, expected 1, so that brightness is kept"
        expected = np.full((size, size), -strength / size**2)
        expected[size // 2, size // 2] += 1 + strength
        for row, column in np.argwhere(~np.isclose(got, expected)):
            numbers = f"{got[row, column]:.3g} at [{row}, {column}]"
            return f"{call} has {numbers}, expected {expected[row, column]:.3g}"
    return None
