"""Fields that read: root queries, relations below an object, and subscriptions, each with its audience."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import strawberry

from execution import INFO, Batched, Computed, Derived, Kind, Selection, Single, signed
from models.base.errors import Refusal
from models.base.scopes import OPEN, Needed
from models.base.statements import column_of
from operations.admission import admit
from operations.arguments import ParsedArguments, arguments_of, paged, read_arguments, reader
from operations.context import Context, refused_at_the_edge
from operations.fields import Audience, declared, describe, must_have_scope, parameters_of


def query(
    resolver: Callable[..., Awaitable[Any]],
    *,
    allow: Audience,
    scope: Needed = None,
    before_second_factor: bool = False,
) -> Any:
    """A root field: its audience, its arguments from the resolver's signature, its description from the docstring.

    `before_second_factor` opens it to a session that still has to enrol its second factor (ID-1). `scope` is what a
    machine's key has to be for; without one no key gets in (ID-5).
    """
    must_have_scope(resolver.__name__, allow, scope)
    arguments = arguments_of(resolver)
    page = paged(resolver)

    async def resolve(context: Context, parent: Any, selection: Selection, *, parsed: ParsedArguments) -> Any:
        admit(context, allow, scope=scope, before_second_factor=before_second_factor)
        try:
            return await resolver(context, selection, **parsed.values())
        except Refusal as refusal:
            raise refused_at_the_edge(refusal.code, refusal.message, rule=refusal.rule, fix=refusal.fix) from None

    kind = Single(resolve, prepare=reader(arguments, page), defers=True)
    return declared(kind, arguments, describe(resolver), allow, scope=scope)


def relation(kind: Kind, description: str, *, allow: Audience | None = None, scope: Needed = OPEN) -> Any:
    """A field below an object that was found within the viewer's reach; `allow` narrows it to some roles.

    Rows ask for their own scope; `scope` is for what is calculated without any.
    """
    if isinstance(kind, Computed | Derived):
        return declared(kind if allow is None else restricted(kind, allow), (), description, allow)
    arguments = arguments_of(kind.resolve) if isinstance(kind, Batched | Single) else ()
    if not arguments and allow is None:
        return declared(kind, (), description, None)
    assert isinstance(kind, Batched), "a relation with arguments is batched"
    page = paged(kind.resolve)

    async def resolve(
        context: Context, parents: list[Any], selection: Selection, *, parsed: ParsedArguments
    ) -> list[Any]:
        if allow is not None:
            admit(context, allow, scope=scope)
        return await kind.resolve(context, parents, selection, **parsed.values())

    batched = Batched(resolve, kind.needs, reader(arguments, page), defers=kind.defers)
    return declared(batched, arguments, description, allow)


def restricted(kind: Computed | Derived, allow: Audience) -> Batched:
    """A calculated field that only some roles may read."""

    async def resolve(context: Context, parents: list[Any], selection: Selection) -> list[Any]:
        admit(context, allow, scope=OPEN)
        if isinstance(kind, Derived):
            return [kind.function(value) for value in column_of(parents, kind.attribute)]
        return [kind.function(parent) for parent in parents]

    return Batched(resolve, kind.needs)


def subscription(source: Callable[..., AsyncIterator[Any]], *, allow: Audience, scope: Needed = None) -> Any:
    """A root field of Subscription: `source(context, **arguments)` yields the values; `scope` is as in `query`."""
    must_have_scope(source.__name__, allow, scope)
    arguments = arguments_of(source)

    async def resolve(info: strawberry.Info, **given: Any) -> AsyncIterator[Any]:
        context: Context = info.context
        admit(context, allow, scope=scope)
        return source(context, **read_arguments(arguments, None, given))

    resolver = signed(resolve, (INFO, *parameters_of(arguments)))
    return strawberry.subscription(
        resolver=resolver, description=describe(source), metadata={"audience": allow, "scope": scope}
    )
