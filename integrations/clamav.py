"""Scanning by ClamAV: clamd over its socket, by its command INSTREAM."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 60.0
PORTION = 64 * 1024
"""How much is sent at a time: clamd takes no piece above its own bound, of 25 MB at the least."""


class ScannerError(Exception):
    """The scanner does not answer, or not as it should: nothing is known of the bytes."""


class Scan:
    """One stream on its way to the scanner."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def feed(self, content: bytes) -> None:
        """Send the next bytes. Raises ScannerError."""
        for start in range(0, len(content), PORTION):
            portion = content[start : start + PORTION]
            await self._send(len(portion).to_bytes(4, "big") + portion)

    async def verdict(self) -> str | None:
        """What was found in all of it, by the scanner's name for it; None if nothing was. Raises ScannerError."""
        await self._send(bytes(4))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                told = await self._reader.readuntil(b"\0")
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError) as error:
            raise ScannerError("The scanner does not answer.") from error
        answer = told.rstrip(b"\0").decode("ascii", "replace")
        if answer == "stream: OK":
            return None
        if answer.startswith("stream: ") and answer.endswith(" FOUND"):
            return answer.removeprefix("stream: ").removesuffix(" FOUND")
        raise ScannerError("The scanner answers something else than a verdict.")

    async def _send(self, portion: bytes) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                self._writer.write(portion)
                await self._writer.drain()
        except (OSError, TimeoutError) as error:  # it has heard enough: more than its own bound, say
            raise ScannerError("The scanner takes no more.") from error


class Scanner:
    """clamd at the path of its socket, or at its host and port."""

    def __init__(self, address: str | tuple[str, int]) -> None:
        self._address = address

    @asynccontextmanager
    async def scan(self) -> AsyncIterator[Scan]:
        """A scan of one stream. Raises ScannerError."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await self._connect()
        except (OSError, TimeoutError) as error:
            raise ScannerError("The scanner cannot be reached.") from error
        try:
            writer.write(b"zINSTREAM\0")
            yield Scan(reader, writer)
        finally:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._address, str):
            return await asyncio.open_unix_connection(self._address)
        return await asyncio.open_connection(*self._address)
