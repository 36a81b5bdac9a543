"""A stand-in for ClamAV's clamd: a real TCP server that speaks its INSTREAM, and finds what tests agree on with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

HARMFUL = b"X5O!P%@AP-harmful-by-agreement"


@dataclass(kw_only=True)
class ClamdStandIn:
    """What it has heard, and how it behaves."""

    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    answers: bytes | None = None
    """Said in the place of a verdict."""
    bytes_max: int = 1_000_000_000
    """clamd's StreamMaxLength: beyond it the connection is closed."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one stream."""
        try:
            assert await reader.readexactly(10) == b"zINSTREAM\0"
            content = b""
            while length := int.from_bytes(await reader.readexactly(4), "big"):
                content += await reader.readexactly(length)
                if len(content) > self.bytes_max:
                    writer.write(b"INSTREAM size limit exceeded. ERROR\0")
                    return
            self.heard.append(content)
            verdict = b"stream: Eicar-Test-Signature FOUND\0" if HARMFUL in content else b"stream: OK\0"
            writer.write(verdict if self.answers is None else self.answers)
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()


@asynccontextmanager
async def clamd_stand_in() -> AsyncIterator[ClamdStandIn]:
    """It listens on loopback for the block."""
    stand_in = ClamdStandIn()
    server = await asyncio.start_server(stand_in.serve, "127.0.0.1", 0)
    stand_in.port = server.sockets[0].getsockname()[1]
    async with server:
        yield stand_in
