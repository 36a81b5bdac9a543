"""A database of a module's own, filled once, and transactions in it that leave nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connections

from database import connected
from models.base.statements import transaction
from settings import Settings
from tests.support.postgres import copy_of_template, settings_for


class _UndoneError(Exception):
    """Leaves a transaction, so that nothing of it stays."""


@asynccontextmanager
async def own_database(postgres: str, *, pool_size: int = 10, **changes: object) -> AsyncIterator[Settings]:
    """A fresh database, open for the ORM, with real commits; dropped afterwards."""
    async with copy_of_template(postgres) as url:
        settings = settings_for(url, pool_size=pool_size, **changes)
        async with connected(settings):
            yield settings


@asynccontextmanager
async def undone() -> AsyncIterator[BaseDBAsyncClient]:
    """A transaction that is rolled back at its end; transactions inside become savepoints."""
    try:
        async with transaction() as connection:
            yield connection
            raise _UndoneError
    except _UndoneError:
        pass


@asynccontextmanager
async def statements_sent() -> AsyncIterator[list[str]]:
    """All that the pool's connections send within the block, but for the clock that a test server can move."""
    sent: list[str] = []

    def note(record: Any) -> None:
        if "demo_clock" not in record.query:
            sent.append(record.query)

    pool = get_connections().get("default")._pool
    connections = [*pool._idle, *pool._used]
    for connection in connections:
        connection.add_query_logger(note)
    try:
        yield sent
        await asyncio.sleep(0)  # a connection tells of its statements in the next tick
    finally:
        for connection in connections:
            connection.remove_query_logger(note)
