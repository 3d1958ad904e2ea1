"""The checkers of the chapter on serving know the right answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvlib.exercises.serving import _together, go_together, percentile
from cvlib.practice import simulate


def right_percentile(latencies: Any, percent: Any) -> Any:
    return np.percentile(latencies, percent, method="inverted_cdf")


def right_sizes(arrivals: Any, window: Any, largest: Any) -> Any:
    served = simulate(arrivals, window=window, largest=largest, service=lambda size: 0.0)
    return served.sizes.tolist()


def in_place(latencies: Any, percent: Any) -> Any:
    latencies.sort()
    return latencies[-(-percent * len(latencies) // 100) - 1]


def test_the_right_answers_pass() -> None:
    assert percentile(right_percentile) is None
    assert go_together(_together) is None


@given(st.lists(st.integers(0, 30), max_size=20), st.integers(0, 9), st.integers(1, 5))
def test_the_batches_are_those_of_the_simulation(
    moments: list[int], window: int, largest: int
) -> None:
    arrivals = sorted(set(moments))  # of those that come at once, a full batch takes some
    assert _together(arrivals, window, largest) == right_sizes(arrivals, window, largest)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (0.5, "percentile is 0.5, expected a function"),
        (lambda latencies, percent: None, "50) raises TypeError"),
        (lambda latencies, percent: 0.0, "percentile([3.0, 1.0, 2.0], 50) gives 0, which is none"),
        (np.percentile, "50) gives 2.5, which is none of the latencies; expected 2"),
        (lambda latencies, percent: latencies[len(latencies) * percent // 100], "expected"),
        (lambda latencies, percent: sorted(latencies)[len(latencies) * percent // 100], "expected"),
        (in_place, "changes the list that it is given"),
    ],
)
def test_wrong_percentiles_are_told_why(answer: object, message: str) -> None:
    wrong = percentile(answer)
    assert wrong is not None
    assert message in wrong


def chained(arrivals: Any, window: Any, largest: Any) -> Any:
    sizes: list[int] = []
    before = -99
    for moment in arrivals:
        if sizes and moment - before <= window and sizes[-1] < largest:
            sizes[-1] += 1
        else:
            sizes.append(1)
        before = moment
    return sizes


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "go_together is None, expected a function"),
        (lambda arrivals, window, largest: [], "of 4 requests 0 are answered"),
        (lambda arrivals, window, largest: 3, "gives 3, expected a list"),
        (lambda arrivals, window, largest: 1 / 0 if arrivals else arrivals[0], "raises Zero"),
        (chained, "the window begins with the oldest of a batch, not with each anew"),
        (lambda a, w, n: _together(a, w, 99), "a batch has 2 at most"),
        (lambda a, w, n: _together(a, w - 1, n), "go_together([0, 5, 6], 5, 8)"),
        (lambda a, w, n: [a.pop()] if a else [], "changes the list"),
    ],
)
def test_wrong_batches_are_told_why(answer: object, message: str) -> None:
    wrong = go_together(answer)
    assert wrong is not None
    assert message in wrong
