"""What WebSocket and server-sent events share: bounded outgoing queues, counted connections, and a watch on tokens."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from graphql import ExecutionResult, GraphQLError, OperationType

from transport.documents import DocumentRefused
from transport.engine import Engine
from transport.errors import Code, all_told, log_unexpected, masked, refusal
from transport.limits import Limits
from transport.operations import Operations, ReadyOperation, result_body, with_codes

CONTROL_MESSAGES_MAX = 200  # pongs, errors and completes a client may leave unread


class SendQueue:
    """A queue of messages to one client that never grows beyond its bounds."""

    def __init__(self, limits: Limits) -> None:
        self.messages_max = limits.queued_messages
        self.bytes_max = limits.queued_bytes
        self.patience_seconds = limits.slow_reader_seconds
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._finished = False
        self._changed = asyncio.Event()
        self._taken = asyncio.Event()

    async def put(self, message: bytes) -> bool:
        """Queue a message; waits a little for a full queue, then says False: the client reads too slowly."""
        if self._is_full():
            try:
                async with asyncio.timeout(self.patience_seconds):
                    while self._is_full():
                        self._taken.clear()
                        await self._taken.wait()
            except TimeoutError:
                return False
        self._append(message)
        return True

    def put_control(self, message: bytes) -> bool:
        """Queue a message that must not be lost; False if the client has left far too many unread."""
        if len(self._waiting) >= self.messages_max + CONTROL_MESSAGES_MAX:
            return False
        self._append(message)
        return True

    def finish(self) -> None:
        """Nothing more will be queued."""
        self._finished = True
        self._changed.set()

    async def take(self) -> bytes | None:
        """The next message, or None after the last one."""
        while not self._waiting:
            if self._finished:
                return None
            self._changed.clear()
            await self._changed.wait()
        message = self._waiting.popleft()
        self._bytes -= len(message)
        self._taken.set()
        return message

    def _is_full(self) -> bool:
        return len(self._waiting) >= self.messages_max or self._bytes >= self.bytes_max

    def _append(self, message: bytes) -> None:
        self._waiting.append(message)
        self._bytes += len(message)
        self._changed.set()


class Connections:
    """How many long connections each viewer and each source holds in this process."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._held: Counter[tuple[str, str]] = Counter()

    def hold_source(self, source_ip: str) -> tuple[str, str] | None:
        """Count one more connection of an address; None if it has too many."""
        return self._hold(("source", source_ip), self.limits.connections_per_source)

    def hold_viewer(self, viewer: str | None) -> tuple[str, str] | None:
        """Count one more connection of a viewer; None if they have too many. Nobody in particular is not counted."""
        if viewer is None:
            return ("nobody", "")
        return self._hold(("viewer", viewer), self.limits.connections_per_viewer)

    def release(self, key: tuple[str, str] | None) -> None:
        """Count one connection less."""
        if key is None or key[0] == "nobody":
            return
        self._held[key] -= 1
        if self._held[key] <= 0:
            del self._held[key]

    def _hold(self, key: tuple[str, str], limit: int) -> tuple[str, str] | None:
        if self._held[key] >= limit:
            return None
        self._held[key] += 1
        return key


async def until_invalid(engine: Engine, context: Any, limits: Limits, request_id: str) -> bool:
    """Returns when the token behind a connection no longer holds (True) or cannot be looked at (False)."""
    while True:
        await asyncio.sleep(limits.validity_seconds)
        try:
            async with asyncio.timeout(limits.validity_timeout_seconds):
                if not await engine.still_valid(context):
                    return True
        except GraphQLError:
            return False  # the engine's own answer, which it has logged as it sees fit
        except Exception as error:
            log_unexpected(error, request_id)
            return False


async def bodies(
    operations: Operations, context: Any, ready: ReadyOperation, request_id: str
) -> AsyncGenerator[dict[str, Any], None]:
    """The answers to one operation: one for a query or mutation, as many as there are events for a subscription."""
    if ready.operation.kind is not OperationType.SUBSCRIPTION:
        async with within_deadline(operations.limits):
            result = await operations.run(context, ready)
        yield result_body(with_codes(result, request_id), ready.cost, request_id)
        return
    node, name = ready.document.node, ready.operation.name
    async with within_deadline(operations.limits):
        source = await operations.engine.subscribe(context, node, name, ready.variables)
    if isinstance(source, ExecutionResult):
        yield result_body(with_codes(source, request_id), ready.cost, request_id)
        return
    cost = ready.cost
    try:
        async for result in source:
            yield result_body(result, cost, request_id)
            cost = None  # told once, with the first event
    finally:
        close = getattr(source, "aclose", None)
        if close is not None:
            await close()


@asynccontextmanager
async def within_deadline(limits: Limits) -> AsyncIterator[None]:
    """Stop what takes longer than a request may, and say so."""
    deadline = asyncio.timeout(limits.request_seconds)
    try:
        async with deadline:
            yield
    except TimeoutError:
        if deadline.expired():
            raise refusal(Code.DEADLINE, "This took too long and was stopped.") from None
        raise


def errors_told(error: BaseException, request_id: str) -> list[dict[str, Any]]:
    """Whatever stopped an operation, as its client may see it."""
    if isinstance(error, DocumentRefused):
        return all_told(error.errors, request_id)
    if isinstance(error, GraphQLError):
        return all_told([error], request_id)
    log_unexpected(error, request_id)
    return [masked(request_id)]


def refetch_told(request_id: str) -> list[dict[str, Any]]:
    """What a client is told that reads more slowly than events come."""
    error = refusal(Code.REFETCH, "Events were left out: fetch the present state, then subscribe again.")
    return all_told([error], request_id)
