"""Queueing: who waits how long for a server that answers requests in batches, computed exactly.

A simulation of discrete events: nothing happens between an arrival and a beginning, so time jumps
from one to the next. The rule is that of :class:`cvlib.practice.batching.Batcher`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvlib.arguments import integer, number

__all__ = ["Served", "md1_wait", "poisson_arrivals", "simulate"]


class Served(NamedTuple):
    """What became of requests, each array with one number per request.

    Times are in seconds, nan for a request that was refused; ``batch`` counts from 0, and is -1 for
    one that was refused.

    Examples
    --------
    >>> served = simulate([0.0, 1.0], window=0.5, largest=4, service=lambda size: 2.0)
    >>> served.latency
    array([2.5, 3.5])
    >>> served.sizes
    array([1, 1])
    """

    arrived: NDArray[np.float64]
    begun: NDArray[np.float64]
    done: NDArray[np.float64]
    batch: NDArray[np.int64]

    @property
    def latency(self) -> NDArray[np.float64]:
        """From arrival to answer, of those that were answered."""
        return (self.done - self.arrived)[self.batch >= 0]

    @property
    def wait(self) -> NDArray[np.float64]:
        """From arrival to the beginning of the batch, of those that were answered."""
        return (self.begun - self.arrived)[self.batch >= 0]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many requests each batch had."""
        return np.bincount(self.batch[self.batch >= 0])

    @property
    def refused(self) -> int:
        """How many found the queue full."""
        return int((self.batch < 0).sum())


def simulate(
    arrivals: ArrayLike,
    *,
    window: float,
    largest: int,
    service: Callable[[int], float],
    most_waiting: int | None = None,
) -> Served:
    """Compute when each request is answered by a server that collects batches.

    Batches are in the order of arrival, one at a time. A batch begins when the one before it is
    done, and either ``largest`` requests wait or the oldest has waited for the ``window``. It takes
    whoever is there by then, ``largest`` at most.

    Parameters
    ----------
    arrivals
        When requests arrive, in seconds, in order.
    window
        How long the oldest waits for others at most while the server is idle, in seconds.
    largest
        The most requests of a batch.
    service
        From the size of a batch to the seconds that it takes.
    most_waiting
        How many may wait; one more is refused. Without it, all may.

    Returns
    -------
    Served
        When each request's batch began and was done, and which one it was.

    Raises
    ------
    TypeError
        If a count is no whole number.
    ValueError
        If the arrivals are not finite numbers in order, a setting is out of range, or a service
        takes no finite time of 0 or more.

    References
    ----------
    Law, "Simulation Modeling and Analysis", fifth edition, 2015, chapter 1 (discrete events).

    Examples
    --------
    Two come within the window of 3, and the third while both are served:

    >>> served = simulate([0, 2, 6], window=3, largest=8, service=lambda size: 4 + size)
    >>> served.begun, served.done
    (array([3., 3., 9.]), array([ 9.,  9., 14.]))
    """
    times = np.array(arrivals, dtype=np.float64)
    if times.ndim != 1 or not np.isfinite(times).all() or (np.diff(times) < 0).any():
        raise ValueError("arrivals are not finite numbers in order; expected those of a clock")
    window = number("window", window)
    largest = integer("largest", largest, 1)
    if most_waiting is not None:
        most_waiting = integer("most_waiting", most_waiting, largest)
    begun, done = np.full((2, len(times)), np.nan)
    batch = np.full(len(times), -1)
    when: list[float] = times.tolist()
    waiting: deque[int] = deque()
    coming, count, free = 0, 0, float("-inf")
    while waiting or coming < len(when):
        start = float("inf")
        if waiting:
            start = when[waiting[0]] + window
            if len(waiting) >= largest:
                start = min(start, when[waiting[largest - 1]])
            start = max(start, free)
        if coming < len(when) and when[coming] <= start:
            if most_waiting is None or len(waiting) < most_waiting:
                waiting.append(coming)
            coming += 1
            continue
        members = [waiting.popleft() for _ in range(min(len(waiting), largest))]
        free = start + number("service", service(len(members)))
        begun[members], done[members], batch[members] = start, free, count
        count += 1
    return Served(times, begun, done, batch)


def poisson_arrivals(rate: float, count: int, *, seed: int = 0) -> NDArray[np.float64]:
    """Draw when requests of many people arrive who know nothing of each other.

    Parameters
    ----------
    rate
        How many arrive in a second on average.
    count
        How many arrive in all.
    seed
        Of the random numbers. At another rate the same seed gives the same arrivals, in another
        tempo.

    Returns
    -------
    ndarray
        (count,), in seconds from the start, in order.

    Raises
    ------
    TypeError
        If ``count`` is no whole number.
    ValueError
        If ``rate`` is not above 0, or ``count`` below 0.

    References
    ----------
    Kleinrock, "Queueing Systems, Volume 1: Theory", 1975, chapter 2 (the Poisson process).

    Examples
    --------
    >>> arrivals = poisson_arrivals(100, 10_000)
    >>> len(arrivals), round(float(arrivals[-1]))
    (10000, 99)
    """
    if not number("rate", rate) > 0:
        raise ValueError(f"rate is {rate!r}; expected more than 0 a second")
    gaps = np.random.default_rng(seed).exponential(size=integer("count", count))
    return np.cumsum(gaps) / rate


def md1_wait(rate: float, service: float) -> float:
    r"""Return how long requests wait on average if they come at random and all take equally long.

    The queue M/D/1: arrivals without memory, service of one duration, one server, no batches.
    With the load :math:`\rho = \lambda s` the wait is :math:`\rho s / (2 (1 - \rho))`.

    Parameters
    ----------
    rate
        How many arrive in a second on average, :math:`\lambda`.
    service
        How long each takes, :math:`s`, in seconds.

    Returns
    -------
    float
        Seconds from arrival to the beginning of the service.

    Raises
    ------
    ValueError
        If a number is below 0, or the load is 1 or more: then the queue grows for ever.

    References
    ----------
    Kleinrock, "Queueing Systems, Volume 1: Theory", 1975, chapter 5 (Pollaczek and Khinchin's
    formula, for a service without variance).

    Examples
    --------
    >>> md1_wait(50, 0.01)
    0.005
    >>> md1_wait(75, 0.01)
    0.015
    """
    load = number("rate", rate) * number("service", service)
    if not load < 1:
        raise ValueError(f"the load is {load:g}; expected less than 1, or the queue never ends")
    return load * service / (2 * (1 - load))
