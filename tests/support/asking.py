"""Operations sent to the schema itself, as any viewer, by either path: what lies behind the transport."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from typing import Any

from graphql import DocumentNode, ExecutionResult, parse, validate
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connections

from execution import Plans
from models.base.access import Viewer
from models.base.statements import ROW_CLASSES
from operations.context import Context, Environment
from operations.idempotency import Outcome, request_key
from operations.transactions import MutationTransaction
from schema.base.scalars import NATIVE
from schema.root import SCHEMA
from tests.support.world import AT

COMPILED = Plans(SCHEMA, row_classes=ROW_CLASSES, native_scalars=NATIVE)
CORE = Plans(SCHEMA, compiled=False)


@cache
def document_of(text: str) -> DocumentNode:
    """The document, parsed once and found valid."""
    document = parse(text)
    faults = validate(SCHEMA._schema, document)
    assert not faults, (text, faults)
    return document


def context_of(viewer: Viewer | None, *, at: datetime = AT) -> Context:
    """A request of this viewer at this time."""
    return Context(signed_in=viewer, now=at, environment=Environment(clock_is_movable=True))


async def answer(
    text: str, viewer: Viewer | None, *, at: datetime = AT, plans: Plans = COMPILED, **variables: Any
) -> ExecutionResult:
    """The bare result of an operation."""
    return await plans.execute(document_of(text), variables=variables, context=context_of(viewer, at=at))


async def ask(text: str, viewer: Viewer | None, *, at: datetime = AT, plans: Plans = COMPILED, **variables: Any) -> Any:
    """The data of a result without any error."""
    result = await answer(text, viewer, at=at, plans=plans, **variables)
    assert result.errors is None, result.errors
    return result.data


async def do(mutation: str, viewer: Viewer | None, selection: str, *, at: datetime = AT, **fields: Any) -> Any:
    """The payload of one mutation with this `input`."""
    name = mutation[0].upper() + mutation[1:]
    text = (
        f"mutation ($input: {name}Input!) {{ {mutation}(input: $input)"
        f" {{ {selection} userErrors {{ code message field rule fix }} }} }}"
    )
    return (await ask(text, viewer, at=at, input=fields))[mutation]


def codes_of(result: ExecutionResult) -> list[Any]:
    """The codes of a result's errors, in order."""
    return [(error.extensions or {}).get("code") for error in result.errors or []]


async def commit(
    context: Context, verb: Callable[..., Awaitable[Outcome]], *, key: str | None = None, **values: Any
) -> Outcome:
    """What a verb comes to in the transaction of a mutation, with an idempotency key if one is named."""
    request = request_key(key, context.viewer, mutation="Verb", sent={}) if key else None
    return await MutationTransaction(context, key=request).run(lambda: verb(context, **values))


@asynccontextmanager
async def statements_counted() -> AsyncIterator[list[str]]:
    """The statements that the block sends, in order; to be used within one transaction."""
    sent: list[str] = []
    client: BaseDBAsyncClient = get_connections().get("default")
    async with client.acquire_connection() as connection:
        raw = connection

    def note(record: Any) -> None:
        sent.append(record.query)

    with raw.query_logger(note):
        yield sent
