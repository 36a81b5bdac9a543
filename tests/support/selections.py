"""Selections made from the schema: everything that hangs below a type, so deep."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLInterfaceType, GraphQLObjectType, get_named_type, is_leaf_type, is_required_argument

from models.base.access import Role
from operations.reads.nodes import NODES
from tests.support.dummies import written


def below(kind: Any, role: Role, depth: int, *, first: int = 5) -> str:
    """Every field of a type that this role may read, and all that hangs below it, so deep."""
    if isinstance(kind, GraphQLInterfaceType):
        return "id"
    assert isinstance(kind, GraphQLObjectType)
    parts = []
    for name, field in kind.fields.items():
        audience = field.extensions["strawberry-definition"].metadata.get("audience")
        if audience is not None and role not in audience:
            continue
        inner = get_named_type(field.type)
        required = {key: arg for key, arg in field.args.items() if is_required_argument(arg)}
        given = [f"{key}: {written(arg.type)}" for key, arg in required.items()]
        if "first" in field.args:
            given.append(f"first: {first}")
        call = f"{name}({', '.join(given)})" if given else name
        if is_leaf_type(inner):
            parts.append(call)
        elif depth > 0 or not leads_on(inner):
            parts.append(f"{call} {{ __typename {below(inner, role, depth - leads_on(inner), first=first)} }}")
    return " ".join(parts)


def leads_on(kind: Any) -> bool:
    """Whether a type shows rows, so that following it is a step further."""
    return kind.name in {name for _, name in NODES.values()}
