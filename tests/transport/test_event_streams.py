"""Server-sent events: operations as streams, over a real socket and in process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from httpx2 import AsyncClient
from starlette.types import Message

from tests.transport.client import Answer, call, post
from tests.transport.server import serving
from tests.transport.stand_in import SECRET, StandInEngine
from transport import GraphQLApp, Limits

EVENTS = "text/event-stream"
PATIENCE_SECONDS = 30.0


def events_in(body: bytes) -> list[Any]:
    """The events of a stream, as their name and their JSON."""
    events: list[Any] = []
    for block in body.decode().split("\n\n"):
        if not block or block.startswith(":"):
            continue
        name, data = block.split("\n")
        text = data.removeprefix("data:").strip()
        events.append((name.removeprefix("event: "), orjson.loads(text) if text else None))
    return events


class Stream:
    """One stream in process: what was sent, and a client that leaves when the test says so."""

    def __init__(self, app: GraphQLApp, query: str, blocked: asyncio.Event | None = None) -> None:
        self.app = app
        self.body = orjson.dumps({"query": query})
        self.sent: list[Message] = []
        self.left = asyncio.Event()
        self.blocked = blocked
        self.asked = False
        self.heard = asyncio.Event()

    async def run(self) -> Answer:
        """Until the stream ends."""
        headers = [(b"content-type", b"application/json"), (b"accept", EVENTS.encode())]
        scope = {"type": "http", "method": "POST", "path": "/graphql", "headers": headers}
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.app(scope, self._receive, self._send)
        body = b"".join(message.get("body", b"") for message in self.sent)
        return Answer(self.sent[0]["status"], {}, body)

    async def _receive(self) -> Message:
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": self.body}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if self.blocked is not None and message.get("body"):
            await self.blocked.wait()
        self.sent.append(message)
        if message.get("body"):
            self.heard.set()


@pytest.fixture(scope="module")
async def url() -> AsyncIterator[str]:
    async with serving(GraphQLApp(StandInEngine())) as port:
        yield f"http://127.0.0.1:{port}/graphql"


async def test_a_subscription_streams_its_events_over_a_real_socket(url: str) -> None:
    async with AsyncClient(trust_env=False) as client:
        answer = await client.post(url, json={"query": "subscription { count(to: 2) }"}, headers={"accept": EVENTS})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    first, second, last = events_in(answer.content)
    assert (first[0], first[1]["data"]) == ("next", {"count": 0})
    assert first[1]["extensions"]["cost"]["requested"] == 1
    assert second == ("next", {"data": {"count": 1}})
    assert last == ("complete", None)


@pytest.mark.parametrize("query", ["{ hello }", 'mutation { rename(name: "x") { id } }'])
async def test_queries_and_mutations_stream_one_event(query: str) -> None:
    answer = await Stream(GraphQLApp(StandInEngine()), query).run()
    assert [name for name, _ in events_in(answer.body)] == ["next", "complete"]


@pytest.mark.parametrize("query", ["{", "{ missing }", "{ items(first: 101) { total } }", "subscription { missing }"])
async def test_what_is_wrong_with_the_document_is_an_event(query: str) -> None:
    engine = StandInEngine()
    answer = await Stream(GraphQLApp(engine), query).run()
    assert answer.status == 200
    (name, body), last = events_in(answer.body)
    assert (name, last) == ("next", ("complete", None))
    assert body["errors"][0]["extensions"]["code"] in {"PARSE_FAILED", "VALIDATION_FAILED", "PAGE_LIMIT"}
    assert engine.closed == 1


async def test_what_is_wrong_with_the_request_is_a_status() -> None:
    engine = StandInEngine()
    app = GraphQLApp(engine)
    assert (await post(app, {"query": 1}, EVENTS)).status == 400
    assert (await post(app, {"query": "{ hello }"}, EVENTS, authorization="Bearer wrong")).status == 401
    assert (await call(app, method="GET", query_string=b"query={hello}", headers={"accept": EVENTS})).status == 405
    engine.budget = 0
    throttled = await post(app, {"query": "{ item { id } }"}, EVENTS)
    assert (throttled.status, throttled.headers["retry-after"]) == (429, "13")
    engine.fail_on_open = RuntimeError(SECRET)
    failed = await post(app, {"query": "{ hello }"}, EVENTS)
    assert (failed.status, failed.code) == (500, "INTERNAL")


async def test_a_stream_that_breaks_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    answer = await Stream(GraphQLApp(StandInEngine()), "subscription { breaks }").run()
    first, second, last = events_in(answer.body)
    assert first[1]["data"] == {"breaks": 1}
    assert second[1]["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert last[0] == "complete"
    assert SECRET not in answer.body.decode() + capsys.readouterr().out


async def test_a_client_that_leaves_ends_its_operation() -> None:
    engine = StandInEngine()
    stream = Stream(GraphQLApp(engine, Limits(heartbeat_seconds=0.01)), "subscription { silence }")
    running = asyncio.create_task(stream.run())
    await stream.heard.wait()
    stream.left.set()
    await running
    assert engine.closed == 1


async def test_a_silent_stream_is_kept_open_by_heartbeats() -> None:
    stream = Stream(GraphQLApp(StandInEngine(), Limits(heartbeat_seconds=0.01)), "subscription { silence }")
    running = asyncio.create_task(stream.run())
    await stream.heard.wait()
    stream.left.set()
    assert (await running).body.startswith(b":\n\n")


async def test_a_token_that_no_longer_holds_ends_the_stream() -> None:
    engine = StandInEngine(valid=False)
    answer = await Stream(GraphQLApp(engine, Limits(validity_seconds=0.01)), "subscription { silence }").run()
    (name, body), last = events_in(answer.body)
    assert (name, last[0]) == ("next", "complete")
    assert body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert engine.closed == 1


async def test_a_slow_reader_is_told_to_fetch_again() -> None:
    blocked = asyncio.Event()
    app = GraphQLApp(StandInEngine(), Limits(slow_reader_seconds=0.02, queued_messages=4))
    stream = Stream(app, "subscription { bulk }", blocked)
    running = asyncio.create_task(stream.run())
    await asyncio.sleep(0.1)  # the client takes nothing for longer than it may
    blocked.set()
    events = events_in((await running).body)
    assert [name for name, _ in events[-2:]] == ["next", "complete"]
    assert events[-2][1]["errors"][0]["extensions"]["code"] == "REFETCH"
    assert len(events) < 10


async def test_a_reader_that_is_stuck_is_dropped() -> None:
    engine = StandInEngine()
    app = GraphQLApp(engine, Limits(stuck_reader_seconds=0.02))
    await Stream(app, "subscription { bulk }", asyncio.Event()).run()
    assert engine.closed == 1


async def test_streams_count_as_connections_of_their_viewer() -> None:
    engine = StandInEngine()
    app = GraphQLApp(engine, Limits(connections_per_source=1, heartbeat_seconds=0.01))
    stream = Stream(app, "subscription { silence }")
    running = asyncio.create_task(stream.run())
    await stream.heard.wait()
    assert (await Stream(app, "{ hello }").run()).status == 429
    stream.left.set()
    await running
    assert (await Stream(app, "{ hello }").run()).status == 200
