"""How a door that is not GraphQL says no: RFC 9457, with the codes, rules and fixes that GraphQL has."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from models.base.errors import Code as Reason
from models.base.errors import Refusal
from transport.errors import MASKED_MESSAGE, Code

MEDIA_TYPE = "application/problem+json"

STATUSES: dict[str, int] = {
    Code.BAD_REQUEST: 400,
    Code.BAD_INPUT: 400,
    Reason.INVALID: 400,
    Reason.OUT_OF_BOUNDS: 400,
    Code.UNAUTHENTICATED: 401,
    Reason.INVALID_CREDENTIALS: 401,
    Code.FORBIDDEN: 403,
    Reason.INSUFFICIENT_SCOPE: 403,
    Reason.SECOND_FACTOR_REQUIRED: 403,
    Reason.NOT_FOUND: 404,
    Code.BODY_LIMIT: 413,
    Code.THROTTLED: 429,
    Code.INTERNAL: 500,
    "BUSY": 503,
    Code.DEADLINE: 503,
    Code.UNAVAILABLE: 503,
    Code.UNKNOWN_OUTCOME: 503,
}
"""The status of each code; what a rule refuses otherwise is a conflict with how things stand (409)."""

AGAIN_SECONDS = 1
COME_BACK = frozenset({429, 503})


class Problem(Exception):  # noqa: N818  (an answer to the client, no failure of ours)
    """A request that is refused: the first refusal gives code and status, the others stand beside it."""

    def __init__(self, *refusals: Refusal, code: str = "", message: str = "", status: int = 0, **more: Any) -> None:
        first = refusals[0] if refusals else None
        super().__init__(message or (first.message if first else ""))
        self.code = code or (first.code.value if first else Code.INTERNAL.value)
        self.message = message or (first.message if first else MASKED_MESSAGE)
        self.status = status or STATUSES.get(self.code, 409)
        self.refusals = refusals
        self.more = more
        self.headers: dict[str, str] = {}

    @classmethod
    def of(cls, error: GraphQLError) -> Problem:
        """What GraphQL would tell at the top of its answer."""
        told = {**(error.extensions or {})}
        code = str(told.pop("code", Code.BAD_INPUT.value))
        return cls(code=code, message=error.message, **told)

    def answer(self, request: Request, request_id: str) -> Response:
        """The answer: a sentence for a person's browser, the whole for a program."""
        headers = {**self.headers, **self._standard_headers(), "cache-control": "no-store"}
        if wants_text(request.headers):
            return PlainTextResponse(self.message + "\n", self.status, headers=headers)
        body = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.message,
            "code": self.code,
            **self.more,
            "requestId": request_id,
        }
        if self.refusals:
            body["errors"] = [told(refusal) for refusal in self.refusals]
        return Response(orjson.dumps(body, default=str), self.status, headers=headers, media_type=MEDIA_TYPE)

    def _standard_headers(self) -> dict[str, str]:
        headers = {}
        if self.status == 401:
            headers["www-authenticate"] = "Bearer"
        if self.code == Reason.INSUFFICIENT_SCOPE:  # RFC 6750
            scope = f', scope="{self.more["scope"]}"' if "scope" in self.more else ""
            headers["www-authenticate"] = f'Bearer error="insufficient_scope"{scope}'
        if self.status in COME_BACK:
            after = self.more.get("retryAfter", AGAIN_SECONDS)
            headers["retry-after"] = str(max(math.ceil(after), AGAIN_SECONDS))
        return headers


def told(refusal: Refusal) -> dict[str, Any]:
    """One refusal, as `userErrors` tell it."""
    return {
        "code": refusal.code.value,
        "message": refusal.message,
        "field": list(refusal.path),
        "rule": refusal.rule,
        "fix": refusal.fix,
    }


def refused(refusals: Sequence[Refusal]) -> Problem:
    """What rules said no to, all of it."""
    return Problem(*refusals, rule=refusals[0].rule, fix=refusals[0].fix)


def bad_parameter(name: str, message: str) -> Problem:
    """A parameter of the address that does not fit."""
    return Problem(code=Code.BAD_INPUT.value, message=message, argument=name)


def wants_text(headers: Mapping[str, str]) -> bool:
    """Whether a browser asks on behalf of a person: it names HTML, and no JSON."""
    accept = headers.get("accept", "")
    return "text/html" in accept and "json" not in accept
