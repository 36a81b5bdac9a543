"""How a field is declared: its audience, its arguments in GraphQL's words, the type of its input."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection
from typing import Any, Literal

import strawberry
from strawberry.types.unset import UNSET

from execution import Kind, as_resolver
from models.base.access import Role
from models.base.scopes import Needed
from operations.arguments import Argument
from operations.types import declare_type, field_of

ANYONE: Literal["anyone"] = "anyone"
"""The audience of the few fields that need no sign-in."""

Audience = Collection[Role] | Literal["anyone"]
EVERYBODY: frozenset[Role] = frozenset(Role)
"""Every role; signed in all the same."""


def declared(
    kind: Kind,
    arguments: tuple[Argument, ...],
    description: str,
    allow: Audience | None,
    graphql_type: Any = None,
    scope: Needed = None,
) -> Any:
    """The strawberry field that answers as its kind says, whichever path executes it."""
    return strawberry.field(
        resolver=as_resolver(kind, parameters_of(arguments)),
        description=description,
        metadata={"plan": kind, "audience": allow, "scope": scope},
        graphql_type=graphql_type,
    )


def must_have_scope(name: str, allow: Audience, scope: Needed) -> None:
    """Raise TypeError for a field that is for machines and does not say which scope their key needs (ID-5)."""
    if scope is None and allow != ANYONE and Role.PARTNER in allow:
        raise TypeError(f"{name} is for PARTNER: say with scope= what a key has to be for")


def parameters_of(arguments: tuple[Argument, ...]) -> list[inspect.Parameter]:
    """The arguments as strawberry reads them in a signature."""
    return [argument.parameter for argument in arguments]


class Input:
    """What a client sent as a mutation's input: an attribute for each field that was sent or has a default."""

    def __init__(self, **sent: Any) -> None:
        vars(self).update(sent)


@functools.cache
def input_type(name: str, arguments: tuple[Argument, ...]) -> Any:
    """The GraphQL input type of a mutation, made of its resolver's arguments."""
    fields = [
        field_of(argument.name, argument.kind, argument.description, **default_of(argument)) for argument in arguments
    ]
    return declare_type(type(name, (Input,), {}), fields, name=name, is_input=True)


def default_of(argument: Argument) -> dict[str, Any]:
    """The default of an input field as strawberry takes it: none that is told if it is null."""
    if argument.default is inspect.Parameter.empty:
        return {}
    return {"default": UNSET if argument.default is None else argument.default}


def sent_fields(sent: Input | None) -> dict[str, Any]:
    """The fields of an input object that the client sent."""
    return {} if sent is None else dict(vars(sent))


def describe(resolver: Callable[..., Any]) -> str:
    """The description of a field: the resolver's docstring."""
    text = inspect.getdoc(resolver)
    if not text:
        raise TypeError(f"{resolver.__name__} has no docstring, which is its field's description")
    return text
