"""Answers over HTTP: their status, their headers and their bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import ExecutionResult, GraphQLError
from starlette.types import Send

from transport.engine import CostStatus
from transport.errors import Code, all_told, code_of, log_unexpected, masked
from transport.negotiation import Media
from transport.operations import encode, is_request_error, result_body, with_codes

Header = tuple[bytes, bytes]

# These statuses hold for both media types: they are about the request as such, not about its document.
STATUSES = {
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.THROTTLED: 429,
    Code.BODY_LIMIT: 413,
    Code.DEADLINE: 503,
    Code.UNAVAILABLE: 503,
    Code.UNKNOWN_OUTCOME: 503,
    Code.INTERNAL: 500,
}

COME_BACK = frozenset({Code.THROTTLED, Code.UNAVAILABLE, Code.UNKNOWN_OUTCOME})
"""Codes that say when to ask again, in `Retry-After` as well."""


@dataclass(slots=True)
class Reply:
    """One complete answer."""

    status: int
    body: bytes
    headers: list[Header] = field(default_factory=list)
    codes: tuple[str, ...] = ()


class HttpRefused(Exception):  # noqa: N818  (an answer to the client, no failure of ours)
    """A request that is refused as HTTP, before GraphQL comes into it."""

    def __init__(self, status: int, error: GraphQLError, headers: Sequence[Header] = ()) -> None:
        super().__init__(error.message)
        self.status = status
        self.error = error
        self.headers = list(headers)


def reply_to_refused(refused: HttpRefused, request_id: str) -> Reply:
    """The answer to a request that is no proper GraphQL request."""
    body = {"errors": all_told([refused.error], request_id)}
    return Reply(refused.status, encode(body), refused.headers, codes_told(body["errors"]))


def reply_with_errors(errors: Sequence[GraphQLError], media: Media, request_id: str) -> Reply:
    """The answer to a proper request that is not executed."""
    told = all_told(errors, request_id)
    return Reply(_status(told, media), encode({"errors": told}), _headers(errors), codes_told(told))


def reply_with_failure(error: BaseException, request_id: str) -> Reply:
    """The answer when something broke that is no client's fault."""
    log_unexpected(error, request_id)
    return Reply(500, encode({"errors": [masked(request_id)]}), codes=(Code.INTERNAL.value,))


def reply_with_result(result: ExecutionResult, cost: CostStatus | None, media: Media, request_id: str) -> Reply:
    """The answer of an execution; whatever cannot be written as JSON is a failure of ours."""
    errors = result.errors
    body = result_body(with_codes(result, request_id) if errors else result, cost, request_id)
    try:
        encoded = encode(body)
    except TypeError as error:
        return reply_with_failure(error, request_id)
    if not errors:
        return Reply(200, encoded)
    status = _status(body["errors"], media) if is_request_error(result) else 200
    return Reply(status, encoded, _headers(errors), codes_told(body["errors"]))


async def send_reply(send: Send, reply: Reply, media: Media, request_id: bytes) -> None:
    """Send the answer in one piece."""
    headers = [
        (b"content-type", media.value),
        (b"content-length", b"%d" % len(reply.body)),
        (b"cache-control", b"no-store"),
        (b"vary", b"accept"),
        (b"x-request-id", request_id),
    ]
    if reply.headers:
        headers.extend(reply.headers)
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def codes_told(told: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """The different codes of an answer's errors."""
    return tuple(dict.fromkeys(error.get("extensions", {}).get("code", "") for error in told))


def _status(told: Sequence[dict[str, Any]], media: Media) -> int:
    for error in told:
        status = STATUSES.get(error.get("extensions", {}).get("code"))
        if status is not None:
            return status
    return 200 if media is Media.LEGACY else 400


def _headers(errors: Sequence[GraphQLError]) -> list[Header]:
    headers: list[Header] = []
    for error in errors:
        code = code_of(error)
        if code == Code.UNAUTHENTICATED and not any(name == b"www-authenticate" for name, _ in headers):
            headers.append((b"www-authenticate", b"Bearer"))
        if code in COME_BACK and not any(name == b"retry-after" for name, _ in headers):
            headers.append((b"retry-after", _seconds((error.extensions or {}).get("retryAfter"))))
    return headers


def _seconds(after: object) -> bytes:
    seconds = math.ceil(after) if isinstance(after, (int, float)) and math.isfinite(after) else 1
    return b"%d" % max(seconds, 1)
