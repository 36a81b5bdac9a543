"""Work of several fields that is done together, as one: what each of them is about to ask of a database, say.

A resolver awaits a `Deferred` as anything else. Where fields of one level are answered together, each runs up to its
first one; all of these are then done by one call, and each resolver goes on with its own result.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Coroutine, Generator, Sequence
from typing import Any, Self

_gathering = False
"""Whether the coroutine that runs at this moment was started by a `Gathering`, which takes what it defers."""


class Deferred(ABC):
    """Something to be awaited that may be done together with its like."""

    @abstractmethod
    async def alone(self) -> Any:
        """Do this one."""

    @classmethod
    @abstractmethod
    async def together(cls, those: Sequence[Self]) -> Sequence[Any]:
        """Do all of these: the result of each, or the exception that is its own."""

    @staticmethod
    async def one_by_one(those: Sequence[Deferred]) -> list[Any]:
        """Do these after one another: the result of each, or its exception."""
        return [await outcome_of(one) for one in those]

    def __await__(self) -> Generator[Any, Any, Any]:
        if _gathering:
            return (yield self)
        return (yield from self.alone().__await__())


class Gathering:
    """Awaits coroutines one after the other, what they defer first together. Gives values, and exceptions as such."""

    __slots__ = ("_coroutines",)

    def __init__(self, coroutines: Sequence[Coroutine[Any, Any, Any]]) -> None:
        self._coroutines = coroutines

    def __await__(self) -> Generator[Any, Any, list[Any]]:
        outcomes: list[Any] = []
        try:
            for coroutine in self._coroutines:
                outcomes.append((yield from advance(coroutine, None, gathering=True)))
            deferred = [place for place, outcome in enumerate(outcomes) if isinstance(outcome, Deferred)]
            if deferred:
                results = yield from done([outcomes[place] for place in deferred]).__await__()
                for place, result in zip(deferred, results, strict=True):
                    outcomes[place] = yield from advance(self._coroutines[place], result, gathering=False)
            return outcomes
        finally:  # whoever gives up, none is left behind half done
            for coroutine in self._coroutines:
                coroutine.close()


async def done(deferred: list[Deferred]) -> Sequence[Any]:
    """The result of each, or its exception."""
    kind = type(deferred[0])
    try:
        if len(deferred) > 1 and all(type(one) is kind for one in deferred):
            return await kind.together(deferred)
    except Exception as error:
        return [error] * len(deferred)
    return await Deferred.one_by_one(deferred)


async def outcome_of(deferred: Deferred) -> Any:
    """The result of one that is done by itself, or its exception."""
    try:
        return await deferred.alone()
    except Exception as error:
        return error


def advance(coroutine: Coroutine[Any, Any, Any], sent: Any, *, gathering: bool) -> Generator[Any, Any, Any]:
    """Run a coroutine from what it is given on: to its end, to its failure, or to what it defers; gives that."""
    global _gathering
    failure: BaseException | None = sent if isinstance(sent, Exception) else None
    while True:
        _gathering = gathering
        try:
            awaited = coroutine.send(sent) if failure is None else coroutine.throw(failure)
        except StopIteration as ended:
            return ended.value
        except Exception as error:
            return error
        finally:
            _gathering = False
        if isinstance(awaited, Deferred):
            return awaited
        sent = failure = None
        try:
            sent = yield awaited
        except BaseException as thrown:  # for the coroutine to deal with, as if nobody stood between
            failure = thrown
