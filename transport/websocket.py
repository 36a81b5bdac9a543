"""GraphQL over WebSocket, by the graphql-transport-ws protocol; every socket is bounded in every direction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from graphql import GraphQLError
from starlette.types import Message, Receive, Scope, Send

from transport.engine import Engine, Incoming, Observe, Report, unobserved
from transport.errors import Code, code_of, log_unexpected, refusal
from transport.limits import Limits
from transport.operations import Operations, encode
from transport.receiving import read_headers, request_id_of, source_ip_of
from transport.replies import codes_told
from transport.requests import GraphQLRequest, read_json, read_request
from transport.security import Origins
from transport.streams import Connections, SendQueue, bodies, errors_told, refetch_told, until_invalid, within_deadline

PROTOCOL = "graphql-transport-ws"
ID_CHARACTERS_MAX = 128
REASON_BYTES_MAX = 123  # the WebSocket protocol has no room for more
CLOSING_SECONDS = 2.0


class Closed(Exception):  # noqa: N818  (how a conversation ends, no failure of ours)
    """The connection is to be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")


class WebSocketTransport:
    """Accepts sockets and counts them."""

    def __init__(
        self, operations: Operations, origins: Origins, connections: Connections, observe: Observe = unobserved
    ) -> None:
        self.operations = operations
        self.observe = observe
        self.origins = origins
        self.connections = connections

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold one conversation from handshake to close."""
        headers = read_headers(scope["headers"])
        await receive()  # websocket.connect
        if not self.origins.admits(headers.get("origin"), headers.get("host")):
            await send({"type": "websocket.close", "code": 4403})  # before accepting, this is HTTP 403
            return
        incoming = Incoming(headers, source_ip_of(scope), request_id_of(headers), "websocket")
        source = self.connections.hold_source(incoming.source_ip)
        if source is None:
            await send({"type": "websocket.close", "code": 4429})
            return
        try:
            if PROTOCOL not in scope.get("subprotocols", ()):
                await send({"type": "websocket.accept"})
                await send({"type": "websocket.close", "code": 4406, "reason": "Subprotocol not acceptable"})
                return
            request_id = (b"x-request-id", incoming.request_id.encode())
            await send({"type": "websocket.accept", "subprotocol": PROTOCOL, "headers": [request_id]})
            conversation = Conversation(self.operations, self.connections, incoming, receive, send)
            conversation.observe = self.observe
            await conversation.hold()
        finally:
            self.connections.release(source)


class Conversation:
    """One accepted socket: a task that reads, one that writes, one that watches the token, and one an operation."""

    def __init__(
        self, operations: Operations, connections: Connections, incoming: Incoming, receive: Receive, send: Send
    ) -> None:
        self.operations = operations
        self.engine: Engine = operations.engine
        self.limits: Limits = operations.limits
        self.connections = connections
        self.incoming = incoming
        self.receive = receive
        self.send = send
        self.queue = SendQueue(self.limits)
        self.ended: asyncio.Future[Closed | None] = asyncio.get_running_loop().create_future()
        self.tasks: set[asyncio.Task[None]] = set()
        self.active: dict[str, asyncio.Task[None]] = {}
        self.observe: Observe = unobserved
        self.initialised = False
        self.acknowledged = False

    async def hold(self) -> None:
        """Run until somebody ends it, then leave nothing behind."""
        timer = asyncio.get_running_loop().call_later(self.limits.init_seconds, self._init_is_late)
        self._start(self._read)
        self._start(self._write)
        closed: Closed | None = None
        try:
            closed = await self.ended
        finally:
            timer.cancel()
            for task in self.tasks:
                task.cancel()
            if self.tasks:
                await asyncio.wait(self.tasks, timeout=self.limits.request_seconds)
        if closed is not None:
            await self._close(closed)

    def end(self, closed: Closed | None) -> None:
        """End the conversation; whoever comes first decides how."""
        if not self.ended.done():
            self.ended.set_result(closed)

    def _init_is_late(self) -> None:
        if not self.initialised:
            self.end(Closed(4408, "Connection initialisation timeout"))

    def _start(self, work: Callable[..., Awaitable[None]], *arguments: Any) -> asyncio.Task[None]:
        task = asyncio.create_task(self._guarded(work, *arguments))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def _guarded(self, work: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        try:
            await work(*arguments)
        except Closed as closed:
            self.end(closed)
        except Exception as error:
            log_unexpected(error, self.incoming.request_id)
            self.end(Closed(4500, "Internal server error"))

    async def _close(self, closed: Closed) -> None:
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                await self.send({"type": "websocket.close", "code": closed.code, "reason": closed.reason})
        except (TimeoutError, OSError, RuntimeError):
            pass  # the client left first, or does not read: the server drops the socket

    async def _write(self) -> None:
        while (message := await self.queue.take()) is not None:
            try:
                async with asyncio.timeout(self.limits.stuck_reader_seconds):
                    await self.send({"type": "websocket.send", "text": message.decode()})
            except (TimeoutError, OSError, RuntimeError):
                self.end(None)
                return

    async def _read(self) -> None:
        while True:
            message = await self.receive()
            if message["type"] == "websocket.disconnect":
                self.end(None)
                return
            self._handle(self._parsed(message))

    def _parsed(self, message: Message) -> dict[str, Any]:
        text = message.get("text")
        if text is None:
            raise Closed(4400, "Invalid message received: send text")
        if len(text) > self.limits.frame_bytes or len(text.encode(errors="replace")) > self.limits.frame_bytes:
            raise Closed(1009, "Message too big")
        try:
            value = read_json(text)
        except GraphQLError:
            raise Closed(4400, "Invalid message received: not JSON") from None
        if type(value) is not dict:
            raise Closed(4400, "Invalid message received: not an object")
        return value

    def _handle(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if kind == "subscribe":
            self._subscribe(message)
        elif kind == "complete":
            task = self.active.pop(_id(message), None)
            if task is not None:
                task.cancel()
        elif kind == "ping":
            payload = _payload(message)
            self._tell({"type": "pong"} if payload is None else {"type": "pong", "payload": payload})
        elif kind == "pong":
            _payload(message)
        elif kind == "connection_init":
            if self.initialised:
                raise Closed(4429, "Too many initialisation requests")
            self.initialised = True
            self.incoming.connection_init = _payload(message) or {}
            self._start(self._admit)
        else:
            raise Closed(4400, "Invalid message received: unknown type")

    async def _admit(self) -> None:
        """Let the client in, and see it out when its token no longer holds."""
        context = await self._opened()
        key: tuple[str, str] | None = None
        try:
            key = self.connections.hold_viewer(self.engine.viewer_key(context))
            if key is None:
                raise Closed(4429, "Too many connections")
            self.acknowledged = True
            self._tell({"type": "connection_ack"})
            said_so = await until_invalid(self.engine, context, self.limits, self.incoming.request_id)
            raise Closed(4401, "Unauthorized") if said_so else Closed(1013, "Try again later")
        finally:
            self.connections.release(key)
            await self.engine.close(context)

    async def _opened(self) -> Any:
        try:
            async with within_deadline(self.limits):
                return await self.engine.open(self.incoming)
        except GraphQLError as error:
            if code_of(error) in {Code.THROTTLED, Code.DEADLINE, Code.UNAVAILABLE}:
                raise Closed(1013, "Try again later") from None
            raise Closed(4403, "Forbidden") from None

    def _subscribe(self, message: dict[str, Any]) -> None:
        if not self.acknowledged:
            raise Closed(4401, "Unauthorized")
        name = _id(message)
        payload = _payload(message)
        try:
            request = read_request(payload)
        except GraphQLError as error:
            raise Closed(4400, f"Invalid message received: {error.message}") from None
        if name in self.active:
            raise Closed(4409, f"Subscriber for {name} already exists")
        if len(self.active) >= self.limits.subscriptions:
            limit = self.limits.subscriptions
            full = refusal(Code.SUBSCRIPTION_LIMIT, f"At most {limit} operations run on one connection.", limit=limit)
            self._tell({"id": name, "type": "error", "payload": errors_told(full, self.incoming.request_id)})
            return
        self.active[name] = self._start(self._operate, name, request)

    async def _operate(self, name: str, request: GraphQLRequest) -> None:
        """Run one operation and say how it ended; a client that reads too slowly is told to fetch again."""
        request_id = self.incoming.request_id
        report = Report("websocket", request_id)
        try:
            last = await self._answer(name, request, report)
        except Exception as error:
            last = {"id": name, "type": "error", "payload": errors_told(error, request_id)}
        except asyncio.CancelledError:
            self.observe(report)
            raise
        if last["type"] == "error":
            report.codes = codes_told(last["payload"])
        self.observe(report)
        if self.active.get(name) is asyncio.current_task():
            del self.active[name]  # before the last message: the client may use the id again once it has read that
        self._tell(last)

    async def _answer(self, name: str, request: GraphQLRequest, report: Report) -> dict[str, Any]:
        """Send every answer but the last message, which is returned."""
        request_id = self.incoming.request_id
        async with within_deadline(self.limits):
            context = await self.engine.open(replace(self.incoming, report=report))
        try:
            async with within_deadline(self.limits):
                ready = self.operations.find(context, request)
                await self.operations.charge(context, ready, report)
            async with aclosing(bodies(self.operations, context, ready, request_id)) as answers:
                async for body in answers:
                    if "errors" in body:
                        report.codes = codes_told(body["errors"])
                    if "data" not in body:
                        return {"id": name, "type": "error", "payload": body["errors"]}
                    if not await self.queue.put(encode({"id": name, "type": "next", "payload": body})):
                        return {"id": name, "type": "error", "payload": refetch_told(request_id)}
            return {"id": name, "type": "complete"}
        finally:
            await self.engine.close(context)

    def _tell(self, message: dict[str, Any]) -> None:
        if not self.queue.put_control(encode(message)):
            self.end(Closed(1008, "Too many unread messages"))


def _id(message: dict[str, Any]) -> str:
    name = message.get("id")
    if type(name) is not str or not 0 < len(name) <= ID_CHARACTERS_MAX:
        raise Closed(4400, "Invalid message received: id must be a text")
    return name


def _payload(message: dict[str, Any]) -> dict[str, Any] | None:
    payload = message.get("payload")
    if payload is not None and type(payload) is not dict:
        raise Closed(4400, "Invalid message received: payload must be an object")
    return payload
