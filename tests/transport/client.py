"""An in-process client: one call of the ASGI application is one request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.types import ASGIApp, Message

NEW = "application/graphql-response+json"
OLD = "application/json"


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return orjson.loads(self.body)

    @property
    def code(self) -> str | None:
        """The code of the first error."""
        errors = self.json.get("errors")
        return errors[0]["extensions"]["code"] if errors else None


async def call(
    app: ASGIApp,
    *,
    method: str = "POST",
    path: str = "/graphql",
    query_string: bytes = b"",
    headers: dict[str, str] | None = None,
    chunks: list[bytes] | None = None,
) -> Answer:
    """Send raw bytes."""
    waiting = list(chunks or [b""])
    sent: list[Message] = []

    async def receive() -> Message:
        if not waiting:
            return {"type": "http.disconnect"}
        body = waiting.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query_string,
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()],
        "client": ("198.51.100.7", 1234),
    }
    await app(scope, receive, send)
    start = next(message for message in sent if message["type"] == "http.response.start")
    body = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    received = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
    return Answer(start["status"], received, body)


async def post(app: ASGIApp, body: Any, accept: str | None = NEW, **headers: str) -> Answer:
    """Send JSON (or bytes as they are) by POST."""
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    sent = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if accept is not None:
        sent["accept"] = accept
    return await call(app, headers=sent, chunks=[raw])


async def ask(app: ASGIApp, query: str, accept: str = NEW, **body: Any) -> Answer:
    """Send one document."""
    return await post(app, {"query": query, **body}, accept)


async def get(app: ASGIApp, accept: str = NEW, headers: dict[str, str] | None = None, **parameters: str) -> Answer:
    """Send parameters by GET."""
    return await call(
        app, method="GET", query_string=urlencode(parameters).encode(), headers={"accept": accept, **(headers or {})}
    )
