"""Random input values for arguments and variables, as literals and as JSON, valid and invalid."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLInputType,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
)

TEXTS = ["", "a", "some text", "ünïcode"]
VALUES: dict[str, list[Any]] = {
    "Int": [0, 1, 2, 7, -3, 2**31 - 1],
    "Float": [0, 1.5, -2, 1e10],
    "String": TEXTS,
    "Boolean": [True, False],
    "ID": ["id", "7", 8],
    "DateTime": ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05+02:00"],
    "Date": ["2026-01-02"],
    "Time": ["03:04:05"],
    "UUID": ["00000000-0000-0000-0000-000000000005"],
    "Decimal": ["1.50", "2"],
    "JSON": [{"a": [1]}, None],
    "Even": [0, 2, 4],
    "Price": ["1.50"],
}
WRONG: list[Any] = [None, "wrong", 1.5, 2**40, True, [], [None], {}, {"unknown": 1}, "2026-99-99"]
NULL_CHANCE = 0.1
OMITTED_CHANCE = 0.4


class Values:
    """Draws input values; `scalars` adds valid JSON values for scalars, or for input fields of that name."""

    def __init__(self, dice: random.Random, scalars: Mapping[str, list[Any]]) -> None:
        self._dice = dice
        self._known = {**VALUES, **scalars}

    def json(self, of: GraphQLInputType, depth: int = 0) -> Any:
        """A valid value as a client sends it in its variables."""
        if is_non_null_type(of):
            return self._present(of.of_type, depth)
        return None if self._dice.random() < NULL_CHANCE else self._present(of, depth)

    def broken(self, of: GraphQLInputType) -> Any:
        """A value that is probably refused."""
        value = self.json(of)
        if isinstance(value, dict) and value and self._dice.random() < 0.7:
            value[self._dice.choice(sorted(value))] = self._dice.choice(WRONG)
            return value
        if isinstance(value, list) and value and self._dice.random() < 0.7:
            value[self._dice.randrange(len(value))] = self._dice.choice(WRONG)
            return value
        return self._dice.choice(WRONG)

    def _present(self, of: Any, depth: int) -> Any:
        if is_list_type(of):
            if self._dice.random() < 0.15:
                return self._present(getattr(of.of_type, "of_type", of.of_type), depth + 1)
            return [self.json(of.of_type, depth + 1) for _ in range(self._dice.randrange(3))]
        if is_enum_type(of):
            return self._dice.choice(list(of.values))
        if is_input_object_type(of):
            return self._object(of, depth)
        return self._dice.choice(self._known.get(of.name, TEXTS))

    def _object(self, of: Any, depth: int) -> dict[str, Any]:
        if of.is_one_of:
            name = self._dice.choice(list(of.fields))
            return {name: self._present(of.fields[name].type, depth + 1)}
        chosen = {}
        for name, field in of.fields.items():
            if is_required_input_field(field) or (depth < 3 and self._dice.random() > OMITTED_CHANCE):
                chosen[name] = self._named(name, field.type, depth + 1)
        return chosen

    def _named(self, name: str, of: GraphQLInputType, depth: int) -> Any:
        known = self._known.get(name)
        return self._dice.choice(known) if known and self._dice.random() < 0.8 else self.json(of, depth)


def literal(value: Any, of: Any) -> str:
    """A JSON value of a type as it is written in a document."""
    if value is None:
        return "null"
    if is_non_null_type(of):
        return literal(value, of.of_type)
    if is_list_type(of):
        if isinstance(value, list):
            return "[" + ", ".join(literal(item, of.of_type) for item in value) + "]"
        return literal(value, of.of_type)
    if is_input_object_type(of):
        return "{" + ", ".join(f"{name}: {literal(item, of.fields[name].type)}" for name, item in value.items()) + "}"
    if is_enum_type(of):
        return str(value)
    return json.dumps(value, ensure_ascii=False)
