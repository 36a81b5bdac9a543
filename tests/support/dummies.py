"""Values that fit a GraphQL type, so that a generated operation is valid whatever it is about."""

from __future__ import annotations

import json
from typing import Any

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLList, GraphQLNonNull, is_required_input_field

from models.base.ids import encode, new_id

PLAIN: dict[str, Any] = {
    "String": "text",
    "Int": 2026,
    "Float": 1.5,
    "Boolean": True,
    "DateTime": "2026-06-01T12:00:00Z",
    "Date": "2026-06-01",
    "TimeZone": "America/New_York",
    "EmailAddress": "somebody@example.test",
    "PhoneNumber": "+16175550123",
    "URL": "https://example.test/",
    "StateCode": "MA",
    "PresentingConcern": "ANXIETY",
}


class Name(str):
    """The name of an enum value, written without quotes."""


def dummy(kind: Any) -> Any:
    """A value of this input type; of objects the required fields alone, of ids one that is nobody's."""
    if isinstance(kind, GraphQLNonNull):
        return dummy(kind.of_type)
    if isinstance(kind, GraphQLList):
        return [dummy(kind.of_type)]
    if isinstance(kind, GraphQLEnumType):
        return Name(next(iter(kind.values)))
    if isinstance(kind, GraphQLInputObjectType):
        return {name: dummy(field.type) for name, field in kind.fields.items() if is_required_input_field(field)}
    if kind.name == "ID":
        return encode("apt", new_id())
    return PLAIN[kind.name]


def written(kind: Any) -> str:
    """The same, as it stands in a document."""
    return literal(dummy(kind))


def literal(value: Any) -> str:
    """A value as it stands in a document."""
    if isinstance(value, Name):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {literal(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value)
