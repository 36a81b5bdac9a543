"""What Tortoise, and statements by hand, ask for a connection."""

from __future__ import annotations

from typing import Any

from tortoise.backends.asyncpg.client import AsyncpgDBClient
from tortoise.backends.base.client import TransactionContext

from database.pool.connections import Pool
from database.pool.transactions import Transaction, Work


class Borrowed:
    """A connection for the length of a block."""

    __slots__ = ("_client", "_connection", "_pool")

    def __init__(self, client: Client) -> None:
        self._client = client

    async def __aenter__(self) -> Any:
        if self._client._pool is None:
            await self._client.open_once()
        pool: Any = self._client._pool
        self._pool = pool
        self._connection = pool.take() or await pool.acquire()
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        self._pool.give_back(self._connection)


class Client(AsyncpgDBClient):
    """Tortoise's client on the thin pool."""

    opening = ""
    """What is still to be said before the first statement: nothing, outside of a transaction."""

    companion = None
    """What gives a row that the first write is to take along: nothing, outside of a transaction."""

    def acquire_connection(self) -> Any:
        """A connection for the length of a block."""
        return Borrowed(self)

    async def call(self, method: str, statement: str, *values: Any, **options: Any) -> Any:
        """What a method of asyncpg's connection answers to a statement, on whichever connection is free."""
        if self._pool is None:
            await self.open_once()
        pool: Any = self._pool
        connection = pool.take() or await pool.acquire()
        try:
            return await getattr(connection, method)(statement, *values, **options)
        finally:
            pool.give_back(connection)

    async def open_once(self) -> None:
        """Open the pool, whoever comes first."""
        async with self._pool_init_lock:
            if self._pool is None:
                await self.create_connection(with_db=True)

    async def create_pool(self, **kwargs: Any) -> Any:
        """Open the pool."""
        pool_arguments = {name: value for name, value in kwargs.items() if name not in ("loop", "connection_class")}
        return await Pool(**pool_arguments).open()

    def _in_transaction(self) -> TransactionContext:
        """A transaction on a connection of its own."""
        return Transaction(Work(self), self._pool_init_lock)
