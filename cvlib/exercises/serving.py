"""Checkers of the chapter on serving."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

__all__ = ["go_together", "percentile"]


def percentile(answer: object) -> str | None:
    """Check a function that says by when a share of the requests was answered.

    Parameters
    ----------
    answer
        A function of a list of latencies, in any order, and a percentage above 0 and up to 100. It
        returns the smallest of the latencies by which at least so many per cent were answered.

    Returns
    -------
    str or None
        What is wrong with its first wrong number, or None.

    Examples
    --------
    >>> percentile(lambda latencies, percent: sum(latencies) / len(latencies))
    'percentile([9.0, 1.0, 2.0], 50) gives 4, which is none of the latencies; expected 2'
    """
    if not callable(answer):
        return f"percentile is {answer!r}, expected a function"
    cases: list[tuple[list[float], int]] = [
        ([3.0, 1.0, 2.0], 50),
        ([9.0, 1.0, 2.0], 50),
        ([5.0], 99),
        ([4.0, 1.0, 2.0, 3.0], 50),
        ([4.0, 1.0, 2.0, 3.0], 75),
        ([4.0, 1.0, 2.0, 3.0], 76),
        ([4.0, 1.0, 2.0, 3.0], 100),
        ([float(100 - at) for at in range(100)], 99),
        ([float(1000 - at) for at in range(1000)], 29),
    ]
    for latencies, percent in cases:
        call = f"percentile({_listed(latencies)}, {percent})"
        given = list(latencies)
        try:
            got = float(answer(given, percent))
        except (TypeError, ValueError, IndexError, ZeroDivisionError) as error:
            return f"{call} raises {type(error).__name__}: {error}"
        if given != latencies:
            return f"{call} changes the list that it is given; expected it left as it was"
        expected = sorted(latencies)[-(-percent * len(latencies) // 100) - 1]
        if not math.isclose(got, expected):
            none = "" if got in latencies else ", which is none of the latencies"
            return f"{call} gives {got:g}{none}; expected {expected:g}"
    return None


def go_together(answer: object) -> str | None:
    """Check a function that says which requests share a batch, if computing took no time.

    Parameters
    ----------
    answer
        A function of arrival times, a list in order, the window and the largest batch. It returns
        how many requests each batch has, as a list.

    Returns
    -------
    str or None
        The first case that is wrong, and why it might be, or None.

    Examples
    --------
    >>> go_together(lambda arrivals, window, largest: [1] * len(arrivals))
    'go_together([0, 2, 3, 9], 5, 8) gives [1, 1, 1, 1], expected [3, 1]'
    """
    if not callable(answer):
        return f"go_together is {answer!r}, expected a function"
    cases: list[tuple[list[int], int, int]] = [
        ([0, 2, 3, 9], 5, 8),
        ([], 5, 8),
        ([4], 5, 8),
        ([0, 4, 8, 12], 5, 8),
        ([0, 5, 6], 5, 8),
        ([0, 1, 2, 3, 4], 5, 2),
        ([0, 1, 6, 7, 9], 5, 2),
        ([0, 0, 0, 1], 0, 2),
        ([0, 1, 2, 8, 9, 10, 11, 20], 4, 3),
    ]
    for arrivals, window, largest in cases:
        call = f"go_together({arrivals}, {window}, {largest})"
        given = list(arrivals)
        try:
            got: Any = answer(given, window, largest)
        except (TypeError, ValueError, IndexError, ZeroDivisionError) as error:
            return f"{call} raises {type(error).__name__}: {error}"
        if given != arrivals:
            return f"{call} changes the list that it is given; expected it left as it was"
        if not isinstance(got, Sequence) or isinstance(got, str):
            return f"{call} gives {got!r}, expected a list"
        sizes, expected = list(got), _together(arrivals, window, largest)
        if sizes == expected:
            continue
        said = f"{call} gives {sizes}, expected {expected}"
        if sum(sizes) != len(arrivals):
            return f"{said}: of {len(arrivals)} requests {sum(sizes)} are answered"
        if max(sizes) > largest:
            return f"{said}: a batch has {largest} at most"
        if sizes == _chained(arrivals, window, largest):
            return f"{said}: the window begins with the oldest of a batch, not with each anew"
        return said
    return None


def _together(arrivals: Sequence[float], window: float, largest: int) -> list[int]:
    sizes: list[int] = []
    oldest = -math.inf
    for moment in arrivals:
        if sizes and moment <= oldest + window and sizes[-1] < largest:
            sizes[-1] += 1
        else:
            sizes.append(1)
            oldest = moment
    return sizes


def _chained(arrivals: Sequence[float], window: float, largest: int) -> list[int]:
    """Make the common mistake: each that comes opens the window again."""
    sizes: list[int] = []
    before = -math.inf
    for moment in arrivals:
        if sizes and moment <= before + window and sizes[-1] < largest:
            sizes[-1] += 1
        else:
            sizes.append(1)
        before = moment
    return sizes


def _listed(values: Sequence[float]) -> str:
    if len(values) < 6:
        return repr(list(values))
    return f"[{values[0]}, {values[1]}, …, {values[-1]}]"
