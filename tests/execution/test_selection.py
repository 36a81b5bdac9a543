"""What resolvers learn about what the client asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import strawberry
from graphql import parse

from execution import Computed, Kind, Plans, Selection, Single
from tests.execution.sample import field

seen: list[Selection] = []


async def _noted(context: Any, parent: Any, selection: Selection) -> None:
    seen.append(selection)


def kind(*needs: str) -> Kind:
    """A field that reads these columns."""
    return Computed(lambda parent: None, needs=needs)


@strawberry.interface
class Named:
    """Something with a name."""

    name: str | None


@strawberry.type
class Cat(Named):
    """Meows."""

    lives: int
    whole: str | None = field(kind("first_name", "last_name"), str | None)


@strawberry.type
class Dog(Named):
    """Barks."""

    legs_left: int


@strawberry.type
class Page:
    """Some cats."""

    nodes: list[Cat]
    total_count: int


@strawberry.type
class Query:
    """The root."""

    cats: Page | None = field(Single(_noted), Page | None)
    pet: Named | None = field(Single(_noted), Named | None)


schema = strawberry.Schema(query=Query, types=[Cat, Dog])


class Empty:
    """A context that knows nothing."""

    def __init__(self) -> None:
        self.loaders: dict[Any, Any] = {}


async def selected(text: str) -> Callable[[], list[Selection]]:
    """The selections that both paths hand over."""
    seen.clear()
    for plans in (Plans(schema), Plans(schema, compiled=False)):
        result = await plans.execute(parse(text), context=Empty())
        assert result.errors is None
    return lambda: list(seen)


async def test_needs_are_the_columns_of_the_asked_fields() -> None:
    for selection in (await selected("{ cats { nodes { lives whole __typename } } }"))():
        assert selection["nodes"].needs == ("first_name", "last_name", "lives")
        assert selection.needs == ("nodes",)


async def test_a_field_that_was_not_asked_for_is_an_empty_selection() -> None:
    for selection in (await selected("{ cats { totalCount } }"))():
        assert selection["totalCount"]
        assert not selection["nodes"]
        assert selection["nodes"].needs == ()
        assert not selection["nodes"]["name"]["nothing"]


async def test_aliases_and_fragments_are_merged() -> None:
    text = """{ cats { a: nodes { lives } ...F ... on Page { nodes @skip(if: true) { name } } } }
    fragment F on Page { b: nodes { whole } ...F2 } fragment F2 on Page { totalCount }"""
    for selection in (await selected(text))():
        assert selection.fields == ("nodes", "totalCount")
        assert selection["nodes"].needs == ("first_name", "last_name", "lives", "name")


async def test_a_selection_on_an_interface_can_be_narrowed_to_a_type() -> None:
    for selection in (await selected("{ pet { name ... on Cat { lives } ... on Dog { legsLeft } } }"))():
        assert selection.on("Cat").needs == ("lives", "name")
        assert selection.on("Dog").needs == ("legs_left", "name")
        assert selection.needs == ("legs_left", "lives", "name")
        assert selection.on("Cat") is selection.on("Cat")
