"""The simulation keeps its rule, loses nobody, and agrees with the theory of queues."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib.practice import md1_wait, poisson_arrivals, simulate

times = st.lists(st.integers(0, 60), min_size=0, max_size=40).map(sorted)
examples = settings(max_examples=60, deadline=None)


@examples
@given(
    arrivals=times,
    window=st.integers(0, 20),
    largest=st.integers(1, 6),
    fixed=st.integers(0, 9),
    room=st.none() | st.integers(0, 5),
)
def test_what_holds_for_every_queue(
    arrivals: list[int], window: int, largest: int, fixed: int, room: int | None
) -> None:
    def service(size: int) -> float:
        return fixed + 0.5 * size

    most = None if room is None else largest + room
    served = simulate(arrivals, window=window, largest=largest, service=service, most_waiting=most)
    kept = served.batch >= 0
    # Each request is either in one batch or refused.
    assert kept.sum() + served.refused == len(arrivals)
    assert served.sizes.sum() == kept.sum()
    assert (np.isnan(served.done) == ~kept).all()
    if room is None:
        assert served.refused == 0
    if not kept.any():
        return
    assert 1 <= served.sizes.min() <= served.sizes.max() <= largest
    # First come, first served; one batch at a time, all of it together.
    assert (np.diff(served.batch[kept]) >= 0).all()
    free = -np.inf
    for number, size in enumerate(served.sizes):
        members = served.batch == number
        (start,) = set(served.begun[members])
        (end,) = set(served.done[members])
        assert start >= max(free, served.arrived[members].max())
        assert end == start + service(size)
        # Nobody waits for others who come later than the window, unless the server is busy.
        oldest = served.arrived[members].min()
        assert start <= max(free, oldest + window)
        # It begins before only if it is full, and it takes whoever is there.
        if size < largest:
            assert start == max(free, oldest + window)
            later = served.arrived[served.batch > number]
            assert (later > start).all()
        elif start < max(free, oldest + window):
            assert start == max(free, served.arrived[members].max())
        free = end
    # At no moment more wait than may: a batch that begins takes its own out.
    if most is not None:
        for at, moment in enumerate(served.arrived):
            before = kept & (np.arange(len(arrivals)) < at)
            waiting = (before & (served.begun >= moment)).sum()
            assert kept[at] == (waiting < most)


@examples
@given(arrivals=times, fixed=st.integers(1, 9))
def test_one_by_one_is_the_recursion_of_lindley(arrivals: list[int], fixed: int) -> None:
    served = simulate(arrivals, window=0, largest=1, service=lambda size: fixed)
    wait, before = 0.0, None
    for at, moment in enumerate(arrivals):
        wait = 0.0 if before is None else max(0.0, wait + fixed - (moment - before))
        before = moment
        assert served.begun[at] - moment == wait


@pytest.mark.parametrize("load", [0.3, 0.8])
def test_the_wait_is_that_of_theory(load: float) -> None:
    means = []
    for seed in range(4):
        arrivals = poisson_arrivals(load / 0.01, 6000, seed=seed)
        served = simulate(arrivals, window=0, largest=1, service=lambda size: 0.01)
        means.append(served.wait.mean())
    error = np.std(means, ddof=1) / 2
    theory = md1_wait(load / 0.01, 0.01)
    assert abs(np.mean(means) - theory) < 4 * error
    assert error < 0.06 * theory  # or it could be anything


def test_as_many_are_inside_as_come_in_times_how_long_they_stay() -> None:
    arrivals = poisson_arrivals(400, 8000, seed=1)
    served = simulate(arrivals, window=0.01, largest=8, service=lambda size: 0.004 + 0.001 * size)
    end = served.done.max()
    moments = np.random.default_rng(0).uniform(0, end, 20_000)
    come = np.searchsorted(served.arrived, moments, side="right")
    gone = np.searchsorted(served.done, moments, side="right")
    inside = (come - gone).mean()
    law = len(arrivals) / end * served.latency.mean()
    assert inside == pytest.approx(law, rel=0.03)
    assert law > 3


def test_arrivals_come_at_random_at_their_rate() -> None:
    gaps = np.diff(poisson_arrivals(50, 20_000, seed=2))
    assert gaps.mean() == pytest.approx(1 / 50, rel=0.03)
    assert gaps.std() == pytest.approx(1 / 50, rel=0.04)  # as large as the mean
    assert abs(np.corrcoef(gaps[1:], gaps[:-1])[0, 1]) < 0.03
    slow, fast = (poisson_arrivals(rate, 9, seed=3) for rate in (1, 4))
    np.testing.assert_allclose(slow, 4 * fast)
    assert len(poisson_arrivals(1, 0)) == 0


def test_the_load_decides_how_long_the_queue_gets() -> None:
    assert md1_wait(0, 0.01) == 0
    assert md1_wait(50, 0.01) == pytest.approx(0.005)
    assert md1_wait(99, 0.01) > 90 * md1_wait(50, 0.01)
    for rate in (100, 101):
        with pytest.raises(ValueError, match="the queue never ends"):
            md1_wait(rate, 0.01)


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"arrivals": [1.0, 0.5]}, ValueError, "arrivals are not finite numbers in order"),
        ({"arrivals": [0.0, float("nan")]}, ValueError, "arrivals are not finite"),
        ({"arrivals": [[0.0]]}, ValueError, "arrivals are not finite"),
        ({"window": -0.1}, ValueError, "window is -0.1"),
        ({"largest": 0}, ValueError, "largest is 0"),
        ({"largest": 2.5}, TypeError, "largest is 2.5"),
        ({"most_waiting": 3}, ValueError, "most_waiting is 3"),
        ({"service": lambda size: -1.0}, ValueError, "service is -1"),
        ({"service": lambda size: float("inf")}, ValueError, "service is inf"),
    ],
)
def test_what_is_no_queue_is_refused(
    changed: dict[str, Any], error: type[Exception], said: str
) -> None:
    sound: dict[str, Any] = {"arrivals": [0.0, 1.0], "window": 1.0, "largest": 4}
    with pytest.raises(error, match=said):
        simulate(**{"service": lambda size: 1.0, **sound, **changed})


def test_what_is_no_rate_is_refused() -> None:
    for rate in (0, -1, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="rate is"):
            poisson_arrivals(rate, 3)
    with pytest.raises(ValueError, match="count is -1"):
        poisson_arrivals(1, -1)
