"""Checkers of the chapter on schedules."""

from __future__ import annotations

import math
from numbers import Real

from cvlib.exercises import compare_calls
from cvlib.training.schedules import cosine

__all__ = ["warm_restarts"]


def warm_restarts(answer: object) -> str | None:
    """Check a schedule of cosines that begin anew, each twice as long as the one before.

    Parameters
    ----------
    answer
        A function of the step, the number of all steps and the length of the first cosine, that
        gives the factor.

    Returns
    -------
    str or None
        The first call whose result is wrong, or None.

    Examples
    --------
    >>> warm_restarts(lambda step, total_steps, first: cosine(step % first, first))
    'warm_restarts(5, 12, 4) gives 0.8535533905932737, expected 0.9619397662556434'
    """
    cases = [(step, total, first) for total, first in ((12, 4), (21, 3)) for step in range(total)]
    return compare_calls("warm_restarts", answer, _warm_restarts, cases, _close)


def _warm_restarts(step: int, total_steps: int, first: int) -> float:
    length = first
    while step >= length:
        step, length = step - length, 2 * length
    return cosine(step, length)


def _close(got: object, expected: object) -> bool:
    return isinstance(got, Real) and math.isclose(float(got), float(expected), abs_tol=1e-6)  # type: ignore[arg-type]
