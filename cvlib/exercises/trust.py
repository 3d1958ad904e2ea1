"""Checkers of the chapter on trust."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

__all__ = ["share_let_through", "sure_interval"]

_Z = 1.959963984540054  # 95 % of a normal distribution lie within so many standard deviations


def sure_interval(answer: object) -> str | None:
    """Check a function that computes Wilson's interval at 95 %.

    Parameters
    ----------
    answer
        A function of how many were right and of how many there were. It returns both ends.

    Returns
    -------
    str or None
        The first case whose ends are wrong, and the likely reason; or None.

    Examples
    --------
    >>> sure_interval(lambda right, total: (right / total, right / total))
    'sure_interval(9, 10) gives (0.9, 0.9), expected (0.5958, 0.9821): it has no width'
    """
    name = "sure_interval"
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    for right, total in ((9, 10), (10, 10), (0, 3), (984, 1000), (1, 2)):
        call = f"{name}({right}, {total})"
        try:
            low, high = (float(end) for end in answer(right, total))
        except (TypeError, ValueError, ZeroDivisionError) as error:
            return f"{call} raises {type(error).__name__}: {error}"
        expected = _interval(right, total)
        if all(abs(end - wanted) < 2e-4 for end, wanted in zip((low, high), expected, strict=True)):
            continue
        wrong = f"{call} gives {_pair(low, high)}, expected {_pair(*expected)}"
        return wrong + _reason(low, high, right, total)
    return None


def _interval(right: int, total: int) -> tuple[float, float]:
    share, scale = right / total, 1 + _Z**2 / total
    middle = share + _Z**2 / (2 * total)
    half = _Z * math.sqrt(share * (1 - share) / total + _Z**2 / (4 * total**2))
    return (middle - half) / scale, (middle + half) / scale


def _reason(low: float, high: float, right: int, total: int) -> str:
    share = right / total
    plain = _Z * math.sqrt(share * (1 - share) / total)
    if low == high:
        return ": it has no width"
    if low > high:
        return ": the lower end comes first"
    if abs(low - share + plain) < 2e-4 and abs(high - share - plain) < 2e-4:
        return ": that is p ± z √(p (1 − p) / n), which is too narrow for few"
    scale = 1 + _Z**2 / total
    ends = _interval(right, total)
    if all(abs(end / scale - wanted) < 2e-4 for end, wanted in zip((low, high), ends, strict=True)):
        return ": divide by 1 + z² / n"
    return ""


def _pair(low: float, high: float) -> str:
    return f"({low:.4g}, {high:.4g})"


def share_let_through(answer: object) -> str | None:
    """Check a function that says which share of strange pictures passes if so many digits must.

    Parameters
    ----------
    answer
        A function of the scores of digits (N,) and of strange pictures (M,), the higher the more
        familiar, and of the share of the digits that must pass. It takes the highest score of a
        digit at which at least so many digits have that score or more, and returns the share of
        strange pictures that have it too.

    Returns
    -------
    str or None
        The first case that is wrong, and the likely reason; or None.

    Examples
    --------
    >>> share_let_through(lambda digits, strange, keep: keep)
    'of digits [1, 2, 2], strange [2, 1, 0, 0] and keep 0.5 it gives 0.5, expected 0.25'
    """
    name = "share_let_through"
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    cases = [
        ([1.0, 2.0, 2.0], [2.0, 1.0, 0.0, 0.0], 0.5),
        ([4.0, 3.0, 2.0, 1.0], [2.5, 0.5], 0.5),
        ([4.0, 3.0, 2.0, 1.0], [2.5, 0.5], 0.75),
        ([0.1, 0.9, 0.4, 0.7, 0.6], [0.2, 0.3, 0.65, 0.8], 0.9),
        ([3.0, 1.0, 2.0], [2.5, 1.0], 1.0),
    ]
    for digits, strange, keep in cases:
        given = torch.tensor(digits), torch.tensor(strange)
        case = f"of digits {_listed(digits)}, strange {_listed(strange)} and keep {keep:g}"
        try:
            got = float(answer(*given, keep))
        except (TypeError, ValueError, IndexError, RuntimeError) as error:
            return f"{case} it raises {type(error).__name__}: {error}"
        if given[0].tolist() != torch.tensor(digits).tolist():
            return f"{case} it changes the digits that it is given; expected them as they were"
        threshold = _threshold(digits, keep)
        passing = [score for score in strange if score >= threshold]
        expected = len(passing) / len(strange)
        if abs(got - expected) < 1e-6:
            continue
        wrong = f"{case} it gives {got:g}, expected {expected:g}"
        above = sum(score > threshold for score in strange) / len(strange)
        if abs(got - above) < 1e-6:
            return f"{wrong}: a picture with the threshold's very score passes"
        if abs(got - (1 - expected)) < 1e-6:
            return f"{wrong}: that share is refused"
        return wrong
    return None


def _threshold(digits: Sequence[float], keep: float) -> float:
    """Go down the digits until enough of them have as much."""
    order = sorted(digits, reverse=True)
    return order[math.ceil(keep * len(order) - 1e-9) - 1]


def _listed(scores: Sequence[float]) -> str:
    return f"[{', '.join(f'{score:g}' for score in scores)}]"
