"""The queue forms the batches that the simulation computes, and survives whatever is in them."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib.practice import Batcher, BatchError, UnavailableError, simulate
from tests.practice.virtual import run

# Binary fractions add up without rounding. Arrivals are whole, deadlines halves, and no batch ends
# at a multiple of 1/4, so that no two things happen at once.
ODD = 2.0**-10


async def nothing(items: list[Any]) -> list[Any]:
    return items


def service(size: int) -> float:
    return 2 + size + ODD


@settings(max_examples=60, deadline=None)
@given(
    gaps=st.lists(st.integers(0, 12), min_size=1, max_size=40),
    window=st.integers(0, 20).map(lambda whole: whole + 0.5),
    largest=st.integers(1, 6),
    room=st.integers(0, 6),
)
def test_the_queue_keeps_the_rule_of_the_simulation(
    gaps: list[int], window: float, largest: int, room: int
) -> None:
    arrivals = np.cumsum(gaps).astype(float)
    expected = simulate(
        arrivals, window=window, largest=largest, service=service, most_waiting=largest + room
    )
    begun, done = np.full((2, len(arrivals)), np.nan)

    async def compute(items: list[int]) -> list[int]:
        begun[items] = asyncio.get_running_loop().time()
        await asyncio.sleep(service(len(items)))
        return items

    async def ask(batcher: Batcher, at: int) -> None:
        try:
            assert await batcher(at) == at
        except UnavailableError:
            return
        done[at] = asyncio.get_running_loop().time()

    async def main() -> Batcher:
        batcher = Batcher(compute, window=window, largest=largest, most_waiting=largest + room)
        work = asyncio.create_task(batcher.run())
        async with asyncio.TaskGroup() as group:
            for at, gap in enumerate(gaps):
                if gap:
                    await asyncio.sleep(gap)
                group.create_task(ask(batcher, at))
        batcher.close()
        await work
        return batcher

    batcher = run(main())
    np.testing.assert_array_equal(begun, expected.begun)
    np.testing.assert_array_equal(done, expected.done)
    assert batcher.batches == len(expected.sizes)
    assert batcher.requests == len(arrivals) - expected.refused
    assert batcher.waiting == 0


def test_without_a_window_nobody_waits_for_others() -> None:
    async def main() -> float:
        batcher = Batcher(nothing, window=0, largest=8)
        work = asyncio.create_task(batcher.run())
        await asyncio.gather(*(batcher(at) for at in range(5)))
        batcher.close()
        await work
        return asyncio.get_running_loop().time()

    assert run(main()) == 0


def test_one_alone_waits_for_the_window_and_a_full_batch_does_not() -> None:
    async def main(count: int) -> float:
        batcher = Batcher(nothing, window=3600, largest=4)
        work = asyncio.create_task(batcher.run())
        await asyncio.gather(*(batcher(at) for at in range(count)))
        after = asyncio.get_running_loop().time()
        batcher.close()
        await work
        return after

    assert run(main(1)) == 3600
    assert run(main(4)) == 0


def test_what_fails_fails_alone() -> None:
    async def compute(items: list[int]) -> list[float]:
        return [1 / item for item in items]

    async def main() -> list[Any]:
        batcher = Batcher(compute, window=0, largest=2)
        work = asyncio.create_task(batcher.run())
        calls = (batcher(item) for item in (1, 2, 4, 0, 5, 8))
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert not work.done()
        batcher.close()
        await work
        return results

    first, second, third, fourth, fifth, sixth = run(main())
    assert (first, second, fifth, sixth) == (1, 0.5, 0.2, 0.125)
    assert third is not fourth
    for failed in (third, fourth):
        assert isinstance(failed, BatchError)
        assert isinstance(failed.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("results", [[], [1], [1, 2, 3], None])
def test_as_many_results_as_items_or_none_at_all(results: Any) -> None:
    async def compute(items: list[int]) -> Any:
        return results

    async def main() -> list[Any]:
        batcher = Batcher(compute, window=0)
        work = asyncio.create_task(batcher.run())
        answers = await asyncio.gather(batcher(1), batcher(2), return_exceptions=True)
        batcher.close()
        await work
        return answers

    assert [type(answer) for answer in run(main())] == [BatchError, BatchError]


def test_whoever_gives_up_makes_room_and_does_not_stop_the_others() -> None:
    seen = []

    async def compute(items: list[str]) -> list[str]:
        seen.append(list(items))
        await asyncio.sleep(10)
        return items

    async def main() -> list[Any]:
        batcher = Batcher(compute, window=1, largest=2, most_waiting=2)
        work = asyncio.create_task(batcher.run())
        tasks = [asyncio.create_task(batcher("gone"))]
        await asyncio.sleep(0.5)
        tasks[0].cancel()  # while it waits
        await asyncio.sleep(0)
        assert batcher.waiting == 0
        tasks += [asyncio.create_task(batcher(name)) for name in ("first", "second")]
        await asyncio.sleep(5)
        tasks[1].cancel()  # while its batch is computed
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert await batcher("later") == "later"
        batcher.close()
        await work
        return answers

    gone, first, second = run(main())
    assert seen == [["first", "second"], ["later"]]
    assert isinstance(gone, asyncio.CancelledError)
    assert isinstance(first, asyncio.CancelledError)
    assert second == "second"


def test_a_full_queue_refuses_and_a_closed_one_answers_what_it_has() -> None:
    async def compute(items: list[int]) -> list[int]:
        await asyncio.sleep(1)
        return items

    async def main() -> None:
        batcher = Batcher(compute, window=3600, largest=3, most_waiting=3)
        work = asyncio.create_task(batcher.run())
        tasks = [asyncio.create_task(batcher(at)) for at in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(UnavailableError, match="3 requests wait already"):
            await batcher(3)
        await asyncio.sleep(0.5)  # the three are being computed, and no longer wait
        tasks += [asyncio.create_task(batcher(at)) for at in (4, 5)]
        await asyncio.sleep(0)
        batcher.close()
        with pytest.raises(UnavailableError, match="the queue is closed"):
            await batcher(6)
        await work
        assert await asyncio.gather(*tasks) == [0, 1, 2, 4, 5]
        assert asyncio.get_running_loop().time() == 2
        assert batcher.closed

    run(main())


def test_where_the_work_is_stopped_nobody_waits_for_ever() -> None:
    async def main() -> list[Any]:
        batcher = Batcher(lambda items: asyncio.sleep(3600), window=0, largest=1)
        work = asyncio.create_task(batcher.run())
        tasks = [asyncio.create_task(batcher(at)) for at in range(2)]
        await asyncio.sleep(1)
        work.cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert asyncio.get_running_loop().time() == 1
        assert batcher.closed
        return answers

    assert [str(answer) for answer in run(main())] == ["the queue was stopped"] * 2


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"window": -1}, ValueError, "window is -1"),
        ({"window": float("nan")}, ValueError, "window is nan"),
        ({"largest": 0}, ValueError, "largest is 0"),
        ({"largest": 1.5}, TypeError, "largest is 1.5"),
        ({"largest": 8, "most_waiting": 7}, ValueError, "most_waiting is 7"),
    ],
)
def test_wrong_settings_are_refused(
    settings: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        Batcher(nothing, **settings)
    with pytest.raises(TypeError, match="compute is 3"):
        Batcher(3)  # type: ignore[arg-type]
