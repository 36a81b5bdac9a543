"""A real server on loopback, on a port of its own, for what only real sockets show."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import uvicorn
from starlette.types import ASGIApp

STARTED_WITHIN_SECONDS = 5.0


class LoopbackServer(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell."""
        await super().startup(sockets)
        self.listens.set()


@asynccontextmanager
async def serving(app: ASGIApp, *, lifespan: Literal["on", "off"] = "off") -> AsyncIterator[int]:
    """Serve the application; yields the port."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    port = int(listening.getsockname()[1])
    config = uvicorn.Config(
        app, log_config=None, lifespan=lifespan, ws_max_size=64_000, ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = LoopbackServer(config)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    async with asyncio.timeout(STARTED_WITHIN_SECONDS):
        await server.listens.wait()
    try:
        yield port
    finally:
        server.should_exit = True
        await running
