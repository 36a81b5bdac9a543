"""Defaults of arguments and input fields: what has one may be left out or null."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    Undefined,
    is_non_null_type,
)

from operations.arguments import arguments_of, parsed
from operations.context import Context
from schema.root import SCHEMA


def inputs() -> Iterator[tuple[str, GraphQLArgument | GraphQLInputField]]:
    """Every argument of our fields and every field of our input types."""
    for kind in SCHEMA._schema.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            yield from ((f"{kind.name}.{name}", field) for name, field in kind.fields.items())
        elif isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for name, field in kind.fields.items():
                yield from ((f"{kind.name}.{name}({one})", argument) for one, argument in field.args.items())


def test_what_has_a_default_is_nullable() -> None:
    with_default = [(name, of) for name, of in inputs() if of.default_value is not Undefined]
    assert len(with_default) > 10
    assert [name for name, of in with_default if is_non_null_type(of.type)] == []


async def _resolver(context: Context, *, days: Annotated[int, "How many."] = 365) -> None:
    """Do something for so many days."""


@pytest.mark.parametrize(("given", "days"), [({}, 365), ({"days": None}, 365), ({"days": 7}, 7)])
def test_null_means_the_default(given: dict[str, Any], days: int) -> None:
    assert parsed(arguments_of(_resolver), given) == ({"days": days}, [])
