"""Checkers of the chapter on what goes on inside networks."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["class_selectivity", "integrated_gradients"]


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


def integrated_gradients(answer: object) -> str | None:
    """Check a function that shares out a score among numbers, by their gradients on a way.

    Parameters
    ----------
    answer
        A function of a score, which turns a tensor into one number, of a tensor and of a baseline
        of the same shape. It gives a tensor of that shape: the distance from the baseline, times
        the mean of the gradient on the straight way from there.

    Returns
    -------
    str or None
        What is wrong with its result, and the likely reason; or None.

    Examples
    --------
    >>> integrated_gradients(lambda score, x, baseline: x)
    'integrated_gradients(2 a - b, [1, 3], [0, 0]) gives [1, 3], expected [2, -3]'
    """
    name = "integrated_gradients"
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    for words, score, x, baseline, expected, hint in _SCORES:
        got = answer(score, torch.tensor(x), torch.tensor(baseline))
        call = f"{name}({words}, {_plain(x)}, {_plain(baseline)})"
        if not isinstance(got, Tensor) or got.shape != (len(x),):
            shown = tuple(got.shape) if isinstance(got, Tensor) else repr(got)
            return f"{call} gives {shown}, expected a tensor of shape ({len(x)},)"
        if not torch.allclose(got.detach(), torch.tensor(expected), atol=0.05):
            return f"{call} gives {_plain(got.tolist())}, expected {_plain(expected)}{hint}"
    return None


def _plain(numbers: list[float]) -> str:
    return f"[{', '.join(f'{round(number, 2) + 0:g}' for number in numbers)}]"


_SCORES: list[
    tuple[str, Callable[[Tensor], Tensor], list[float], list[float], list[float], str]
] = [
    ("2 a - b", lambda x: 2 * x[0] - x[1], [1.0, 3.0], [0.0, 0.0], [2.0, -3.0], ""),
    (
        *("2 a - b", lambda x: 2 * x[0] - x[1], [1.0, 3.0], [1.0, 1.0], [0.0, -2.0]),
        ": the way begins at the baseline, and its length counts",
    ),
    (
        *("1 - relu(1 - a)", lambda x: 1 - (1 - x[0]).relu(), [2.0], [0.0], [1.0]),
        ": the gradient at the end of the way is 0, but not that on the way",
    ),
    (
        *("a · b", lambda x: x[0] * x[1], [2.0, 3.0], [0.0, 0.0], [3.0, 3.0]),
        ": take the mean of the gradients on the way",
    ),
]
