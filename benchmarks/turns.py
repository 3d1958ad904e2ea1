"""Time several ways of computing the same thing, in turns, so that noise meets them all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import torch

Result = TypeVar("Result")


def seconds_in_turns(
    sides: Mapping[str, Callable[[], Result]],
    runs: int,
    *,
    warm_up: int,
    agree: Callable[[Result, Result], None],
) -> dict[str, list[float]]:
    """Run all sides in each turn, and return each one's seconds, turn by turn.

    Parameters
    ----------
    sides, runs, warm_up, agree
        As for :func:`take_turns`.

    Returns
    -------
    dict of list
        ``runs`` times for each side.
    """
    reference, *others = sides
    synchronize = torch.cuda.synchronize if torch.cuda.is_available() else lambda: None
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(warm_up + runs):
        ends = {}
        for name, side in sides.items():
            synchronize()
            begin = time.perf_counter()
            ends[name] = side()
            synchronize()
            if turn >= warm_up:
                seconds[name].append(time.perf_counter() - begin)
        for name in others:
            agree(ends[name], ends[reference])
    return seconds


def take_turns(
    sides: Mapping[str, Callable[[], Result]],
    runs: int,
    *,
    warm_up: int,
    agree: Callable[[Result, Result], None],
) -> dict[str, object]:
    """Run all sides in each turn, and compare each with the first one's time in the same turn.

    Parameters
    ----------
    sides
        What to run, by name; the first is the one that the others are compared with.
    runs
        Turns that count.
    warm_up
        Turns before them that do not count, while caches and allocators fill.
    agree
        Raises where a side's result is not the first side's.

    Returns
    -------
    dict
        Milliseconds (median) of each side; median and quartiles of the others' ratios.
    """
    reference, *others = sides
    seconds = seconds_in_turns(sides, runs, warm_up=warm_up, agree=agree)
    ratios = {
        name: [mine / bare for mine, bare in zip(seconds[name], seconds[reference], strict=True)]
        for name in others
    }
    return {
        "milliseconds_median": {
            n: round(1000 * statistics.median(times), 3) for n, times in seconds.items()
        },
        "ratio_median": {n: round(statistics.median(r), 3) for n, r in ratios.items()},
        "ratio_quartiles": {
            n: [round(q, 3) for q in statistics.quantiles(r)[::2]] for n, r in ratios.items()
        },
    }
