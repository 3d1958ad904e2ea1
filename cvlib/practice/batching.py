"""A queue that lets requests wait for each other, so that a network answers many at once.

The rule has two numbers. The batch begins as soon as ``largest`` requests wait, or when the oldest
of them has waited for the ``window``; and never before the batch before it is done.
:mod:`cvlib.practice.queueing` computes by the same rule what happens when.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cvlib.arguments import integer, number

__all__ = ["BatchError", "Batcher", "UnavailableError"]


class UnavailableError(RuntimeError):
    """The queue takes no request: it is full, or was closed."""


class BatchError(RuntimeError):
    """The batch that a request was in could not be computed; the cause says why."""


@dataclass(eq=False)
class _Request:
    item: Any
    arrived: float
    answer: asyncio.Future[Any]


class Batcher:
    """Collect what arrives within a few milliseconds, compute it at once, and hand out the results.

    Call it with one item, from as many tasks as you like, and await the result. One task must
    await :meth:`run` meanwhile. Time is that of the event loop.

    Parameters
    ----------
    compute
        A coroutine function from a list of items to as many results, in the same order.
    window
        How long the oldest request of a batch waits for others, in seconds. With 0 a batch begins
        with whoever is there when the batch before it is done.
    largest
        The most requests of a batch.
    most_waiting
        How many may wait; one more is refused. Those whose batch is being computed do not count.

    Raises
    ------
    TypeError
        If ``compute`` is no function, or a count is no whole number.
    ValueError
        If ``window`` is below 0, ``largest`` below 1, or ``most_waiting`` below ``largest``.

    References
    ----------
    Crankshaw, Wang, Zhou, Franklin, Gonzalez, Stoica, "Clipper: A Low-Latency Online Prediction
    Serving System", NSDI 2017.

    Examples
    --------
    >>> async def squares(numbers):
    ...     return [number**2 for number in numbers]
    >>> async def three():
    ...     batcher = Batcher(squares, window=0, largest=2)
    ...     task = asyncio.create_task(batcher.run())
    ...     results = await asyncio.gather(*(batcher(number) for number in (1, 2, 3)))
    ...     batcher.close()
    ...     await task
    ...     return results, batcher.batches
    >>> asyncio.run(three())
    ([1, 4, 9], 2)
    """

    def __init__(
        self,
        compute: Callable[[list[Any]], Awaitable[Iterable[Any]]],
        *,
        window: float = 0.005,
        largest: int = 16,
        most_waiting: int = 256,
    ) -> None:
        if not callable(compute):
            raise TypeError(f"compute is {compute!r}; expected a coroutine function")
        self.compute = compute
        self.window = number("window", window)
        self.largest = integer("largest", largest, 1)
        self.most_waiting = integer("most_waiting", most_waiting, self.largest)
        #: How many batches were computed, and how many requests were in them.
        self.batches, self.requests = 0, 0
        self._waiting: deque[_Request] = deque()
        self._changed = asyncio.Event()
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many requests wait for their batch to begin."""
        return len(self._waiting)

    @property
    def closed(self) -> bool:
        """Whether no more requests are taken."""
        return self._closed

    async def __call__(self, item: Any) -> Any:
        """Wait until the batch with this item is computed.

        Parameters
        ----------
        item
            Anything that ``compute`` takes in its list.

        Returns
        -------
        object
            Its result.

        Raises
        ------
        UnavailableError
            If the queue is full, or was closed.
        BatchError
            If ``compute`` raised, or gave another number of results than it had items.
        """
        if self._closed:
            raise UnavailableError("the queue is closed")
        if len(self._waiting) >= self.most_waiting:
            raise UnavailableError(f"{len(self._waiting)} requests wait already")
        loop = asyncio.get_running_loop()
        request = _Request(item, loop.time(), loop.create_future())
        self._waiting.append(request)
        self._changed.set()
        try:
            return await request.answer
        except asyncio.CancelledError:  # whoever gives up waiting makes room
            with contextlib.suppress(ValueError):
                self._waiting.remove(request)
            raise

    async def run(self) -> None:
        """Compute batch after batch, until the queue was closed and nobody waits."""
        batch: list[_Request] = []
        try:
            while await self._ready():
                size = min(len(self._waiting), self.largest)
                batch = [self._waiting.popleft() for _ in range(size)]
                self.batches, self.requests = self.batches + 1, self.requests + size
                try:
                    results = await self.compute([request.item for request in batch])
                    answers = list(zip(batch, results, strict=True))
                except Exception as error:  # it is theirs alone: the next batch may be sound
                    _fail(batch, BatchError("the batch failed"), error)
                else:
                    for request, result in answers:
                        if not request.answer.done():
                            request.answer.set_result(result)
        finally:
            self.close()
            _fail([*batch, *self._waiting], UnavailableError("the queue was stopped"))

    def close(self) -> None:
        """Take no more requests; those that wait are computed without waiting for others."""
        self._closed = True
        self._changed.set()

    async def _ready(self) -> bool:
        """Wait until a batch should begin; say False when none will."""
        loop = asyncio.get_running_loop()
        while True:
            deadline = None
            if self._waiting:
                deadline = self._waiting[0].arrived + self.window
                if len(self._waiting) >= self.largest or loop.time() >= deadline or self._closed:
                    return True
            elif self._closed:
                return False
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(deadline):
                    await self._changed.wait()


def _fail(requests: Sequence[_Request], kind: Exception, cause: Exception | None = None) -> None:
    """Give each its own exception: one that is raised in several tasks mixes their tracebacks."""
    for request in requests:
        if not request.answer.done():
            error = type(kind)(*kind.args)
            error.__cause__ = cause
            request.answer.set_exception(error)
