"""The kinds of fields under graphql-core: loaders that collect parents, and what they make of bad batches."""

from __future__ import annotations

from typing import Any

import pytest
import strawberry
from graphql import parse

from execution import Batched, Plans, Single
from tests.execution.sample import field
from tests.execution.test_selection import Empty

BOTH = pytest.mark.parametrize("compiled", [False, True], ids=["graphql-core", "compiled"])


def schema_of(answer: Any) -> strawberry.Schema:
    """A schema with three items whose one relation answers so."""

    async def three(context: Any, parent: Any, selection: Any) -> list[Any]:
        return [Item(number=number) for number in range(3)]

    async def relation(context: Any, parents: list[Any], selection: Any) -> Any:
        return answer(parents)

    @strawberry.type
    class Item:
        number: int
        double: int | None = field(Batched(relation, needs=("number",)), int | None)

    @strawberry.type
    class Query:
        items = field(Single(three), list[Item])

    return strawberry.Schema(query=Query)


async def answered(compiled: bool, answer: Any) -> tuple[Any, list[tuple[str, Any]]]:
    """The doubles, and the errors with their paths."""
    plans = Plans(schema_of(answer), compiled=compiled)
    result = await plans.execute(parse("{ items { double } }"), context=Empty())
    assert result.data is not None
    return [item["double"] for item in result.data["items"]], [(e.message, e.path) for e in result.errors or []]


@BOTH
async def test_values_go_to_their_parents(compiled: bool) -> None:
    assert await answered(compiled, lambda parents: [parent.number * 2 for parent in parents]) == ([0, 2, 4], [])


@BOTH
async def test_an_exception_in_the_list_is_the_error_of_its_parent(compiled: bool) -> None:
    values, errors = await answered(compiled, lambda parents: [1, ValueError("two"), 3])
    assert values == [1, None, 3]
    assert errors == [("two", ["items", 1, "double"])]


@BOTH
async def test_a_raised_exception_is_the_error_of_every_parent(compiled: bool) -> None:
    def refuse(parents: list[Any]) -> Any:
        raise ValueError("nobody")

    values, errors = await answered(compiled, refuse)
    assert values == [None, None, None]
    assert errors == [("nobody", ["items", index, "double"]) for index in range(3)]


@BOTH
@pytest.mark.parametrize("wrong", [[1, 2], None, (1, 2, 3)])
async def test_a_batch_of_the_wrong_length_is_refused(compiled: bool, wrong: Any) -> None:
    values, errors = await answered(compiled, lambda parents: wrong)
    assert values == [None, None, None]
    assert {message for message, _ in errors} == {"A batch has to answer a list with one value for each parent."}
