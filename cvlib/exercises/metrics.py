"""Checkers of the chapter on metrics."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["f1_from_confusion"]


def f1_from_confusion(answer: object) -> str | None:
    """Check a function that reads the F1 score of each class from a confusion matrix.

    Parameters
    ----------
    answer
        A function of the matrix, whose rows are the true classes, shape (K, K); it returns K
        numbers, 0 for a class that is neither there nor predicted.

    Returns
    -------
    str or None
        What is wrong with the numbers, and the likely reason; or None.

    Examples
    --------
    >>> f1_from_confusion(lambda matrix: matrix.diag() / matrix.sum(1))
    'for [[3, 1], [0, 2]] class 0 has 0.75, expected 0.8571: that is its recall'
    """
    name = "f1_from_confusion"
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    for rows in (
        [[3, 1], [0, 2]],
        [[5, 2, 1], [0, 4, 0], [1, 3, 9]],
        [[2, 0, 1], [0] * 3, [0] * 3],
    ):
        matrix = torch.tensor(rows)
        right, taken, there = matrix.diag(), matrix.sum(0), matrix.sum(1)
        got = answer(matrix.clone())
        if not isinstance(got, Tensor) or got.shape != right.shape:
            shape = tuple(got.shape) if isinstance(got, Tensor) else type(got).__name__
            return f"for {rows} it gives {shape}, expected {len(rows)} numbers"
        expected = 2 * right / (taken + there).clamp(min=1)
        for number, (value, true) in enumerate(zip(got.tolist(), expected.tolist(), strict=True)):
            if not abs(value - true) < 1e-4:
                wrong = f"for {rows} class {number} has {value:.4g}, expected {true:.4g}"
                hint = _likely(value, int(right[number]), int(taken[number]), int(there[number]))
                return wrong + hint
    return None


def _likely(value: float, right: int, taken: int, there: int) -> str:
    """Name the mistake that would have given this number."""
    if value != value:
        return ": 0/0 for a class that is neither there nor predicted"
    for mistake, total in (("precision", taken), ("recall", there)):
        if total and abs(value - right / total) < 1e-4:
            return f": that is its {mistake}"
    if taken and there and abs(value - (right / taken + right / there) / 2) < 1e-4:
        return ": that is the arithmetic mean of precision and recall"
    return ""
