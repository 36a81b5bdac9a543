"""Taking a request in: its headers, its id, its source and its body, each within bounds."""

from __future__ import annotations

import os
import random
import re
import secrets
from collections.abc import Iterable

from graphql import GraphQLError
from starlette.types import Receive, Scope

from transport.errors import Code, refusal
from transport.limits import Limits
from transport.replies import HttpRefused

REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
CLOSE = (b"connection", b"close")

# An id has to be unlike all others, not unguessable: seeded once, it costs no call of the system.
_random = random.Random(secrets.token_bytes(16))  # noqa: S311
os.register_at_fork(after_in_child=lambda: _random.seed(secrets.token_bytes(16)))


class Disconnected(Exception):  # noqa: N818  (nothing failed: the client has left)
    """The client went away before its request was complete."""


def read_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name; repeated ones are joined, so that none can hide behind another."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key = name.decode("latin-1")
        if key in headers:
            headers[key] += ", " + value.decode("latin-1")
        else:
            headers[key] = value.decode("latin-1")
    return headers


def request_id_of(headers: dict[str, str]) -> str:
    """The id the client or the proxy gave, if it is well-formed, else a new one."""
    given = headers.get("x-request-id")
    if given is not None and REQUEST_ID.fullmatch(given):
        return given
    return f"{_random.getrandbits(96):024x}"


def source_ip_of(scope: Scope) -> str:
    """The address the request came from, as the server tells it."""
    client = scope.get("client")
    return str(client[0]) if client else ""


async def read_body(receive: Receive, headers: dict[str, str], limits: Limits) -> bytes:
    """The whole body, refused as soon as it is known to be too long."""
    length = headers.get("content-length")
    if length is not None and (not length.isdecimal() or len(length) > 12 or int(length) > limits.body_bytes):
        raise _too_long(limits)
    chunks: list[bytes] = []
    total = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        body = message.get("body", b"")
        total += len(body)
        if total > limits.body_bytes:
            raise _too_long(limits)
        if not message.get("more_body", False):
            return body if not chunks else b"".join([*chunks, body])
        if body:
            chunks.append(body)


def _too_long(limits: Limits) -> HttpRefused:
    error: GraphQLError = refusal(
        Code.BODY_LIMIT, f"A body has at most {limits.body_bytes} bytes.", limit=limits.body_bytes
    )
    return HttpRefused(413, error, [CLOSE])
