"""Scalars and enums: the values that may pass as they are, and what graphql-core says about all others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
    Undefined,
)


class IrregularError(Exception):
    """The fast path met a value that needs the careful one: an error, a null where none may be, an awaitable."""


@dataclass(slots=True, eq=False)
class Leaf:
    """How values of one leaf type are serialized."""

    of: GraphQLLeafType
    # As graphql-core does it, except that native values pass as they are.
    serialize: Callable[[Any], Any]
    # A Python expression over `{x}` that is true of values which need no serializing, and the names it uses.
    passes: str = ""
    names: tuple[tuple[str, Any], ...] = ()
    # For enums: names by raw string, and names by the value of a member of `members`.
    by_text: dict[str, str] | None = None
    by_value: dict[Any, str] | None = None
    members: type[Enum] | None = None


INT_LIMIT = 2**31
BUILT_IN = {
    GraphQLString: "type({x}) is str",
    GraphQLID: "type({x}) is str",
    GraphQLBoolean: "{x} is True or {x} is False",
    GraphQLInt: f"type({{x}}) is int and {-INT_LIMIT} <= {{x}} < {INT_LIMIT}",
    # Only a finite number is zero when it is subtracted from itself.
    GraphQLFloat: "type({x}) is float and {x} - {x} == 0.0",
}
NATIVE = "type({x}) is datetime and {x}.tzinfo is UTC or type({x}) is UUID or type({x}) is date"
NATIVE_NAMES = (("datetime", datetime), ("UTC", UTC), ("UUID", UUID), ("date", date))


def leaf_of(leaf_type: GraphQLLeafType, native_scalars: frozenset[str]) -> Leaf:
    """The leaf for a type; the scalars named in `native_scalars` leave UTC times, dates and UUIDs to orjson."""
    for built_in, passes in BUILT_IN.items():
        if leaf_type is built_in:
            return Leaf(leaf_type, leaf_type.coerce_output_value, passes)
    if isinstance(leaf_type, GraphQLEnumType):
        return _enum_leaf(leaf_type)
    if leaf_type.name in native_scalars:
        return Leaf(leaf_type, _native(leaf_type.coerce_output_value), NATIVE, NATIVE_NAMES)
    return Leaf(leaf_type, leaf_type.coerce_output_value)


def checked(leaf: Leaf) -> Callable[[Any], Any]:
    """Serialize on the fast path: whatever is not simply a value is irregular."""
    serialize = leaf.serialize

    def complete(value: Any) -> Any:
        if value is None or isinstance(value, Exception) or hasattr(value, "__await__"):
            raise IrregularError
        serialized = serialize(value)
        if serialized is None or serialized is Undefined:
            raise IrregularError
        return serialized

    return complete


def leaf_expression(leaf: Leaf, source: str, names: dict[str, str], *, nullable: bool) -> str:
    """A Python expression for the serialized value of the expression `source`, which it evaluates once.

    `names` are the global names of `serialize` and of an enum's `texts`, `values` and `members`.
    """
    known = source.isidentifier()
    x, first, serialize = (source if known else "x"), (source if known else f"(x := {source})"), names["serialize"]
    if "texts" in names:
        null, tested = (f"None if {first} is None else ", x) if nullable else ("", first)
        text = f"{names['texts']}[{x}] if type({tested}) is str else "
        member = (
            f"{names['values']}[{x}._value_] if type({x}) is {names['members']} else " if "members" in names else ""
        )
        return f"({null}{text}{member}{serialize}({x}))"
    if not leaf.passes:
        return f"(None if {first} is None else {serialize}({x}))" if nullable else f"{serialize}({source})"
    head, _, tail = leaf.passes.partition("{x}")
    passes = head + first + tail.replace("{x}", x)
    return f"({x} if {passes}{f' or {x} is None' if nullable else ''} else {serialize}({x}))"


def _native(serialize: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def complete(value: Any) -> Any:
        kind = type(value)
        if (kind is datetime and value.tzinfo is UTC) or kind is UUID or kind is date:
            return value
        return serialize(value)

    return complete


def _enum_leaf(enum: GraphQLEnumType) -> Leaf:
    leaf = Leaf(enum, enum.coerce_output_value)
    members = getattr(enum, "wrapped_cls", None)
    values = {name: value.value for name, value in enum.values.items()}
    if not all(isinstance(value, str | int) for value in values.values()):
        return leaf
    leaf.by_text = {value: enum.coerce_output_value(value) for value in values.values() if type(value) is str}
    if isinstance(members, type) and issubclass(members, Enum):
        by_value: dict[Any, str] = {}
        for name, value in values.items():
            by_value.setdefault(value, name)
        leaf.members, leaf.by_value = members, by_value
    return leaf
