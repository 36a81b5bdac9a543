"""What only a real server shows: bodies that arrive slowly or never end, and streams whose reader leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.transport.server import serving
from tests.transport.stand_in import StandInEngine
from transport import GraphQLApp, Limits

PATIENCE_SECONDS = 30.0
HEAD = b"POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
SUBSCRIPTION = b'{"query":"subscription { silence }"}'


@asynccontextmanager
async def socket_to(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A plain socket, closed whatever happens."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):  # the server closed first, on what was still being sent
            await writer.wait_closed()


async def answer_in(reader: asyncio.StreamReader) -> bytes:
    """All that arrives; a server that closes on what is still being sent resets the connection after its answer."""
    answer = b""
    with suppress(ConnectionError):
        while received := await reader.read(10_000):
            answer += received
    return answer


async def test_a_body_that_stops_arriving_is_cut() -> None:
    async with (
        serving(GraphQLApp(StandInEngine(), Limits(body_seconds=0.05))) as port,
        socket_to(port) as (reader, writer),
    ):
        writer.write(HEAD + b"content-length: 100\r\n\r\n" + b'{"query":')
        answer = await answer_in(reader)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"DEADLINE"' in answer


async def test_a_body_that_drips_is_cut_too() -> None:
    async with (
        serving(GraphQLApp(StandInEngine(), Limits(body_seconds=0.1))) as port,
        socket_to(port) as (reader, writer),
    ):
        writer.write(HEAD + b"content-length: 1000\r\n\r\n")
        answer = asyncio.create_task(answer_in(reader))
        while not answer.done():
            writer.write(b" ")
            await asyncio.sleep(0.01)
        assert (await answer).startswith(b"HTTP/1.1 408 ")


async def test_a_body_without_end_is_cut_at_the_limit() -> None:
    async with serving(GraphQLApp(StandInEngine())) as port, socket_to(port) as (reader, writer):
        writer.write(HEAD + b"transfer-encoding: chunked\r\n\r\n" + (b"2710\r\n" + b"x" * 10_000 + b"\r\n") * 12)
        assert (await answer_in(reader)).startswith(b"HTTP/1.1 413 ")


async def test_two_requests_on_one_socket_are_both_answered() -> None:
    async with serving(GraphQLApp(StandInEngine())) as port, socket_to(port) as (reader, writer):
        body = b'{"query":"{ hello }"}'
        for _ in range(2):
            writer.write(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
            await reader.readuntil(b'"Z"}}}'.replace(b'"Z"', b'Z"'))


async def test_a_stream_ends_when_its_reader_leaves() -> None:
    engine = StandInEngine()
    async with serving(GraphQLApp(engine)) as port:
        async with socket_to(port) as (reader, writer):
            length = b"content-length: %d\r\n" % len(SUBSCRIPTION)
            writer.write(HEAD + b"accept: text/event-stream\r\n" + length + b"\r\n" + SUBSCRIPTION)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        async with asyncio.timeout(PATIENCE_SECONDS):
            await engine.all_closed.wait()
    assert engine.closed == 1
