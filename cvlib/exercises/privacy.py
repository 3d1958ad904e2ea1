"""Checkers of the chapter on privacy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

__all__ = ["clip", "safe_answer_scale", "steps_affordable"]


def clip(answer: object) -> str | None:
    """Check a function that shortens each row to a length.

    Parameters
    ----------
    answer
        A function of gradients ``(n, d)`` and a length. It returns gradients of the same shape: a
        row that is longer is scaled to the length, another is left as it is.

    Returns
    -------
    str or None
        The first case whose result is wrong, or None.

    Examples
    --------
    >>> clip(lambda gradients, length: gradients)
    'clip leaves a row of length 5, expected at most 1'
    """
    if not callable(answer):
        return f"clip is {answer!r}, expected a function"
    cases: list[tuple[list[list[float]], float]] = [
        ([[3.0, 4.0]], 1.0),
        ([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]], 1.0),
        ([[3.0, 4.0], [-0.6, 0.8], [6.0, 8.0]], 5.0),
    ]
    for rows, length in cases:
        gradients = torch.tensor(rows)
        given = gradients.clone()
        got = answer(given, length)
        if not isinstance(got, Tensor) or got.shape != gradients.shape:
            what = tuple(got.shape) if isinstance(got, Tensor) else type(got).__name__
            return (
                f"of gradients {tuple(gradients.shape)} clip makes {what}, "
                f"expected {tuple(gradients.shape)}"
            )
        if not torch.equal(given, gradients):
            return "clip changes the gradients that it is given; expected new ones"
        if not got.isfinite().all():
            return "clip makes nan of a row of zeros; expected zeros"
        for row, mine in zip(gradients, got, strict=True):
            before, after = float(row.norm()), float(mine.norm())
            if after > length * (1 + 1e-5):
                return f"clip leaves a row of length {after:.3g}, expected at most {length:g}"
            if before <= length and not torch.allclose(mine, row):
                return (
                    f"clip changes a row of length {before:.3g}, which is no longer than "
                    f"{length:g}; expected it as it was"
                )
            if not torch.allclose(mine, row * min(1.0, length / max(before, 1e-12))):
                return (
                    f"clip makes {_listed(mine)} of {_listed(row)}, expected the same direction "
                    f"with length {min(before, length):g}"
                )
    return None


def safe_answer_scale(answer: object) -> str | None:
    """Check a function that gives the scale of the Laplace noise for a mean.

    Parameters
    ----------
    answer
        A function of how many people there are, the lowest and the highest number that each may
        have, and epsilon. Their number is public, and a neighbour has another number for one of
        them. It returns the scale of the noise for the mean.

    Returns
    -------
    str or None
        The first case whose result is wrong, or None.

    Examples
    --------
    >>> safe_answer_scale(lambda people, low, high, epsilon: (high - low) / epsilon)
    'safe_answer_scale(100, 0, 1, 0.5) gives 2, the scale for the sum, not for the mean'
    """

    def right(people: int, low: float, high: float, epsilon: float) -> float:
        return (high - low) / people / epsilon

    def hint(people: int, low: float, high: float, epsilon: float, got: float) -> str | None:
        if math.isclose(got, (high - low) / epsilon):
            return "the scale for the sum, not for the mean"
        if math.isclose(got, high / people / epsilon):
            return "which holds only if nobody is below 0: one person moves from lowest to highest"
        return None

    cases = [(100, 0, 1, 0.5), (50, -20, 30, 1.0), (10, 2, 4, 0.1)]
    return _numbers("safe_answer_scale", answer, right, cases, hint)


def steps_affordable(answer: object) -> str | None:
    """Check a function that says how many steps a budget buys when every step costs alike.

    Parameters
    ----------
    answer
        A function of the Rényi price of one step at an order, that order, the budget epsilon and
        delta. It returns the largest whole number of steps that stays within, by the simple
        conversion: epsilon is the sum of the prices plus log(1 / delta) / (order - 1).

    Returns
    -------
    str or None
        The first case whose result is wrong, or None.

    Examples
    --------
    >>> steps_affordable(lambda price, order, epsilon, delta: int(epsilon / price))
    'steps_affordable(0.01, 11, 3.0, 1e-05) gives 300, which forgets what delta costs, expected 184'
    """

    def right(price: float, order: float, epsilon: float, delta: float) -> int:
        left = epsilon - math.log(1 / delta) / (order - 1)
        return max(0, math.floor(left / price))

    def hint(price: float, order: float, epsilon: float, delta: float, got: float) -> str | None:
        if got == math.floor(epsilon / price):
            return "which forgets what delta costs"
        if got < 0:
            return "and there are no fewer steps than none"
        return None

    cases = [(0.01, 11, 3.0, 1e-5), (0.02, 5, 8.0, 1e-6), (0.05, 3, 2.0, 1e-5)]
    return _numbers("steps_affordable", answer, right, cases, hint)


def _numbers(
    name: str,
    answer: object,
    right: Callable[..., float],
    cases: Sequence[tuple[float, ...]],
    hint: Callable[..., str | None],
) -> str | None:
    """Report the first case whose number differs, with what the mistake may be."""
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    for case in cases:
        call = f"{name}({', '.join(map(repr, case))})"
        try:
            got = float(answer(*case))
        except (TypeError, ValueError, ZeroDivisionError) as error:
            return f"{call} raises {type(error).__name__}: {error}"
        expected = right(*case)
        if math.isclose(got, expected, rel_tol=1e-6):
            continue
        why = hint(*case, got)
        if why is not None and name == "safe_answer_scale":
            return f"{call} gives {got:.3g}, {why}"
        return f"{call} gives {got:.4g}, {f'{why}, ' if why else ''}expected {expected:.4g}"
    return None


def _listed(row: Tensor) -> str:
    return f"[{', '.join(f'{value:.3g}' for value in row.tolist())}]"
