"""A database that is away: how its errors are known, what a client is told, and that the log is not flooded by it."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Iterable
from typing import NoReturn

import asyncpg
import structlog
from graphql import ExecutionResult, GraphQLError
from tortoise.exceptions import BaseORMException, DBConnectionError

from operations.context import refused_at_the_edge

RETRY_AFTER_SECONDS = 2
LOGGED_EVERY_SECONDS = 1.0

UNREACHED = (
    ConnectionRefusedError,
    FileNotFoundError,  # the socket of a server on this machine
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ReadOnlySQLTransactionError,
    DBConnectionError,
)
"""Errors after which nothing was done for certain: the statement was never begun."""

AWAY = (
    *UNREACHED,
    OSError,  # reset, unreachable, timed out while connecting: `outage_of` tells them from other errors of the system
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.DatabaseDroppedError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""Errors of a database that cannot be used at the moment, through no fault of the request."""

UNREACHABLE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})

log = structlog.get_logger("database")


class OutageLog:
    """One line a second for all that fails meanwhile: a thousand requests that fail alike tell no more than one."""

    def __init__(self) -> None:
        self._next = 0.0
        self._left_out = 0

    def note(self, error: BaseException) -> None:
        """Log this error, or only count it."""
        now = time.monotonic()
        if now < self._next:
            self._left_out += 1
            return
        log.error("database.away", error=type(error).__name__, left_out=self._left_out)
        self._next, self._left_out = now + LOGGED_EVERY_SECONDS, 0


OUTAGES = OutageLog()


def outage_of(error: BaseException | None) -> BaseException | None:
    """The error of a database that is away, found behind what wraps it; None for any other error."""
    while isinstance(error, GraphQLError):
        error = error.original_error
    while isinstance(error, BaseORMException) and error.args and isinstance(error.args[0], BaseException):
        error = error.args[0]
    # asyncpg has an InterfaceError that is a ValueError: a value of ours that does not fit its parameter.
    if not isinstance(error, AWAY) or isinstance(error, ValueError):
        return None
    return error if not isinstance(error, OSError) or is_of_connection(error) else None


def is_of_connection(error: OSError) -> bool:
    """Whether an error of the system is one of a connection; a full disk, say, is a failure of ours."""
    if isinstance(error, ConnectionError | TimeoutError | FileNotFoundError | socket.gaierror):
        return True
    # Where a name has several addresses asyncio tells all that failed in one text, without a number.
    return error.errno in UNREACHABLE or str(error).startswith("Multiple exceptions")


def unavailable() -> GraphQLError:
    """Nothing was done."""
    return refused_at_the_edge(
        "UNAVAILABLE",
        "The database cannot be reached at the moment. Nothing was done; ask again in a moment.",
        retryAfter=RETRY_AFTER_SECONDS,
    )


def unknown_outcome() -> GraphQLError:
    """The connection was lost after a change had begun: perhaps it was kept, perhaps not."""
    return refused_at_the_edge(
        "UNKNOWN_OUTCOME",
        "The database was lost while this was being done, and it is not known whether it was. "
        "Send it again with the same idempotencyKey: then it is done once at most.",
        retryAfter=RETRY_AFTER_SECONDS,
    )


def tell_outage(error: Exception, *, outcome_unknown: bool = False) -> NoReturn:
    """Raise what a client is told in the place of a database's absence, or the error itself if it is another."""
    away = outage_of(error)
    if away is None:
        raise error
    OUTAGES.note(away)
    raise (unknown_outcome() if outcome_unknown else unavailable()) from error


def outage_in(result: ExecutionResult, *, changes: bool) -> GraphQLError | None:
    """The one answer in the place of a result that holds the errors of an absence; None if it holds none.

    Half an answer is told as none: a field that is null since the database was away says nothing about the field.
    """
    found = [away for error in result.errors or () if (away := outage_of(error)) is not None]
    if not found:
        return None
    for away in found:
        OUTAGES.note(away)
    return unknown_outcome() if changes and not nothing_was_done(result, found) else unavailable()


def nothing_was_done(result: ExecutionResult, found: Iterable[BaseException]) -> bool:
    """Whether no field of a mutation can have changed anything: no statement of any of them was begun."""
    return all(isinstance(away, UNREACHED) for away in found) and not has_answered(result)


def has_answered(result: ExecutionResult) -> bool:
    """Whether any field at the root has an answer; of a mutation then something may have been changed."""
    return any(value is not None for value in (result.data or {}).values())
