"""GraphQL over WebSocket: the protocol's messages and codes, and what happens to those who do not keep to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from starlette.types import Message
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, NegotiationError

from tests.transport.server import serving
from tests.transport.stand_in import SECRET, StandInEngine
from transport import GraphQLApp, Limits, Origins

PROTOCOL = "graphql-transport-ws"
PATIENCE_SECONDS = 5.0
NUL_IN_VARIABLES = b'{"id":"1","type":"subscribe","payload":{"query":"{hello}","variables":{"a":"\\u0000"}}}'


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


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Harness]:
    async with harness() as running:
        yield running


async def test_a_subscription_sends_its_events_and_completes(server: Harness) -> None:
    async with server.client() as client:
        assert client.socket.subprotocol == PROTOCOL
        await client.init()
        await client.subscribe("a", "subscription { count(to: 2) }")
        first = await client.hear()
        assert (first["id"], first["type"], first["payload"]["data"]) == ("a", "next", {"count": 0})
        assert first["payload"]["extensions"]["cost"]["requested"] == 1
        assert await client.hear() == {"id": "a", "type": "next", "payload": {"data": {"count": 1}}}
        assert await client.hear() == {"id": "a", "type": "complete"}


@pytest.mark.parametrize(
    ("query", "data"),
    [("{ hello }", {"hello": "hello you"}), ('mutation { rename(name: "b") { name } }', {"rename": {"name": "b"}})],
)
async def test_queries_and_mutations_are_answered_too(server: Harness, query: str, data: Any) -> None:
    async with server.client() as client:
        await client.init()
        await client.subscribe("q", query)
        answer = await client.hear()
        assert (answer["type"], answer["payload"]["data"]) == ("next", data)
        assert await client.hear() == {"id": "q", "type": "complete"}
        await client.subscribe("q", query)  # an id may be used again once its operation is complete
        assert (await client.hear())["payload"]["data"] == data


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{"}, "PARSE_FAILED"),
        ({"query": "{ missing }"}, "VALIDATION_FAILED"),
        ({"query": "subscription { missing }"}, "VALIDATION_FAILED"),
        ({"query": "{ items(first: 101) { total } }"}, "PAGE_LIMIT"),
        ({"query": "query($n: Int!) { items(first: $n) { total } }"}, "BAD_REQUEST"),
        ({"query": "subscription($n: Int!) { count(to: $n) }", "variables": {"n": "x"}}, "BAD_REQUEST"),
        ({"query": "{ hello }", "operationName": "missing"}, "BAD_REQUEST"),
        ({"documentId": "missing"}, "PERSISTED_QUERY_NOT_FOUND"),
    ],
)
async def test_an_operation_that_cannot_run_ends_with_an_error_and_the_socket_goes_on(
    server: Harness, payload: dict[str, Any], code: str
) -> None:
    async with server.client() as client:
        await client.init()
        await client.say({"id": "a", "type": "subscribe", "payload": payload})
        answer = await client.hear()
        assert (answer["id"], answer["type"]) == ("a", "error")
        assert answer["payload"][0]["extensions"]["code"] == code
        await client.say({"type": "ping"})
        assert await client.hear() == {"type": "pong"}


async def test_text_no_database_takes_is_refused(server: Harness) -> None:
    async with server.client() as client:
        await client.init()
        await client.say(NUL_IN_VARIABLES.decode())
        assert (await client.hear())["payload"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_a_stream_that_breaks_is_masked(server: Harness, capsys: pytest.CaptureFixture[str]) -> None:
    async with server.client() as client:
        await client.init()
        await client.subscribe("a", "subscription { breaks }")
        assert (await client.hear())["payload"]["data"] == {"breaks": 1}
        answer = await client.hear()
        assert answer["type"] == "error"
        assert answer["payload"][0]["message"] == "Something went wrong on our side."
        assert SECRET not in capsys.readouterr().out


async def test_a_ping_is_answered_before_and_after_the_start(server: Harness) -> None:
    async with server.client() as client:
        await client.say({"type": "ping", "payload": {"at": 1}})
        assert await client.hear() == {"type": "pong", "payload": {"at": 1}}
        await client.init()
        await client.say({"type": "pong"})
        await client.say({"type": "ping"})
        assert await client.hear() == {"type": "pong"}


async def test_a_completed_operation_says_nothing_more_and_frees_its_id(server: Harness) -> None:
    async with server.client() as client:
        await client.init()
        await client.subscribe("a", "subscription { silence }")
        await client.say({"id": "a", "type": "complete"})
        await client.say({"id": "never began", "type": "complete"})
        await client.subscribe("a", "{ hello }")
        assert (await client.hear())["payload"]["data"] == {"hello": "hello you"}


MALFORMED: dict[str, Any] = {
    "no JSON": "{",
    "an empty frame": "",
    "bytes": b'{"type":"ping"}',
    "a list": [],
    "a number": "1",
    "null": "null",
    "deep JSON": "[" * 30_000,
    "an integer of 5,000 digits": '{"type":"ping","payload":{"a":' + "9" * 5000 + "}}",
    "a lone surrogate": '{"type":"ping","payload":{"a":"\\ud800"}}',
    "no type": {},
    "an unknown type": {"type": "start"},
    "a type that is a number": {"type": 1},
    "a message only servers send": {"type": "connection_ack"},
    "a ping with a text": {"type": "ping", "payload": "x"},
    "a pong with a list": {"type": "pong", "payload": []},
    "no id": {"type": "subscribe", "payload": {"query": "{ hello }"}},
    "an empty id": {"id": "", "type": "subscribe", "payload": {"query": "{ hello }"}},
    "an endless id": {"id": "x" * 129, "type": "subscribe", "payload": {"query": "{ hello }"}},
    "an id that is a number": {"id": 1, "type": "subscribe", "payload": {"query": "{ hello }"}},
    "no payload": {"id": "a", "type": "subscribe"},
    "a payload that is a list": {"id": "a", "type": "subscribe", "payload": [{"query": "{ hello }"}]},
    "no query": {"id": "a", "type": "subscribe", "payload": {}},
    "a query that is a number": {"id": "a", "type": "subscribe", "payload": {"query": 1}},
    "variables that are a list": {"id": "a", "type": "subscribe", "payload": {"query": "{ hello }", "variables": []}},
    "a complete without id": {"type": "complete"},
}


@pytest.mark.parametrize("message", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_malformed_message_closes_with_4400(server: Harness, message: Any) -> None:
    async with server.client() as client:
        await client.init()
        await client.say(message)
        assert await client.closed() == 4400


async def test_a_frame_beyond_the_limit_closes_with_1009(server: Harness) -> None:
    async with server.client() as client:
        await client.init()
        await client.say({"type": "ping", "payload": {"a": "x" * 64_000}})
        assert await client.closed() == 1009


async def test_an_operation_before_the_start_closes_with_4401(server: Harness) -> None:
    async with server.client() as client:
        await client.subscribe("a", "{ hello }")
        assert await client.closed() == 4401


async def test_a_second_start_closes_with_4429(server: Harness) -> None:
    async with server.client() as client:
        await client.init()
        await client.say({"type": "connection_init"})
        assert await client.closed() == 4429


async def test_an_id_in_use_closes_with_4409(server: Harness) -> None:
    async with server.client() as client:
        await client.init()
        await client.subscribe("é" * 100, "subscription { silence }")
        await client.subscribe("é" * 100, "subscription { silence }")
        assert await client.closed() == 4409


async def test_a_client_that_is_not_let_in_is_closed_with_4403(server: Harness) -> None:
    async with server.client() as client:
        await client.say({"type": "connection_init", "payload": {"authorization": "Bearer wrong"}})
        assert await client.closed() == 4403


async def test_a_failure_to_open_closes_with_4500() -> None:
    async with harness() as running, running.client() as client:
        running.engine.fail_on_open = RuntimeError(SECRET)
        await client.say({"type": "connection_init"})
        assert await client.closed() == 4500


@pytest.mark.parametrize("protocol", [None, "graphql-ws"])
async def test_another_protocol_closes_with_4406(server: Harness, protocol: str | None) -> None:
    try:
        async with server.client(protocol=protocol) as client:
            assert await client.closed() == 4406
    except NegotiationError:
        assert protocol == "graphql-ws"


async def test_who_does_not_start_in_time_is_closed_with_4408() -> None:
    async with harness(init_seconds=0.05) as running, running.client() as client:
        await client.say({"type": "ping"})
        assert await client.closed() == 4408


@pytest.mark.parametrize(
    ("origin", "admitted"),
    [
        ("https://app.example", True),
        ("https://evil.example", False),
        ("null", False),
        ("https://app.example.evil", False),
    ],
)
async def test_only_listed_origins_are_admitted(server: Harness, origin: str, admitted: bool) -> None:
    if admitted:
        async with server.client(origin=origin) as client:
            await client.init()
        return
    with pytest.raises(InvalidStatus) as refused:
        async with server.client(origin=origin):
            pass
    assert refused.value.response.status_code == 403


async def test_the_own_origin_is_always_admitted(server: Harness) -> None:
    async with server.client(origin=f"http://127.0.0.1:{server.port}") as client:
        await client.init()


async def test_the_twenty_first_operation_is_refused_and_the_others_go_on(server: Harness) -> None:
    async with server.client() as client:
        await client.init()
        for number in range(20):
            await client.subscribe(f"s{number}", "subscription { silence }")
        await client.subscribe("one more", "subscription { silence }")
        answer = await client.hear()
        assert (answer["id"], answer["payload"][0]["extensions"]["code"]) == ("one more", "SUBSCRIPTION_LIMIT")
        await client.say({"id": "s0", "type": "complete"})
        await client.subscribe("one more", "{ hello }")
        assert (await client.hear())["type"] == "next"


async def test_a_viewer_has_only_so_many_connections() -> None:
    async with harness(connections_per_viewer=1) as running:
        async with running.client() as first:
            await first.init(authorization="Bearer a")
            async with running.client() as second:
                await second.say({"type": "connection_init", "payload": {"authorization": "Bearer a"}})
                assert await second.closed() == 4429
            async with running.client() as other:
                await other.init(authorization="Bearer b")
            running.engine.all_closed.clear()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await running.engine.all_closed.wait()
        async with running.client() as again:
            await again.init(authorization="Bearer a")


async def test_an_address_has_only_so_many_connections() -> None:
    async with harness(connections_per_source=1) as running, running.client() as first:
        await first.init()
        with pytest.raises(InvalidStatus):
            async with running.client():
                pass


async def test_a_token_that_no_longer_holds_ends_the_connection_with_4401() -> None:
    async with harness(validity_seconds=0.02) as running, running.client() as client:
        await client.init()
        await client.subscribe("a", "subscription { silence }")
        running.engine.valid = False
        assert await client.closed() == 4401


def test_a_revoked_token_ends_a_connection_within_five_seconds() -> None:
    limits = Limits()
    assert limits.validity_seconds <= 4
    assert limits.validity_seconds + limits.validity_timeout_seconds < 5


@pytest.mark.parametrize("hangs", [True, False])
async def test_a_token_that_cannot_be_looked_at_ends_the_connection_with_1013(
    hangs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def still_valid(context: Any) -> bool:
        if hangs:
            await asyncio.Event().wait()
        raise RuntimeError(SECRET)

    async with harness(validity_seconds=0.02, validity_timeout_seconds=0.02) as running:
        monkeypatch.setattr(running.engine, "still_valid", still_valid)
        async with running.client() as client:
            await client.init()
            assert await client.closed() == 1013


async def test_a_slow_reader_is_told_to_fetch_again() -> None:
    async with (
        harness(slow_reader_seconds=0.05, queued_messages=4) as running,
        running.client(max_queue=1, write_limit=1) as client,
    ):
        await client.init()
        await client.subscribe("a", "subscription { bulk }")
        await asyncio.sleep(0.5)  # the client reads nothing, so that every buffer between fills up
        message: Any = {"type": "next"}
        while message["type"] == "next":
            message = await client.hear()
        assert (message["id"], message["type"]) == ("a", "error")
        assert message["payload"][0]["extensions"]["code"] == "REFETCH"


async def test_a_quick_reader_misses_nothing() -> None:
    async with harness(queued_messages=4) as running, running.client() as client:
        await client.init()
        await client.subscribe("a", "subscription { bulk(to: 300) }")
        kinds = [(await client.hear())["type"] for _ in range(301)]
        assert kinds == ["next"] * 300 + ["complete"]


async def test_who_reads_nothing_and_keeps_asking_is_closed_with_1008() -> None:
    """In process, so that no buffer of the system hides the moment."""
    asking = asyncio.Event()
    sent: list[Message] = []
    begun = False

    async def receive() -> Message:
        nonlocal begun
        if not begun:
            begun = True
            return {"type": "websocket.connect"}
        await asyncio.sleep(0)
        return {"type": "websocket.receive", "text": '{"type":"ping"}'}

    async def send(message: Message) -> None:
        if message["type"] == "websocket.send":
            await asking.wait()
        sent.append(message)

    scope = {"type": "websocket", "path": "/graphql", "headers": [], "subprotocols": [PROTOCOL]}
    async with asyncio.timeout(PATIENCE_SECONDS):
        await GraphQLApp(StandInEngine())(scope, receive, send)
    assert sent[-1]["code"] == 1008


@pytest.mark.parametrize(("characters", "code"), [(64_000, 4400), (64_001, 1009), (32_001, 1009)])
async def test_a_frame_may_be_as_long_as_the_limit_in_bytes(characters: int, code: int) -> None:
    letter = "é" if characters == 32_001 else "x"
    sent = await _conversation([{"type": "websocket.receive", "text": letter * characters}])
    assert sent[-1]["code"] == code


async def test_a_client_that_takes_nothing_at_all_is_dropped() -> None:
    engine = StandInEngine()
    begin = {"type": "websocket.receive", "text": '{"type":"connection_init"}'}
    sent = await _conversation([begin], GraphQLApp(engine, Limits(stuck_reader_seconds=0.02)), takes_messages=False)
    assert [message["type"] for message in sent] == ["websocket.accept"]
    assert engine.closed == len(engine.opened) == 1


async def _conversation(
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


async def test_every_context_is_closed_when_the_client_leaves() -> None:
    async with harness() as running:
        async with running.client() as client:
            await client.init()
            await client.subscribe("a", "subscription { silence }")
            await client.subscribe("b", "{ slow }")
            await client.subscribe("c", "{ hello }")
            await client.hear()
            running.engine.all_closed.clear()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await running.engine.all_closed.wait()
        assert running.engine.closed == 4
