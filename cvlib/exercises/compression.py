"""Checkers of the chapter on compression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["keep_mask", "to_steps"]


def to_steps(answer: object) -> str | None:
    """Check a function that rounds one number to a step.

    Parameters
    ----------
    answer
        A function of a number, a scale, a zero point and the bits of unsigned steps. It returns a
        whole number.

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> to_steps(lambda x, scale, zero_point, bits: round(x / scale))
    'to_steps(0.0, 0.5, 3, 4) gives 0, expected 3: 0 lies at the zero point'
    """
    if not callable(answer):
        return f"to_steps is {answer!r}, expected a function"
    cases: tuple[tuple[tuple[float, float, int, int], str], ...] = (
        ((0.0, 0.5, 3, 4), ": 0 lies at the zero point"),
        ((1.0, 0.5, 3, 4), ""),
        ((1.3, 0.5, 3, 4), ": the nearest step, not the one below"),
        ((-0.7, 0.5, 3, 4), ""),
        ((100.0, 0.5, 3, 4), ": four bits end at 15"),
        ((-100.0, 0.5, 3, 4), ": unsigned steps begin at 0"),
        ((100.0, 0.5, 3, 8), ""),
        ((200.0, 0.5, 3, 8), ": eight bits end at 255"),
    )
    for (x, scale, zero_point, bits), hint in cases:
        expected = min(max(round(x / scale) + zero_point, 0), 2**bits - 1)
        got = answer(x, scale, zero_point, bits)
        if not _equal(got, expected):
            call = f"to_steps({x}, {scale}, {zero_point}, {bits})"
            return f"{call} gives {got!r}, expected {expected}{hint}"
    return None


def keep_mask(answer: object) -> str | None:
    """Check a function that says which weights stay when the smallest go.

    Parameters
    ----------
    answer
        A function of a list of weights and how many of them go. It returns a list of 1 and 0.

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> keep_mask(lambda weights, gone: [1] * len(weights))
    'keep_mask([3.0, 1.0, 2.0], 1) keeps 3, expected 2 to stay'
    """
    if not callable(answer):
        return f"keep_mask is {answer!r}, expected a function"
    cases = (
        ([3.0, 1.0, 2.0], 1),
        ([-3.0, 1.0, 2.0], 1),
        ([0.5, -0.25, 4.0, -8.0], 2),
        ([1.0, 2.0], 0),
        ([1.0, 2.0], 2),
    )
    for weights, gone in cases:
        wrong = _mask_mistake(answer, weights, gone)
        if wrong:
            return wrong
    return None


def _mask_mistake(answer: Callable[..., Any], weights: list[float], gone: int) -> str | None:
    call = f"keep_mask({weights}, {gone})"
    given = list(weights)
    got = answer(given, gone)
    if given != weights:
        return f"{call} changes the weights that it is given"
    if not isinstance(got, Sequence) or len(got) != len(weights):
        return f"{call} gives {got!r}, expected a list of {len(weights)}"
    if not all(_equal(each, 0) or _equal(each, 1) for each in got):
        return f"{call} gives {got!r}, expected 1 for what stays and 0 for what goes"
    if sum(got) != len(weights) - gone:
        return f"{call} keeps {sum(got):g}, expected {len(weights) - gone} to stay"
    order = sorted(range(len(weights)), key=lambda at: abs(weights[at]))
    expected = [int(at not in order[:gone]) for at in range(len(weights))]
    if any(not _equal(one, other) for one, other in zip(got, expected, strict=True)):
        return f"{call} gives {list(got)}, expected {expected}: what counts is the magnitude"
    return None


def _equal(got: object, expected: int) -> bool:
    return isinstance(got, int | float) and got == expected
