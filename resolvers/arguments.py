"""A resolver's keyword arguments are its GraphQL arguments: `name: Annotated[type, Model?, "what it is"] = default`.

An id is declared as `Annotated[UUID, Model, "…"]`: clients send a TypeID of that model, the resolver gets its UUID.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import strawberry
from strawberry.types.unset import UNSET

from models.access import Entity
from models.errors import Code, Refusal
from models.ids import MalformedIdError, decode
from resolvers.paging import PAGE_ARGUMENTS, PageRequest

REQUIRED: Any = inspect.Parameter.empty


@dataclass(frozen=True, kw_only=True, slots=True)
class Argument:
    """One argument of a field: what clients send, and the model whose id it is, if it is one."""

    name: str
    kind: Any
    description: str
    default: Any = REQUIRED
    model: type[Entity] | None = None
    many: bool = False

    @property
    def parameter(self) -> inspect.Parameter:
        """The argument as part of the signature that strawberry reads."""
        annotation: Any = Annotated.__class_getitem__((self.kind, strawberry.argument(description=self.description)))  # type: ignore[attr-defined]
        return inspect.Parameter(self.name, inspect.Parameter.KEYWORD_ONLY, default=self.default, annotation=annotation)

    def parse(self, value: Any) -> Any:
        """The value as the resolver takes it. Raises MalformedIdError."""
        if self.model is None or value is None:
            return value
        if self.many:
            return [decode(self.model.PREFIX, item) for item in value]
        return decode(self.model.PREFIX, value)


def arguments_of(resolver: Callable[..., Any]) -> tuple[Argument, ...]:
    """The GraphQL arguments of a resolver, read from its keyword-only parameters."""
    hints = get_type_hints(resolver, include_extras=True)
    found: list[Argument] = []
    for parameter in inspect.signature(resolver).parameters.values():
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            continue
        if hints[parameter.name] is PageRequest:
            found.extend(
                Argument(name=name, kind=type_, description=description, default=None)
                for name, type_, description in PAGE_ARGUMENTS
            )
        else:
            found.append(read(parameter, hints[parameter.name]))
    return tuple(found)


def read(parameter: inspect.Parameter, hint: Any) -> Argument:
    """One argument from one annotated parameter."""
    if get_origin(hint) is not Annotated:
        raise TypeError(f"the argument {parameter.name} says nothing about itself: annotate it with a description")
    declared, *about = get_args(hint)
    description = next(item for item in about if isinstance(item, str))
    model = next((item for item in about if isinstance(item, type) and issubclass(item, Entity)), None)
    return Argument(
        name=parameter.name,
        kind=as_id(declared) if model else declared,
        description=description,
        default=parameter.default,
        model=model,
        many=get_origin(declared) is list,
    )


def as_id(declared: Any) -> Any:
    """The same shape with GraphQL's ID in the place of UUID."""
    if declared is UUID:
        return strawberry.ID
    origin, inner = get_origin(declared), get_args(declared)
    if origin is list:
        return list[as_id(inner[0])]  # type: ignore[misc]
    if origin in (Union, UnionType) and NoneType in inner:
        return as_id(next(item for item in inner if item is not NoneType)) | None
    raise TypeError(f"{declared} is no id")


def parsed(
    arguments: Sequence[Argument], given: Mapping[str, Any], *, under: Sequence[str] = ()
) -> tuple[dict[str, Any], list[Refusal]]:
    """The values as the resolver takes them, and everything that is wrong with their form, at once."""
    values: dict[str, Any] = {}
    faults: list[Refusal] = []
    for argument in arguments:
        value = given.get(argument.name, UNSET)
        if value is UNSET:
            if argument.default is REQUIRED:
                continue
            value = argument.default
        try:
            values[argument.name] = argument.parse(value)
        except MalformedIdError as fault:
            path = [*under, camel(argument.name)]
            faults.append(
                Refusal(
                    Code.INVALID,
                    f"This is {fault}." if str(fault).startswith("not") else f"Wrong kind of id: {fault}.",
                    path=path,
                    fix="Send the id as it was read from the API.",
                )
            )
    return values, faults


def paged(resolver: Callable[..., Any]) -> str | None:
    """The name of the parameter that takes the page request, if the resolver answers a connection."""
    hints = get_type_hints(resolver, include_extras=True)
    return next((name for name, hint in hints.items() if hint is PageRequest), None)


def camel(name: str) -> str:
    """A Python name as clients write it."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
