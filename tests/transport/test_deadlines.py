"""The time limit on a task, and who is believed when several want it cancelled."""

from __future__ import annotations

import asyncio

import pytest

from transport.deadline import Deadline


async def late(first: float, then: float | None) -> bool:
    """Wait for longer than anyone has time; says whether the deadline was what ended it."""
    deadline = Deadline(first)
    try:
        if then is not None:
            deadline.reset(then)
        await asyncio.Event().wait()
    except asyncio.CancelledError as cancelled:
        if not deadline.was_met_by(cancelled):
            raise
        return True
    finally:
        deadline.stop()
    return False


@pytest.mark.parametrize(("first", "then"), [(0.01, None), (60, 0.01), (0.01, 0.02)])
async def test_a_task_is_stopped_when_its_time_is_over(first: float, then: float | None) -> None:
    async with asyncio.timeout(5):
        assert await late(first, then)


async def test_each_of_many_deadlines_stops_its_own_task_and_no_other() -> None:
    others = [asyncio.create_task(late(60, None)) for _ in range(20)]
    async with asyncio.timeout(30):
        assert await asyncio.gather(*(late(0.01 * number, None) for number in range(20))) == [True] * 20
    assert not any(task.done() for task in others)
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def test_work_goes_on_after_a_deadline_was_met() -> None:
    assert await late(0.001, None)
    await asyncio.sleep(0.002)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_cancellation_by_somebody_else_is_not_taken_for_the_deadline() -> None:
    task = asyncio.create_task(late(60, None))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_stopped_deadline_does_nothing() -> None:
    deadline = Deadline(0.001)
    deadline.stop()
    deadline.stop()
    assert await late(0.01, None)  # the same timer has looked at those that run meanwhile
    assert not deadline.expired
