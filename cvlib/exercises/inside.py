"""Checkers of the chapter on what goes on inside networks."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["class_selectivity"]


def class_selectivity(answer: object) -> str | None:
    """Check a function that says how much more a unit answers to one class than to the others.

    Parameters
    ----------
    answer
        A function of what a unit said to each picture (N,), 0 or more, and of the labels (N,). With
        the highest mean over a class, and the mean of the other classes' means, it gives their
        difference divided by their sum.

    Returns
    -------
    str or None
        What is wrong with its result, and the likely reason; or None.

    Examples
    --------
    >>> class_selectivity(lambda values, labels: 1.0)
    'class_selectivity([4, 4, 1, 1], [0, 0, 1, 1]) gives 1.0, expected 0.6'
    """
    name = "class_selectivity"
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    for values, labels, expected, hint in _CASES:
        got = answer(torch.tensor(values, dtype=torch.float32), torch.tensor(labels))
        if isinstance(got, Tensor) and got.numel() == 1:
            got = got.item()
        call = f"{name}({values}, {labels})"
        if isinstance(got, bool) or not isinstance(got, int | float):
            return f"{call} gives {got!r}, expected one number"
        if not abs(got - expected) < 1e-5:
            return f"{call} gives {round(got, 4)}, expected {expected:g}{hint}"
    return None


_CASES: list[tuple[list[int], list[int], float, str]] = [
    ([4, 4, 1, 1], [0, 0, 1, 1], 0.6, ""),
    ([1, 1, 4, 4], [0, 0, 1, 1], 0.6, ": any class may be the highest"),
    ([0, 0, 5, 3], [0, 0, 1, 1], 1, ""),
    ([2, 2, 2], [0, 1, 2], 0, ""),
    ([9, 6, 0], [0, 1, 2], 0.5, ": the others are all but the highest"),
    ([8, 4, 4, 4, 0], [0, 1, 1, 1, 2], 0.6, ": each class counts once, however many its pictures"),
]
