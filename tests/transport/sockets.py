"""WebSocket clients and servers for tests: over loopback, or in process where no buffer may hide the moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from starlette.types import Message
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.transport.server import serving
from tests.transport.stand_in import StandInEngine
from transport import GraphQLApp, Limits, Origins

PROTOCOL = "graphql-transport-ws"
PATIENCE_SECONDS = 30.0


class Client:
    """A client that says what a test wants it to say."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def say(self, message: Any) -> None:
        """Send JSON, or text and bytes as they are."""
        await self.socket.send(orjson.dumps(message).decode() if isinstance(message, (dict, list)) else message)

    async def hear(self) -> Any:
        """The next message."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return orjson.loads(await self.socket.recv())

    async def init(self, **payload: Any) -> None:
        """Be let in."""
        await self.say({"type": "connection_init", "payload": payload})
        assert await self.hear() == {"type": "connection_ack"}

    async def subscribe(self, name: str, query: str, **payload: Any) -> None:
        """Start an operation."""
        await self.say({"id": name, "type": "subscribe", "payload": {"query": query, **payload}})

    async def closed(self) -> int:
        """The code the server closes with, whatever it says before."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            with pytest.raises(ConnectionClosed) as closed:
                await self._hear_all()
        assert closed.value.rcvd is not None
        return closed.value.rcvd.code

    async def _hear_all(self) -> None:
        while True:
            await self.socket.recv()


class Harness:
    """One engine, one application, one server."""

    def __init__(self, engine: StandInEngine, port: int) -> None:
        self.engine = engine
        self.port = port

    @asynccontextmanager
    async def client(self, protocol: str | None = PROTOCOL, **options: Any) -> AsyncIterator[Client]:
        """Open a socket."""
        protocols: Any = [protocol] if protocol else None
        url = f"ws://127.0.0.1:{self.port}/graphql"
        async with connect(url, subprotocols=protocols, proxy=None, **options) as socket:
            yield Client(socket)


@asynccontextmanager
async def harness(**limits: Any) -> AsyncIterator[Harness]:
    engine = StandInEngine()
    app = GraphQLApp(engine, Limits(**limits), origins=Origins(["https://app.example"]))
    async with serving(app) as port:
        yield Harness(engine, port)


async def conversation(
    messages: list[Message], app: GraphQLApp | None = None, takes_messages: bool = True
) -> list[Message]:
    """Say these in process and wait for the end."""
    waiting: list[Message] = [{"type": "websocket.connect"}, *messages]
    sent: list[Message] = []

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    async def send(message: Message) -> None:
        if message["type"] == "websocket.send" and not takes_messages:
            await asyncio.Event().wait()
        sent.append(message)

    scope = {"type": "websocket", "path": "/graphql", "headers": [], "subprotocols": [PROTOCOL]}
    async with asyncio.timeout(PATIENCE_SECONDS):
        await (app or GraphQLApp(StandInEngine()))(scope, receive, send)
    return sent
