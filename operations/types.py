"""GraphQL types as strawberry knows them, without the dataclass that it would make of each.

A dataclass compiles its methods from text, about a millisecond for each type at the start, and most types are never
instantiated: their values are rows.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

C = TypeVar("C", bound=type)

DEFINITION = "__strawberry_definition__"


def declare_type(
    cls: C, fields: Sequence[StrawberryField], *, name: str, description: str | None = None, is_input: bool = False
) -> C:
    """Make a class the Python side of a GraphQL type with these fields."""
    definition = StrawberryObjectDefinition(
        name=name,
        is_input=is_input,
        is_interface=False,
        origin=cls,
        description=description,
        interfaces=[vars(base)[DEFINITION] for base in cls.__mro__[1:] if is_interface(base)],
        extend=False,
        directives=(),
        is_type_of=getattr(cls, "is_type_of", None),
        resolve_type=None,
        fields=list(fields),
    )
    setattr(cls, DEFINITION, definition)
    return cls


def is_interface(base: type) -> bool:
    """Whether a class is a GraphQL interface itself, not only by what it inherits."""
    return DEFINITION in vars(base) and vars(base)[DEFINITION].is_interface


def fields_of(cls: type) -> list[StrawberryField]:
    """The fields that stand in the body of a class: the annotated ones first, each list in the order of the body.

    Raises TypeError for a class that strawberry has made a dataclass of: its fields are no longer in its body.
    """
    if DEFINITION in vars(cls):
        raise TypeError(f"{cls.__module__}.{cls.__name__} is a GraphQL type already: leave the decorator out")
    annotations: Mapping[str, Any] = vars(cls).get("__annotations__", {})
    found = {name: vars(cls).get(name) for name in annotations}
    found.update((name, value) for name, value in vars(cls).items() if isinstance(value, StrawberryField))
    namespace = vars(sys.modules[cls.__module__])
    fields: list[StrawberryField] = []
    for name, field in found.items():
        if not isinstance(field, StrawberryField):
            raise TypeError(f"{cls.__name__}.{name} says nothing about itself: declare it as a field")
        field.python_name = name
        field.origin = field.origin or cls
        if field.type_annotation is None:
            if name not in annotations:
                raise TypeError(f"{cls.__name__}.{name} has no type")
            field.type_annotation = StrawberryAnnotation(annotations[name], namespace=namespace)
        fields.append(field)
    return fields


def field_of(name: str, kind: Any, description: str | None, **default: Any) -> StrawberryField:
    """One field of a type that is declared without a class body."""
    field: StrawberryField = strawberry.field(description=description, graphql_type=kind, **default)
    field.python_name = name
    if name.endswith("_"):  # a word that Python keeps to itself
        field.graphql_name = name.rstrip("_")
    return field
