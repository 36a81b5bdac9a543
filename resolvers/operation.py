"""The edge of every operation: who may, one transaction, refusals to user errors, retries. Nothing else commits."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from typing import Any

import asyncpg
import orjson
import strawberry
from graphql import GraphQLError
from tortoise.exceptions import IntegrityError, ValidationError

from execution import INFO, Batched, Computed, Derived, Kind, Selection, Single, signed
from models.accounts.remembered import STALE
from models.base import idempotency
from models.base.access import Entity, Viewer
from models.base.errors import CONSTRAINTS, Code, Refusal, Refused
from models.base.statements import along, column_of, transaction
from resolvers.answers import restored, snapshot
from resolvers.arguments import Argument, Text, arguments_of, camel, paged, parsed
from resolvers.auditing import ChangeEntry
from resolvers.context import (
    Context,
    bad_input,
    busy,
    forbidden,
    refused_at_the_edge,
    second_factor_required,
    unauthenticated,
)
from resolvers.declaring import ANYONE, Audience, declared, describe, input_type, parameters_of, sent_fields
from resolvers.paging import PAGE_ARGUMENTS, PageRequest

TRIES = 4
IDEMPOTENCY = Argument(
    name="idempotency_key",
    kind=str | None,
    description="A text of your own, new for each new request. Sent again with the same input within 24 h it is "
    "answered again without doing anything twice.",
    default=None,
    text=Text(200, one_line=True),
)
AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)


def query(resolver: Callable[..., Awaitable[Any]], *, allow: Audience, before_second_factor: bool = False) -> Any:
    """A root field: its audience, its arguments from the resolver's signature, its description from the docstring.

    `before_second_factor` opens it to a session that still has to enrol its second factor (ID-1).
    """
    arguments = arguments_of(resolver)
    page = paged(resolver)

    async def resolve(context: Context, parent: Any, selection: Selection, *, asked: Asked) -> Any:
        admit(context, allow, before_second_factor=before_second_factor)
        try:
            return await resolver(context, selection, **asked.values())
        except Refusal as refusal:
            raise refused_at_the_edge(refusal.code, refusal.message, rule=refusal.rule, fix=refusal.fix) from None

    kind = Single(resolve, prepare=reader(arguments, page), defers=True)
    return declared(kind, arguments, describe(resolver), allow)


def relation(kind: Kind, description: str, *, allow: Audience | None = None) -> Any:
    """A field below an object that was found through `visible_to`; `allow` narrows it to some roles."""
    if isinstance(kind, Computed | Derived):
        return declared(kind if allow is None else restricted(kind, allow), (), description, allow)
    arguments = arguments_of(kind.resolve) if isinstance(kind, Batched | Single) else ()
    if not arguments and allow is None:
        return declared(kind, (), description, None)
    assert isinstance(kind, Batched), "a relation with arguments is batched"
    page = paged(kind.resolve)

    async def resolve(context: Context, parents: list[Any], selection: Selection, *, asked: Asked) -> list[Any]:
        if allow is not None:
            admit(context, allow)
        return await kind.resolve(context, parents, selection, **asked.values())

    batched = Batched(resolve, kind.needs, reader(arguments, page), defers=kind.defers)
    return declared(batched, arguments, description, allow)


def restricted(kind: Computed | Derived, allow: Audience) -> Batched:
    """A calculated field that only some roles may read."""

    async def resolve(context: Context, parents: list[Any], selection: Selection) -> list[Any]:
        admit(context, allow)
        if isinstance(kind, Derived):
            return [kind.function(value) for value in column_of(parents, kind.attribute)]
        return [kind.function(parent) for parent in parents]

    return Batched(resolve, kind.needs)


def mutation(
    resolver: Callable[..., Awaitable[Any]],
    *,
    answers: Any,
    allow: Audience,
    idempotent: bool = True,
    before: Callable[..., Awaitable[Any]] | None = None,
    before_second_factor: bool = False,
) -> Any:
    """One mutation: audience, one `input`, one transaction, its payload `answers` or user errors.

    `idempotent=False` is for answers that must not be kept, such as tokens. What takes long without the database, as
    hashing a password does, is done by `before`, with the same values and outside of the transaction; its result is
    the resolver's second positional argument. `before_second_factor` is as in `query`.
    """
    arguments = arguments_of(resolver)
    shown = (*arguments, IDEMPOTENCY) if idempotent and allow is not ANYONE else arguments
    verb = answers.verb

    async def resolve(context: Context, parent: Any, selection: Selection, **given: Any) -> Any:
        admit(context, allow, before_second_factor=before_second_factor)
        sent = sent_fields(given.get("input"))
        values, faults = parsed(shown, sent, under=["input"])
        if faults:
            return answers.refused(faults)
        sent.pop(IDEMPOTENCY.name, None)
        key = values.pop(IDEMPOTENCY.name, None)
        try:
            ready = resolver
            if before is not None:
                await context.prove()
                ready = prepared(resolver, await before(context, **values))
            result = await once(context, ready, values, name=verb, key=key or None, asked=sent)
        except Refused as refused:
            return answers.refused(under_input(refused.refusals))
        except Refusal as refusal:
            return answers.refused(under_input([refusal]))
        note(context, result)
        return answers.of(result)

    field_type = input_type(f"{verb}Input", shown, describe(resolver))
    input_argument = Argument(name="input", kind=field_type, description="What to do.")
    return declared(Single(resolve), (input_argument,) if shown else (), describe(resolver), allow, answers | None)


def prepared(resolver: Callable[..., Awaitable[Any]], ready: Any) -> Callable[..., Awaitable[Any]]:
    """The resolver, given what was made ready before its transaction."""

    async def resolve(context: Context, **values: Any) -> Any:
        return await resolver(context, ready, **values)

    return resolve


async def once(
    context: Context,
    resolver: Callable[..., Awaitable[Any]],
    values: Mapping[str, Any],
    *,
    name: str,
    key: str | None,
    asked: Any,
) -> Any:
    """Run a verb in one transaction, again when PostgreSQL asks for it, and never twice for one key. Raises Refused.

    A verb that raises a refusal changes nothing; one that returns it has its changes committed, as a reused refresh
    token does that ends its session.
    """
    for attempt in range(TRIES):
        try:
            async with nobody_new_unless_committed(context), transaction(proof_of(context)) as work:
                entry = ChangeEntry(context)
                try:
                    if key is None:
                        with along(work, entry.early):
                            outcome = await resolver(context, **values)
                    else:
                        same = digest(context.viewer, name, asked)
                        outcome = await with_key(context, resolver, values, key=key, asked=same)
                    note(context, outcome)
                    await entry.write()
                finally:
                    if work.has_begun:
                        context.unproved = None
            context.recorded = entry.students
            if isinstance(outcome, Refused):
                raise outcome
            return outcome
        except Refusal as refusal:
            raise Refused([refusal]) from None
        except (IntegrityError, asyncpg.IntegrityConstraintViolationError) as violation:
            raise Refused([refusal_for(violation)]) from violation
        except ValidationError as unfit:
            raise Refused([refusal_of_column(unfit)]) from None
        except AGAIN as crowd:
            if attempt == TRIES - 1:
                raise busy() from crowd
            await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 — jitter, not a secret
        except asyncpg.PostgresError as error:
            if error.sqlstate != STALE:
                raise
            await context.prove()
    raise AssertionError("the last try returns or raises")


def proof_of(context: Context) -> str:
    """What the first statement says to prove a session that this process only remembers; nothing if none is to be."""
    return context.unproved.proof if context.unproved else ""


@contextlib.asynccontextmanager
async def nobody_new_unless_committed(context: Context) -> AsyncIterator[None]:
    """Let a verb that opens a session act as it from there on, and take that back unless the session is there to stay.

    It is set inside of the transaction, as the entry of the audit trail that is written there names who acts.
    """
    before = context.signed_in
    try:
        yield
    except BaseException:
        context.signed_in = before
        raise


async def with_key(
    context: Context, resolver: Callable[..., Awaitable[Any]], values: Mapping[str, Any], *, key: str, asked: bytes
) -> Any:
    """The verb's outcome, or the one that was kept for this key; a refusal is kept too."""
    account = context.viewer.account_id
    kept = await idempotency.claim(account, key, asked=asked, at=context.now)
    if kept is not None:
        return restored(kept)
    outcome: Any
    try:
        async with transaction():
            outcome = await resolver(context, **values)
    except Refused as refused:
        outcome = refused
    except Refusal as refusal:
        outcome = Refused([refusal])
    except (IntegrityError, asyncpg.IntegrityConstraintViolationError) as violation:
        outcome = Refused([refusal_for(violation)])
    await idempotency.keep(account, key, answer=snapshot(outcome))
    return outcome


def note(context: Context, result: Any) -> None:
    """Note whose records a mutation answers, for the audit trail (ID-6)."""
    for value in result.values() if isinstance(result, dict) else (result,):
        if isinstance(value, Entity):
            context.touch(type(value), [value])


def subscription(source: Callable[..., AsyncIterator[Any]], *, allow: Audience) -> Any:
    """A root field of Subscription: `source(context, **arguments)` yields the values."""
    arguments = arguments_of(source)

    async def resolve(info: strawberry.Info, **given: Any) -> AsyncIterator[Any]:
        context: Context = info.context
        admit(context, allow)
        return source(context, **read_arguments(arguments, None, given))

    resolver = signed(resolve, (INFO, *parameters_of(arguments)))
    return strawberry.subscription(resolver=resolver, description=describe(source), metadata={"audience": allow})


def admit(context: Context, allow: Audience, *, before_second_factor: bool = False) -> None:
    """Refuse who is not in the audience, and who still has to enrol a second factor (ID-1)."""
    if allow == ANYONE:
        return
    if context.signed_in is None:
        raise unauthenticated()
    if context.signed_in.needs_second_factor and not before_second_factor:
        raise second_factor_required()
    if context.signed_in.role not in allow:
        raise forbidden()


class Asked:
    """The arguments of one field, read once for as long as they are the same; what is wrong with them is told later.

    Who may ask at all is looked at before that.
    """

    __slots__ = ("_arguments", "_given", "_page", "_values")

    def __init__(self, arguments: tuple[Argument, ...], page: str | None, given: dict[str, Any]) -> None:
        self._arguments, self._page, self._given = arguments, page, given
        self._values: dict[str, Any] | None = None
        with contextlib.suppress(GraphQLError):
            self._values = read_arguments(arguments, page, given)

    def values(self) -> dict[str, Any]:
        """The resolver's own values; nobody changes them. Raises BAD_INPUT."""
        if self._values is None:
            return read_arguments(self._arguments, self._page, self._given)
        return self._values


def reader(arguments: tuple[Argument, ...], page: str | None) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What makes `asked` of a field's arguments."""
    return lambda given: {"asked": Asked(arguments, page, given)}


def read_arguments(arguments: tuple[Argument, ...], page: str | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """The resolver's own values; all faults of form in one error."""
    values, faults = parsed(arguments, given)
    if faults:
        raise bad_input(
            " ".join(fault.message for fault in faults), arguments=[".".join(fault.path) for fault in faults]
        )
    if page is not None:
        values[page] = PageRequest(**{name: values.pop(name, None) for name, _, _ in PAGE_ARGUMENTS})
    return values


def under_input(refusals: Collection[Refusal]) -> list[Refusal]:
    """The refusals with paths as clients see them: below `input`."""
    return [
        Refusal(
            r.code, r.message, rule=r.rule, path=r.path if r.path[:1] == ("input",) else ("input", *r.path), fix=r.fix
        )
        if r.path
        else r
        for r in refusals
    ]


def refusal_for(violation: Exception) -> Refusal:
    """What a violated constraint means to a person. An unknown one is a fault of ours and is raised."""
    cause = violation.args[0] if isinstance(violation, IntegrityError) else violation
    name = getattr(cause, "constraint_name", None)
    if name not in CONSTRAINTS:
        raise violation
    return CONSTRAINTS[name]


def refusal_of_column(unfit: ValidationError) -> Refusal:
    """What it means that a value does not fit its column; arguments say their bounds, this is for one that does not."""
    column, _, _ = str(unfit).partition(":")
    return Refusal(Code.INVALID, "This value does not fit its place.", path=[camel(column)], fix="Shorten it.")


def digest(viewer: Viewer, name: str, asked: Any) -> bytes:
    """What was asked and under which membership, as 32 bytes to compare: no answer leaves the membership it is for."""
    whole = [viewer.membership_id, name, asked]
    return hashlib.sha256(orjson.dumps(whole, default=str, option=orjson.OPT_SORT_KEYS)).digest()


def found(row: Any, what: str, *, path: Collection[str] = ("id",)) -> Any:
    """The row, or the refusal that there is none."""
    if row is None:
        raise Refusal(
            Code.NOT_FOUND, f"There is no such {what}.", path=list(path), fix="Check the id, or read the list again."
        )
    return row


async def find(context: Context, model: type[Entity], id: Any, *, path: str) -> Any:
    """The visible row of `model` with this id, as a model instance to call a verb on. Raises NOT_FOUND."""
    row = found(await model.visible_to(context.viewer).get_or_none(id=id), model.__name__.lower(), path=[path])
    context.touch(model, [row])
    return row
