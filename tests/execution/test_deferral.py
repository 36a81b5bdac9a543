"""What several fields defer is done together, and each goes on with its own."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest
from graphql import parse

from execution.deferral import Deferred, Gathering
from tests.execution.both import compiled, core
from tests.execution.world import Context, World

TWO = "{ person { key } box { key } being { key } echo }"


class Ask(Deferred):
    """A question whose answer is itself; some cannot be answered."""

    together_at: list[list[str]]

    def __init__(self, question: str, log: list[tuple[str, ...]]) -> None:
        self.question = question
        self.log = log

    async def alone(self) -> str:
        """The answer to one."""
        self.log.append((self.question,))
        if self.question == "bad":
            raise ValueError("bad")
        return self.question

    @classmethod
    async def together(cls, those: Sequence[Ask]) -> Sequence[Any]:
        """The answers to all, unless one cannot be answered at all."""
        those[0].log.append(tuple(one.question for one in those))
        if any(one.question == "worst" for one in those):
            raise KeyError("worst")
        await asyncio.sleep(0)
        return [ValueError("bad") if one.question == "bad" else one.question for one in those]


class Other(Ask):
    """A question of another kind."""


async def asks(question: str, log: list[tuple[str, ...]], kind: type[Ask] = Ask) -> str:
    """Asks at once, and once more when it has the answer."""
    answer: str = await kind(question, log)
    again: str = await kind(f"{answer} again", log)
    return again


async def test_first_questions_are_asked_together_and_later_ones_alone() -> None:
    log: list[tuple[str, ...]] = []
    assert await Gathering([asks("a", log), asks("b", log)]) == ["a again", "b again"]
    assert log == [("a", "b"), ("a again",), ("b again",)]


async def test_an_exception_is_told_to_the_one_that_it_belongs_to() -> None:
    log: list[tuple[str, ...]] = []
    first, bad, last = await Gathering([asks("a", log), asks("bad", log), asks("c", log)])
    assert (first, last) == ("a again", "c again")
    assert isinstance(bad, ValueError)


async def test_where_nothing_can_be_done_together_everybody_is_told() -> None:
    log: list[tuple[str, ...]] = []
    outcomes = await Gathering([asks("worst", log), asks("b", log)])
    assert [type(outcome) for outcome in outcomes] == [KeyError, KeyError]


async def test_questions_of_different_kinds_are_asked_one_by_one() -> None:
    log: list[tuple[str, ...]] = []
    outcomes = await Gathering([asks("bad", log), asks("b", log, Other)])
    assert isinstance(outcomes[0], ValueError)
    assert outcomes[1] == "b again"
    assert log == [("bad",), ("b",), ("b again",)]


async def test_who_asks_nothing_and_who_waits_for_something_else_first_is_answered_too() -> None:
    log: list[tuple[str, ...]] = []

    async def slow() -> str:
        await asyncio.sleep(0.001)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await asyncio.Event().wait()
        return await asks("slow", log)

    async def quick() -> str:
        return "nothing"

    async def failing() -> str:
        raise ValueError("at once")

    told = await Gathering([slow(), quick(), failing(), asks("b", log)])
    assert [str(outcome) for outcome in told] == ["slow again", "nothing", "at once", "b again"]
    assert log[0] == ("slow", "b")


async def test_outside_of_a_gathering_a_question_is_asked_at_once() -> None:
    log: list[tuple[str, ...]] = []
    assert await asks("a", log) == "a again"

    async def inside() -> list[Any]:
        return list(await asyncio.gather(asks("b", log), asks("c", log)))

    assert await Gathering([inside(), asks("d", log)]) == [["b again", "c again"], "d again"]
    assert log[0] == ("a",)
    assert ("b",) in log, "a task of its own does not belong to whoever made it"


@pytest.mark.parametrize("place", range(3))
async def test_whoever_is_cancelled_leaves_nobody_half_done(place: int) -> None:
    log: list[tuple[str, ...]] = []
    ended: list[str] = []

    async def waits(name: str, *, first: bool, later: bool) -> None:
        try:
            if first:
                await asyncio.Event().wait()
            await Ask(name, log)
            if later:
                await asyncio.Event().wait()
        finally:
            ended.append(name)

    everybody: list[Coroutine[Any, Any, None]] = [
        waits(name, first=name == "b" and place == 0, later=name == "b" and place > 0) for name in ("a", "b", "c")
    ]
    task = asyncio.ensure_future(gathered(everybody))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    begun = {"a", "b"} if place == 0 else {"a", "b", "c"}
    assert set(ended) == begun
    assert len(ended) == len(begun)


async def gathered(coroutines: list[Coroutine[Any, Any, None]]) -> list[Any]:
    """A gathering as a task can have it."""
    return await Gathering(coroutines)


async def test_fields_of_one_level_look_together_on_the_compiled_path_alone() -> None:
    for plans, looks in ((compiled, [("person", "box", "being")]), (core, [("person",), ("box",), ("being",)])):
        context = Context(World(0, 0.0))
        result = await plans.execute(parse(TWO), context=context)
        assert result.errors is None
        assert context.looks == looks


async def test_a_field_that_stands_alone_looks_alone() -> None:
    context = Context(World(0, 0.0))
    await compiled.execute(parse("{ person { boss { key } } echo }"), context=context)
    assert context.looks == [("person",), ("boss",)]
