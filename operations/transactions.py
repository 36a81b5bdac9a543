"""The one transaction of a mutation: kept whole or not at all, and tried again when PostgreSQL asks for it."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import asyncpg
from tortoise.exceptions import IntegrityError, ValidationError

from models.accounts.remembered import STALE
from models.base.errors import Refusal, Refused
from models.base.statements import along, transaction
from operations.auditing import ChangeEntry, note
from operations.context import (
    Context,
    busy,
)
from operations.idempotency import digest, with_key
from operations.refusals import refusal_for, refusal_of_column

TRIES = 4


AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)


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
