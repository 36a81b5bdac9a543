"""Connections whose next request does not come: uvicorn waits without end for the end of its headers."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_SECONDS = 10.0
"""From the connection, or from the first byte of a further request, to the end of the headers."""

LOOK_SECONDS = 1.0
HEADER_BYTES_MAX = 200_000
"""More than the longest query string that is answered, and all that else stands in front of a body."""


class PromptProtocol(HttpToolsProtocol):
    """uvicorn's protocol; it knows until when the headers that it waits for have to be complete."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Wait for the first request."""
        super().connection_made(transport)
        self.due = self.loop.time() + HEADER_SECONDS
        self.header_bytes = 0

    def on_message_begin(self) -> None:
        """Wait for the headers of a further request."""
        super().on_message_begin()
        if self.due == math.inf:
            self.due = self.loop.time() + HEADER_SECONDS
        self.header_bytes = 0

    def on_headers_complete(self) -> None:
        """Wait no longer: the transport's own limits hold from here on."""
        self.due = math.inf
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Take in what came; who has sent far too much without an end of the headers is cut off."""
        super().data_received(data)
        if self.due == math.inf:
            return
        self.header_bytes += len(data)
        if self.header_bytes > HEADER_BYTES_MAX:
            self.transport.abort()


async def cut_slow_headers(connections: Iterable[object]) -> None:
    """Cut off whoever is late, for as long as the server runs; `connections` are those that it has open."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        now = loop.time()
        for late in [one for one in connections if isinstance(one, PromptProtocol) and one.due < now]:
            late.transport.abort()
