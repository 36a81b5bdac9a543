"""The one transaction of a mutation: kept whole or not at all, and tried again when PostgreSQL asks for it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
from tortoise.exceptions import IntegrityError, ValidationError

from models.accounts.session_cache import STALE
from models.base.errors import Refusal, Refused
from models.base.statements import transaction
from operations.audit_trail import ChangeEntry, note
from operations.context import Context, busy
from operations.idempotency import RequestKey, answer_once
from operations.refusals import refusal_for, refusal_of_column

TRIES = 4
AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)

Outcome = TypeVar("Outcome")


class MutationTransaction:
    """Commits a verb's change with its session check, its audit entry and its idempotency key: all of them or none.

    It commits when the verb returns and rolls back when it raises. Nothing else commits for a request; the worker's
    jobs and the commands, which have no request, open their own `transaction()`, and a verb that they call for many
    rows opens one for each.
    """

    def __init__(self, context: Context, *, key: RequestKey | None = None) -> None:
        self.context = context
        self.key = key

    async def run(self, verb: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Run the verb, again when PostgreSQL asks for it, and never twice for one key. Raises Refused.

        A verb that raises a refusal changes nothing; one that returns it has its changes committed, as a reused refresh
        token does that ends its session.
        """
        for attempt in range(TRIES):
            try:
                outcome = await self.commit(verb)
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
                await self.context.check_session()
        raise AssertionError("the last try returns or raises")

    async def commit(self, verb: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Try once: run the verb and commit what it has done.

        A verb that opens a session acts as it from there on, for the entry of the audit trail that is written here
        names who acts; that is taken back unless the session is there to stay.
        """
        context = self.context
        signed_in, cached = context.signed_in, context.unchecked_session
        entry = ChangeEntry(context)
        try:
            async with transaction(cached.check if cached else "", extra_row=entry.early) as block:
                try:
                    outcome = await (verb() if self.key is None else answer_once(context, self.key, verb))
                    note(context, outcome)
                    await entry.write()
                finally:
                    if block.has_begun:
                        context.unchecked_session = None
        except BaseException:
            context.signed_in = signed_in
            raise
        context.recorded = entry.students
        return outcome
