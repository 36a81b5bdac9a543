"""Server-sent events, by the distinct connections mode of graphql-sse: each operation is a request of its own."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

from graphql import GraphQLError
from starlette.types import Receive, Send

from transport.documents import DocumentRefused
from transport.engine import Engine, Incoming
from transport.errors import Code, code_of, refusal
from transport.limits import Limits
from transport.negotiation import Media
from transport.operations import Operations, ReadyOperation, encode
from transport.replies import STATUSES, Reply, codes_told, reply_with_errors, reply_with_failure, send_reply
from transport.requests import GraphQLRequest
from transport.streams import Connections, SendQueue, bodies, errors_told, refetch_told, until_invalid, within_deadline

COMPLETE = b"event: complete\ndata:\n\n"
HEARTBEAT = b":\n\n"
CLOSING_SECONDS = 5.0


class EventStreams:
    """Answers operations as a stream of events."""

    def __init__(self, operations: Operations, connections: Connections) -> None:
        self.operations = operations
        self.engine: Engine = operations.engine
        self.limits: Limits = operations.limits
        self.connections = connections

    async def serve(self, request: GraphQLRequest, incoming: Incoming, receive: Receive, send: Send) -> None:
        """Answer one request; what is wrong with the request is a status, what is wrong with the document an event."""
        source = self.connections.hold_source(incoming.source_ip)
        try:
            if source is None:
                refused = reply_with_errors([_too_many()], Media.RESPONSE, incoming.request_id)
                if incoming.report is not None:
                    incoming.report.status, incoming.report.codes = refused.status, refused.codes
                await send_reply(send, refused, Media.RESPONSE, incoming.request_id.encode())
                return
            await self._serve(request, incoming, receive, send)
        finally:
            self.connections.release(source)

    async def _serve(self, request: GraphQLRequest, incoming: Incoming, receive: Receive, send: Send) -> None:
        context: Any = None
        viewer: tuple[str, str] | None = None
        opened = False
        try:
            async with within_deadline(self.limits):
                context = await self.engine.open(incoming)
                opened = True
                viewer = self.connections.hold_viewer(self.engine.viewer_key(context))
                if viewer is None:
                    raise _too_many()
                ready = self.operations.find(context, request)
                await self.operations.charge(context, ready, incoming.report)
        except Exception as error:
            if opened:
                await self.engine.close(context)
            self.connections.release(viewer)
            await self._refuse(error, incoming, send)
            return
        try:
            await _Stream(self, incoming, context, receive, send).run(ready)
        finally:
            self.connections.release(viewer)
            await self.engine.close(context)

    async def _refuse(self, error: Exception, incoming: Incoming, send: Send) -> None:
        request_id, report = incoming.request_id, incoming.report
        reply: Reply | None = None
        if isinstance(error, GraphQLError):
            if code_of(error) in STATUSES:
                reply = reply_with_errors([error], Media.RESPONSE, request_id)
        elif not isinstance(error, DocumentRefused):
            reply = reply_with_failure(error, request_id)
        if reply is not None:
            if report is not None:
                report.status, report.codes = reply.status, reply.codes
            await send_reply(send, reply, Media.RESPONSE, request_id.encode())
            return
        await send(_start(request_id))
        told = errors_told(error, request_id)
        if report is not None:
            report.codes = codes_told(told)
        body = _event({"errors": told}) + COMPLETE
        await send({"type": "http.response.body", "body": body})


class _Stream:
    """One open stream: a task that asks for events, one that writes them, one that notices the client leave."""

    def __init__(self, streams: EventStreams, incoming: Incoming, context: Any, receive: Receive, send: Send) -> None:
        self.operations = streams.operations
        self.limits = streams.limits
        self.request_id = incoming.request_id
        self.context = context
        self.receive = receive
        self.send = send
        self.queue = SendQueue(self.limits)

    async def run(self, ready: ReadyOperation) -> None:
        """Stream until the events end, the client leaves or the token no longer holds."""
        await self.send(_start(self.request_id))
        producing = asyncio.create_task(self._produce(ready))
        writing = asyncio.create_task(self._write())
        leaving = asyncio.create_task(self._left())
        watching = asyncio.create_task(self._watch())
        tasks = {producing, writing, leaving, watching}
        try:
            await asyncio.wait({writing, leaving, watching}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                producing.cancel()
                await asyncio.wait({producing})
                self._last({"errors": errors_told(watching.result(), self.request_id)})
                await asyncio.wait({writing, leaving}, timeout=CLOSING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _produce(self, ready: ReadyOperation) -> None:
        last: dict[str, Any] | None = None
        try:
            async with aclosing(bodies(self.operations, self.context, ready, self.request_id)) as answers:
                async for body in answers:
                    if not await self.queue.put(_event(body)):
                        last = {"errors": refetch_told(self.request_id)}
                        break
        except Exception as error:
            last = {"errors": errors_told(error, self.request_id)}
        self._last(last)

    def _last(self, body: dict[str, Any] | None) -> None:
        self.queue.put_control((_event(body) if body else b"") + COMPLETE)
        self.queue.finish()

    async def _write(self) -> None:
        taking: asyncio.Task[bytes | None] | None = None
        try:
            while True:
                taking = taking or asyncio.create_task(self.queue.take())
                done, _ = await asyncio.wait({taking}, timeout=self.limits.heartbeat_seconds)
                message: bytes | None = HEARTBEAT
                if done:
                    message, taking = taking.result(), None
                await self._send(message)
                if message is None:
                    return
        finally:
            if taking is not None:
                taking.cancel()

    async def _send(self, message: bytes | None) -> None:
        more = message is not None
        async with asyncio.timeout(self.limits.stuck_reader_seconds):
            await self.send({"type": "http.response.body", "body": message or b"", "more_body": more})

    async def _left(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def _watch(self) -> GraphQLError:
        engine = self.operations.engine
        said_so = await until_invalid(engine, self.context, self.limits, self.request_id)
        if said_so:
            return refusal(Code.UNAUTHENTICATED, "Sign in again.")
        return refusal(Code.REFETCH, "The connection could not be kept: fetch the present state, then subscribe again.")


def _start(request_id: str) -> dict[str, Any]:
    headers = [
        (b"content-type", Media.EVENTS.value),
        (b"cache-control", b"no-store"),
        (b"vary", b"accept"),
        (b"x-accel-buffering", b"no"),
        (b"x-request-id", request_id.encode()),
    ]
    return {"type": "http.response.start", "status": 200, "headers": headers}


def _event(body: dict[str, Any]) -> bytes:
    return b"event: next\ndata: " + encode(body) + b"\n\n"


def _too_many() -> GraphQLError:
    return refusal(Code.THROTTLED, "Too many connections are open.", retryAfter=5)
