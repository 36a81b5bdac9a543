"""The pool itself: connections on a stack, each looked at for what was left behind, and cleaned in the background.

asyncpg's own pool spends two to three times as long on taking and giving back as on a keyed statement.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextvars import Context as TaskContext
from typing import Any

import asyncpg
from asyncpg.protocol import Protocol

# How many prepared statements a connection keeps, and for how many seconds (0: as long as it lives). asyncpg's own 100
# are a cliff: a program with more texts than that prepares, and closes, one for nearly every statement it sends.
STATEMENTS_KEPT = 1_000
STATEMENT_SECONDS = 0
CLEANING_SECONDS = 10
CLOSING_SECONDS = 5
# How an error begins, and what marks one behind which the server ends the connection; clients cannot write a zero byte.
ERROR = ord("E")
LAST_WORDS = (b"\0VFATAL\0", b"\0VPANIC\0")
RECEIVE = Protocol.data_received


class Watchful(Protocol):  # type: ignore[misc]
    """Closes a connection as soon as its server has said goodbye or hung up.

    By itself asyncpg takes the farewell on an idle connection for a message out of turn, and the connection for open
    until its socket closes: milliseconds, in which whoever takes it fails with `InternalClientError`.
    """

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        """Take in what the server sent; behind a fatal error it sends nothing more."""
        RECEIVE(self, data)
        if data[0] == ERROR and any(words in data for words in LAST_WORDS):
            self.abort()

    def eof_received(self) -> None:
        """The server hung up without a word."""
        self.abort()


class Pool:
    """At most so many connections; who finds none free waits in line."""

    def __init__(self, *, min_size: int, max_size: int, **arguments: Any) -> None:
        self.min_size = min_size
        self.max_size = max_size
        self._arguments = arguments
        self._idle: list[Any] = []
        self._used: set[Any] = set()
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._opening = 0
        self._cleaning: set[asyncio.Task[None]] = set()
        self._closed = False
        self._emptied: asyncio.Future[None] | None = None

    async def open(self) -> Pool:
        """Make the first connections."""
        self._idle = list(await asyncio.gather(*(self._connect() for _ in range(self.min_size))))
        return self

    @property
    def size(self) -> int:
        """How many connections there are or soon will be."""
        return len(self._idle) + len(self._used) + self._opening + len(self._cleaning)

    @property
    def used(self) -> int:
        """How many connections are given out."""
        return len(self._used)

    @property
    def waiting(self) -> int:
        """How many tasks wait for a connection."""
        return len(self._waiting)

    def take(self) -> Any | None:
        """An idle connection, at once, if there is one."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                self._used.add(connection)
                return connection
        return None

    async def acquire(self) -> Any:
        """A connection of one's own until it is released."""
        connection = self.take()
        if connection is not None:
            return connection
        if self._closed:
            raise asyncpg.InterfaceError("the pool is closed")
        if self.size < self.max_size:
            return await self._opened()
        return await self._waited()

    async def release(self, connection: Any) -> None:
        """Give a connection back; Tortoise waits for it, although there is nothing to wait for."""
        self.give_back(connection)

    def give_back(self, connection: Any) -> None:
        """Give a connection back; one that is not as it was goes through cleaning first."""
        if connection not in self._used:
            return
        self._used.discard(connection)
        if self._closed or is_left_behind(connection):
            task = asyncio.get_running_loop().create_task(self._clean(connection), context=TaskContext())
            self._cleaning.add(task)
            task.add_done_callback(self._cleaned)
        else:
            self._hand_on(connection)

    async def close(self) -> None:
        """Close the idle connections and wait for the others to be released; Tortoise sets the time for it."""
        self._closed = True
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(asyncpg.InterfaceError("the pool is closed"))
        await self.expire_connections()
        if self._used or self._cleaning:
            self._emptied = asyncio.get_running_loop().create_future()
            await self._emptied

    def terminate(self) -> None:
        """Cut all connections."""
        self._closed = True
        for connection in (*self._idle, *self._used):
            connection.terminate()
        self._idle.clear()
        self._used.clear()

    async def expire_connections(self) -> None:
        """Let idle connections go, so that new ones take their place; one that does not close in time is cut."""
        idle, self._idle = self._idle, []
        try:
            closings = (connection.close(timeout=CLOSING_SECONDS) for connection in idle)
            await asyncio.gather(*closings, return_exceptions=True)
        finally:  # whatever held one up, or who closes: none is left behind open
            for connection in idle:
                connection.terminate()

    async def _connect(self) -> Any:
        connection = await asyncpg.connect(
            **self._arguments,
            statement_cache_size=STATEMENTS_KEPT,
            max_cached_statement_lifetime=STATEMENT_SECONDS,
        )
        protocol = connection._protocol
        protocol.__class__ = Watchful
        connection._transport.set_protocol(protocol)  # uvloop keeps what a protocol does with data
        return connection

    async def _opened(self) -> Any:
        self._opening += 1
        try:
            connection = await self._connect()
        except BaseException:
            self._opening -= 1
            self._make_room()
            raise
        self._opening -= 1
        self._used.add(connection)
        return connection

    async def _waited(self) -> Any:
        waiter: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            connection = await waiter
        except asyncio.CancelledError:
            self._decline(waiter)
            raise
        return connection if connection is not None else await self.acquire()

    def _decline(self, waiter: asyncio.Future[Any]) -> None:
        """Who waited has gone: what they were just being given is for the next."""
        if waiter in self._waiting:
            self._waiting.remove(waiter)
        elif waiter.done() and not waiter.cancelled() and waiter.exception() is None:
            connection = waiter.result()
            if connection is None:
                self._make_room()
            else:
                self._used.discard(connection)
                self._hand_on(connection)

    def _hand_on(self, connection: Any) -> None:
        """To who waits longest, or onto the stack."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                self._used.add(connection)
                waiter.set_result(connection)
                return
        self._idle.append(connection)

    def _make_room(self) -> None:
        """A place has become free without a connection: let who waits longest open a new one."""
        while self._waiting and self.size < self.max_size:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    async def _clean(self, connection: Any) -> None:
        """Wait until a cancelled statement is over and end what it left open; cut the connection if that fails."""
        try:
            if not connection.is_closed() and not self._closed:
                async with asyncio.timeout(CLEANING_SECONDS):
                    if connection._protocol._is_cancelling():
                        await connection._protocol._wait_for_cancellation(None)
                    connection._top_xact = None
                    if connection.is_in_transaction():
                        await connection.execute("ROLLBACK")
                    await connection.reset()
        except (Exception, asyncio.CancelledError):
            connection.terminate()
        if connection.is_closed() or self._closed:
            connection.terminate()
        else:
            self._hand_on(connection)

    def _cleaned(self, task: asyncio.Task[None]) -> None:
        self._cleaning.discard(task)
        self._make_room()
        if self._emptied is not None and not self._emptied.done() and not self._used and not self._cleaning:
            self._emptied.set_result(None)


def is_left_behind(connection: Any) -> bool:
    """Whether somebody left a connection otherwise than they found it: closed, in a transaction, being cancelled."""
    protocol = connection._protocol
    return bool(
        connection._aborted
        or not protocol.is_connected()
        or protocol.is_in_transaction()
        or protocol._is_cancelling()
        or connection._top_xact is not None
        or connection._listeners
    )
