"""Who opens connections and does not finish the headers of a request is cut off; everybody else is not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio
import uvicorn
from starlette.types import Receive, Scope, Send

from tests.transport.server import LoopbackServer
from transport import slow_headers
from transport.slow_headers import PromptProtocol, cut_slow_headers

HEADER_SECONDS = 0.3
LOOK_SECONDS = 0.05
CUT_WITHIN_SECONDS = 10.0
SOCKETS = 200
BEGUN = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
COMPLETE = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


async def slow_answer(scope: Scope, receive: Receive, send: Send) -> None:
    """An answer that takes longer than headers may."""
    await asyncio.sleep(2 * HEADER_SECONDS)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest_asyncio.fixture(loop_scope="session")
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A server with less patience than usual."""
    monkeypatch.setattr(slow_headers, "HEADER_SECONDS", HEADER_SECONDS)
    monkeypatch.setattr(slow_headers, "LOOK_SECONDS", LOOK_SECONDS)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(slow_answer, http=PromptProtocol, log_config=None, lifespan="off")
    server = LoopbackServer(config)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    await server.listens.wait()
    cutting = asyncio.create_task(cut_slow_headers(server.server_state.connections))
    yield int(listening.getsockname()[1])
    cutting.cancel()
    server.should_exit = True
    await running


async def rest_of(reader: asyncio.StreamReader) -> bytes:
    """What still comes until the connection ends."""
    try:
        return await asyncio.wait_for(reader.read(), CUT_WITHIN_SECONDS)
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize("said", [b"", BEGUN], ids=["nothing", "half a request"])
async def test_two_hundred_connections_that_say_too_little_are_all_cut(port: int, said: bytes) -> None:
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(SOCKETS)]
    for _, writer in opened:
        writer.write(said)
    assert await asyncio.gather(*(rest_of(reader) for reader, _ in opened)) == [b""] * SOCKETS
    for _, writer in opened:
        writer.close()


async def test_headers_that_drip_are_cut_too(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(BEGUN)
    ended = asyncio.create_task(rest_of(reader))
    while not ended.done():
        writer.write(b"x")
        await asyncio.sleep(HEADER_SECONDS / 10)
    assert ended.result() == b""
    writer.close()


async def test_a_further_request_on_the_same_connection_has_to_come_in_time_too(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(COMPLETE)
    assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
    writer.write(BEGUN)
    assert await rest_of(reader) == b""
    writer.close()


async def test_headers_without_an_end_are_cut(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for _ in range(10):
            writer.write(b"GET /" + b"x" * 100_000 if _ == 0 else b"x" * 100_000)
            await writer.drain()
    except ConnectionError:
        pass
    assert await rest_of(reader) == b""
    writer.close()


async def test_an_answer_may_take_its_time(port: int) -> None:
    async with httpx2.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"http://127.0.0.1:{port}/")).text == "ok"
