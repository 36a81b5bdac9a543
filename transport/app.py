"""The one ASGI application that carries GraphQL over HTTP, server-sent events and WebSocket."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import Receive, Scope, Send

from transport.engine import Engine, Observe, unobserved
from transport.http import HttpTransport
from transport.limits import Limits
from transport.operations import Operations
from transport.security import Origins
from transport.sse import EventStreams
from transport.streams import Connections
from transport.websocket import WebSocketTransport


class GraphQLApp:
    """Mount it with `Route("/graphql", app)` and `WebSocketRoute("/graphql", app)`."""

    def __init__(
        self,
        engine: Engine,
        limits: Limits | None = None,
        *,
        trusted: Mapping[str, str] | None = None,
        origins: Origins | None = None,
        observe: Observe = unobserved,
    ) -> None:
        self.operations = Operations(engine, limits or Limits(), trusted)
        self.connections = Connections(self.operations.limits)
        allowed = origins or Origins()
        self.http = HttpTransport(self.operations, allowed, EventStreams(self.operations, self.connections), observe)
        self.websocket = WebSocketTransport(self.operations, allowed, self.connections, observe)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "http":
            await self.http.serve(scope, receive, send)
        elif scope["type"] == "websocket":
            await self.websocket.serve(scope, receive, send)
