"""GraphQL over HTTP: one request in, one answer out, and nothing in between that is not needed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from graphql import ExecutionResult, GraphQLError, OperationType
from starlette.types import Receive, Scope, Send

from transport.deadline import Deadline
from transport.documents import DocumentRefused
from transport.engine import Engine, Incoming, Observe, Report, unobserved
from transport.errors import Code, log_unexpected, refusal, unexpected_cause
from transport.limits import Limits
from transport.negotiation import Media, is_json, wanted_media
from transport.operations import Operations, ReadyOperation
from transport.receiving import CLOSE, Disconnected, read_body, read_headers, request_id_of, source_ip_of
from transport.replies import (
    HttpRefused,
    Reply,
    reply_to_refused,
    reply_with_errors,
    reply_with_failure,
    reply_with_result,
    send_reply,
)
from transport.requests import GraphQLRequest, read_json, read_query_string, read_request
from transport.security import Origins
from transport.sse import EventStreams

OWN_SITES = frozenset({"same-origin", "none"})


class HttpTransport:
    """Answers queries and mutations over HTTP."""

    def __init__(
        self, operations: Operations, origins: Origins, events: EventStreams, observe: Observe = unobserved
    ) -> None:
        self.operations = operations
        self.engine: Engine = operations.engine
        self.limits: Limits = operations.limits
        self.origins = origins
        self.events = events
        self.observe = observe

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = read_headers(scope["headers"])
        request_id = request_id_of(headers)
        report = Report("http", request_id)
        media = wanted_media(headers.get("accept"))
        deadline = Deadline(self.limits.body_seconds)
        try:
            if media is None:
                raise _not_acceptable()
            request = await self.read(scope, receive, headers, deadline)
            if media is Media.EVENTS:
                deadline.stop()
                await self._stream(scope, receive, send, request, headers, report)
                return
            deadline.reset(self.limits.request_seconds)
            incoming = Incoming(headers, source_ip_of(scope), request_id, "http", report=report)
            reply = await self.reply(request, incoming, media, deadline, reads_only=scope["method"] == "GET")
        except HttpRefused as refused:
            reply = reply_to_refused(refused, request_id)
        except Disconnected:
            return
        except Exception as error:  # nothing may leave here as the server's own bare 500
            reply = reply_with_failure(error, request_id)
        finally:
            deadline.stop()
        await send_reply(send, reply, media or Media.LEGACY, request_id.encode())
        report.status, report.codes = reply.status, reply.codes
        self.observe(report)

    async def _stream(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        request: GraphQLRequest,
        headers: dict[str, str],
        report: Report,
    ) -> None:
        if scope["method"] != "POST":
            raise HttpRefused(405, refusal(Code.BAD_REQUEST, "Streams start with POST."), [(b"allow", b"POST")])
        report.kind = "sse"
        incoming = Incoming(headers, source_ip_of(scope), report.request_id, "sse", report=report)
        try:
            await self.events.serve(request, incoming, receive, send)
        except OSError:
            pass  # the client left while it was being answered
        except Exception as error:
            log_unexpected(error, report.request_id)  # the answer has begun: it can only be cut
            report.codes = (Code.INTERNAL.value,)
        finally:
            self.observe(report)

    async def read(self, scope: Scope, receive: Receive, headers: dict[str, str], deadline: Deadline) -> GraphQLRequest:
        """The request inside the HTTP request; raises HttpRefused."""
        method = scope["method"]
        try:
            if method == "POST":
                _check_content(headers)
                return read_request(read_json(await read_body(receive, headers, self.limits)))
            if method == "GET":
                self._check_site(headers)
                return self._query_string(scope)
        except GraphQLError as error:
            raise HttpRefused(400, error) from None
        except asyncio.CancelledError as cancelled:
            if not deadline.was_met_by(cancelled):
                raise
            late = refusal(Code.DEADLINE, "The body did not arrive in time.")
            raise HttpRefused(408, late, [CLOSE]) from None
        wrong_method = refusal(Code.BAD_REQUEST, "Use POST, or GET for queries.")
        raise HttpRefused(405, wrong_method, [(b"allow", b"GET, POST"), CLOSE])

    async def reply(
        self, request: GraphQLRequest, incoming: Incoming, media: Media, deadline: Deadline, reads_only: bool
    ) -> Reply:
        """Run the operation within the deadline and shape its answer."""
        request_id = incoming.request_id
        try:
            result, ready = await self._run(request, incoming, deadline, reads_only)
        except DocumentRefused as refused:
            return reply_with_errors(refused.errors, media, request_id)
        except GraphQLError as error:
            return reply_with_errors([error], media, request_id)
        except asyncio.CancelledError as cancelled:
            if not deadline.was_met_by(cancelled):
                raise
            return reply_with_errors([_late()], media, request_id)
        if deadline.was_behind(next(filter(None, map(unexpected_cause, result.errors or ())), None)):
            return reply_with_errors([_late()], media, request_id)
        return reply_with_result(result, ready.cost, media, request_id)

    async def _run(
        self, request: GraphQLRequest, incoming: Incoming, deadline: Deadline, reads_only: bool
    ) -> tuple[ExecutionResult, ReadyOperation]:
        context: Any = await self.engine.open(incoming)
        try:
            ready = self.operations.find(context, request)
            _check_kind(ready.operation.kind, reads_only)
            await self.operations.charge(context, ready, incoming.report)
            return await self.operations.run(context, ready), ready
        finally:
            deadline.stop()  # giving back what was taken must not be cut short
            await self.engine.close(context)

    def _query_string(self, scope: Scope) -> GraphQLRequest:
        query_string: bytes = scope.get("query_string", b"")
        if len(query_string) > self.limits.body_bytes:
            error = refusal(Code.BODY_LIMIT, "The query string is too long.", limit=self.limits.body_bytes)
            raise HttpRefused(414, error, [CLOSE])
        return read_query_string(query_string)

    def _check_site(self, headers: Mapping[str, str]) -> None:
        """A GET needs no preflight: refuse those a browser sends on behalf of a page that is not listed."""
        site = headers.get("sec-fetch-site")
        if site is not None and site not in OWN_SITES and not self.origins.lists(headers.get("origin", "")):
            raise HttpRefused(403, refusal(Code.FORBIDDEN, "Pages of another site may not ask here."))


def _check_content(headers: Mapping[str, str]) -> None:
    if not is_json(headers.get("content-type")):
        error = refusal(Code.BAD_REQUEST, "Send the body as application/json in UTF-8.")
        raise HttpRefused(415, error, [(b"accept-post", b"application/json"), CLOSE])
    if headers.get("content-encoding", "identity").strip().lower() not in {"identity", ""}:
        error = refusal(Code.BAD_REQUEST, "Send the body uncompressed.")
        raise HttpRefused(415, error, [(b"accept-encoding", b"identity"), CLOSE])


def _check_kind(kind: OperationType, reads_only: bool) -> None:
    if kind is OperationType.QUERY:
        return
    if reads_only:
        error = refusal(Code.BAD_REQUEST, "A GET answers queries only.")
        raise HttpRefused(405, error, [(b"allow", b"POST")])
    if kind is OperationType.SUBSCRIPTION:
        error = refusal(Code.BAD_REQUEST, "Subscribe over WebSocket, or with Accept: text/event-stream.")
        raise HttpRefused(400, error)


def _not_acceptable() -> HttpRefused:
    names = "application/graphql-response+json, application/json or text/event-stream"
    return HttpRefused(406, refusal(Code.BAD_REQUEST, f"Answers are {names}."), [CLOSE])


def _late() -> GraphQLError:
    return refusal(Code.DEADLINE, "This took too long and was stopped.")
