"""Checkers of the chapter on CIFAR-10."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["most_confused"]

_MATRICES = (
    ((50, 1, 2), (3, 40, 9), (4, 5, 60)),
    ((5, 30, 6), (0, 7, 19), (8, 14, 9)),  # more mistakes than right answers
    ((9, 3, 0, 1), (0, 9, 0, 0), (2, 0, 9, 0), (3, 0, 1, 9)),
    ((8, 2), (0, 8)),
)


def most_confused(answer: object) -> str | None:
    """Check a function that finds the two classes most often taken for each other.

    Parameters
    ----------
    answer
        A function of a confusion matrix (K, K), rows for what is and columns for what was read,
        that gives the numbers of the two classes, the smaller one first. What counts is both ways
        together.

    Returns
    -------
    str or None
        The first case that it gets wrong, and the likely reason; or None.

    Examples
    --------
    >>> print(most_confused(lambda matrix: (2, 1)).partition(", expected ")[2])
    (1, 2): the smaller number comes first
    """
    name = "most_confused"
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    for rows in _MATRICES:
        matrix = torch.tensor(rows)
        got, expected = answer(matrix), _pair(matrix)
        where = f"for {[list(row) for row in rows]}"
        if not torch.equal(matrix, torch.tensor(rows)):
            return f"{name} overwrites the matrix {where}; expected it to be left alone"
        if isinstance(got, Tensor):
            got = got.tolist()
        if not isinstance(got, tuple | list) or len(got) != 2:
            return f"{name}(...) gives {got!r} {where}, expected two numbers, {expected}"
        pair = (int(got[0]), int(got[1]))
        if pair != expected:
            return f"{name}(...) gives {pair} {where}, expected {expected}{_reason(pair, matrix)}"
    return None


def _pair(matrix: Tensor) -> tuple[int, int]:
    both = (matrix + matrix.T).triu(1)
    row, column = divmod(int(both.argmax()), len(matrix))
    return row, column


def _reason(pair: tuple[int, int], matrix: Tensor) -> str:
    """Guess which of the usual slips gives that pair."""
    one_way = matrix - matrix.diagonal().diag()
    if pair[0] == pair[1]:
        return ": who is right is not confused, so leave the diagonal out"
    if pair[::-1] == _pair(matrix):
        return ": the smaller number comes first"
    if pair == divmod(int(one_way.argmax()), len(matrix)):
        return ": count both ways together, cats taken for dogs and dogs for cats"
    return ""
