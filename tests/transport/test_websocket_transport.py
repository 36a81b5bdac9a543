"""GraphQL over WebSocket: the protocol's messages and codes, and what happens to those who do not keep to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus, NegotiationError

from tests.transport.sockets import PROTOCOL, Harness, harness
from tests.transport.stand_in import SECRET

NUL_IN_VARIABLES = b'{"id":"1","type":"subscribe","payload":{"query":"{hello}","variables":{"a":"\\u0000"}}}'


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
        ({"query": "query($n: Int!) { items(first: $n) { total } }"}, "BAD_INPUT"),
        ({"query": "subscription($n: Int!) { count(to: $n) }", "variables": {"n": "x"}}, "BAD_INPUT"),
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
