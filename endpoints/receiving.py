"""Taking the body of an upload in: as it comes, within bounds of size and time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request

from endpoints.refusing import Problem

CHUNK_SECONDS = 15
"""How long the next bytes may take."""
BODY_SECONDS = 300
"""How long all of them may take."""
CLOSE = {"connection": "close"}


async def body_of(request: Request, *, bytes_max: int) -> AsyncIterator[bytes]:
    """The body, as it comes. Raises Problem; ClientDisconnect when nobody sends any more."""
    must_fit(request, bytes_max)
    total, stream, clock = 0, request.stream(), asyncio.get_running_loop().time
    ends = clock() + BODY_SECONDS
    while True:
        try:
            async with asyncio.timeout(min(CHUNK_SECONDS, ends - clock())):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise Problem(
                408, "DEADLINE", "The file did not arrive in time.", headers=CLOSE, fix="Send it again."
            ) from None
        if chunk is None:
            break
        total += len(chunk)
        if total > bytes_max:
            raise too_large(bytes_max)
        if chunk:
            yield chunk
    if total == 0:
        raise Problem(422, "INVALID", "This file is empty.", rule="FI-1", fix="Send a file that has something in it.")


def must_fit(request: Request, bytes_max: int) -> None:
    """Refuse by the headers alone what cannot be taken. Raises Problem."""
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > 12 or int(length) > bytes_max:
        raise too_large(bytes_max)
    if request.headers.get("content-encoding", "identity").strip().lower() not in {"identity", ""}:
        raise Problem(415, "BAD_REQUEST", "Send the file uncompressed.", headers=CLOSE)


def too_large(bytes_max: int) -> Problem:
    """More than the purpose allows."""
    return Problem(
        413,
        "BODY_LIMIT",
        f"A file for this purpose has at most {bytes_max:,} bytes.",
        headers=CLOSE,
        limit=bytes_max,
        rule="FI-1",
        fix="Send a smaller file.",
    )
