"""An event loop whose clock stands still until nothing is left to do, and then jumps."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualLoop(asyncio.SelectorEventLoop):
    """No test waits for a clock: a sleep of an hour is over at once, and exactly an hour later."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._clock_resolution = 1e-9  # with 0, what is due now never comes
        select = self._selector.select

        def jump(timeout: float | None = None) -> Any:
            events = select(0)
            if not events:
                if timeout is None:
                    raise RuntimeError("everybody waits for something that never happens")
                self.now += timeout
            return events

        self._selector.select = jump

    def time(self) -> float:
        return self.now


def run(main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
