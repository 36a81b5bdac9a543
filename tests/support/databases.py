"""A database of a module's own, filled once, and transactions in it that leave nothing behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.transactions import in_transaction

from database import connected
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
        async with in_transaction() as connection:
            yield connection
            raise _UndoneError
    except _UndoneError:
        pass
