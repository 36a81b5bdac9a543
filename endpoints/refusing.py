"""How the addresses of files say no: RFC 9457, with the codes, rules and fixes that GraphQL has."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response

from models.base.errors import Code, Refusal

STATUSES = {
    Code.NOT_FOUND: 404,
    Code.CONFLICT: 409,
    Code.NOT_OPEN: 409,
    Code.THROTTLED: 429,
}
"""Of rules that say no; others are 422."""

MEDIA_TYPE = "application/problem+json"
FIXED_HEADERS = {"cache-control": "no-store"}


class Problem(Exception):  # noqa: N818 — an answer to the client, no failure of ours
    """A request that is refused, with the status and the words of the answer."""

    def __init__(
        self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})
        self.more = more

    def response(self, request_id: str) -> Response:
        """The answer."""
        body = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": str(self),
            "code": self.code,
            **self.more,
            "requestId": request_id,
        }
        headers = FIXED_HEADERS | {"x-request-id": request_id} | self.headers
        return Response(orjson.dumps(body), self.status, headers=headers, media_type=MEDIA_TYPE)


def problem_of(refusal: Refusal) -> Problem:
    """The answer to what a rule refuses."""
    status = STATUSES.get(refusal.code, 422)
    return Problem(status, refusal.code.value, refusal.message, rule=refusal.rule or None, fix=refusal.fix)


def unavailable(what: str, *, retry_after_seconds: int) -> Problem:
    """Something that is needed does not answer; the same request may be sent again."""
    return Problem(
        503,
        "UNAVAILABLE",
        what,
        headers={"retry-after": str(retry_after_seconds)},
        retryAfter=retry_after_seconds,
        fix="Send it again in a moment.",
    )
