"""What Tortoise, and statements by hand, ask for a connection; transactions on one, and the savepoints inside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asyncpg.transaction import TransactionState
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import NestedTransactionContext, TransactionContext, TransactionContextPooled
from tortoise.connection import get_connections

from database.pool.connections import Pool

ExtraRow = Callable[[], Any]
"""Gives the row that the first write of a transaction takes along, or None."""


class PooledConnection:
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

    def acquire_connection(self) -> Any:
        """A connection for the length of a block."""
        return PooledConnection(self)

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

    def take_extra_row(self) -> Any:
        """The row that the next write is to take along: none, outside of a transaction."""
        return None

    def block(self, opening: str = "", extra_row: ExtraRow | None = None) -> TransactionContext:
        """A transaction on a connection of its own."""
        return TransactionBlock(TransactionClient(self, opening, extra_row), self._pool_init_lock)

    def _in_transaction(self) -> TransactionContext:
        """The same, for what Tortoise does in a transaction by itself."""
        return self.block()


class TransactionClient(TransactionWrapper):
    """A transaction that begins with its first statement: nothing is sent before there is something to do.

    `opening`, statements without parameters, travels in one message with BEGIN. The first write takes along the row
    that `extra_row` gives then.
    """

    def __init__(self, client: Client, opening: str, extra_row: ExtraRow | None) -> None:
        super().__init__(client)
        self.opening = f"BEGIN;{opening}"
        self.has_begun = False
        self._extra_row = extra_row

    def acquire_connection(self) -> Any:
        """The transaction's connection for the length of a statement; others of the same task's family wait."""
        return ExclusiveConnection(self)

    async def call(self, method: str, statement: str, *values: Any, **options: Any) -> Any:
        """What a method of asyncpg's connection answers to a statement, within the transaction."""
        async with ExclusiveConnection(self) as connection:
            return await getattr(connection, method)(statement, *values, **options)

    def take_extra_row(self) -> Any:
        """The row that this write is to take along: none, unless it is the first."""
        give, self._extra_row = self._extra_row, None
        return give() if give is not None else None

    async def begin(self) -> None:
        """Nothing yet."""

    async def execute_first(self, statement: str) -> str:
        """Run a statement without parameters, in one message with what begins the transaction; what became of it."""
        async with self._lock:
            return await self.open(statement)

    async def open(self, statement: str = "") -> str:
        """Begin, in one message with a statement without parameters; the caller holds the lock."""
        opening, self.opening = self.opening, ""
        self.transaction = self._connection.transaction()
        # As its `start` would leave it, whatever comes of it: a ROLLBACK is due, and savepoints stand inside.
        self.transaction._state = TransactionState.STARTED
        self._connection._top_xact = self.transaction
        status: str = await self._connection.execute(opening + statement)
        self.has_begun = True
        return status

    async def commit(self) -> None:
        """End it; one that never began has nothing to end."""
        if self.transaction is not None:
            await super().commit()
        self._finalized = True

    async def rollback(self) -> None:
        """Undo it; one that never began has nothing to undo."""
        if self.transaction is not None:
            await super().rollback()
        self._finalized = True

    def block(self, opening: str = "", extra_row: ExtraRow | None = None) -> TransactionContext:
        """A savepoint; it takes no extra row along, which would be undone with it."""
        return NestedTransactionContext(Savepoint(self, opening))

    def _in_transaction(self) -> TransactionContext:
        """The same, for what Tortoise does in a transaction by itself."""
        return self.block()


class Savepoint(TransactionWrapper):
    """A part of a transaction that can be undone alone; its statements go through the transaction's own client."""

    def __init__(self, client: TransactionClient, opening: str) -> None:
        super().__init__(client)
        self.opening = opening
        self.has_begun = False

    async def begin(self) -> None:
        """Set the savepoint, in a transaction that has begun."""
        async with self._parent.acquire_connection() as connection:
            await super().begin()
            if self.opening:
                await connection.execute(self.opening)
        self.has_begun = True


class ExclusiveConnection:
    """The connection of a transaction, for one statement at a time."""

    __slots__ = ("_client",)

    def __init__(self, client: TransactionClient) -> None:
        self._client = client

    async def __aenter__(self) -> Any:
        client = self._client
        await client._lock.acquire()
        if client.opening:
            try:
                await client.open()
            except BaseException:
                client._lock.release()
                raise
        return client._connection

    async def __aexit__(self, *_: object) -> None:
        self._client._lock.release()


class TransactionBlock(TransactionContextPooled):
    """The block of a transaction, with the one connection that it has from the pool."""

    async def __aenter__(self) -> Any:
        """Take a connection."""
        await self.ensure_connection()
        pool: Any = self.client._parent._pool
        self.client._connection = await pool.acquire()
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client
