"""Bodies and query strings that are malformed, too long or too slow."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.transport.client import NEW, OLD, call, get, post
from tests.transport.stand_in import StandInEngine
from transport import GraphQLApp, Limits


@pytest.fixture
def engine() -> StandInEngine:
    return StandInEngine()


@pytest.fixture
def app(engine: StandInEngine) -> GraphQLApp:
    return GraphQLApp(engine, Limits(body_seconds=0.05, request_seconds=0.05))


MALFORMED: dict[str, bytes] = {
    "nothing": b"",
    "half an object": b'{"query":"{hello}"',
    "a number": b"1",
    "null": b"null",
    "a text": b'"{hello}"',
    "a batch": b'[{"query":"{hello}"}]',
    "an empty batch": b"[]",
    "invalid UTF-8": b'{"query":"{hello \xff}"}',
    "UTF-16": '{"query":"{hello}"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"query":"{hello}"}',
    "100,000 levels": b"[" * 49_000 + b"]" * 49_000,
    "100,000 levels of variables": b'{"query":"{hello}","variables":{"a":' + b"[" * 99_000,
    "900 levels of variables": b'{"query":"{hello}","variables":{"a":' + b"[" * 900 + b"]" * 900 + b"}}",
    "an integer of 5,000 digits": b'{"query":"{hello}","variables":{"a":' + b"9" * 5000 + b"}}",
    "1e999": b'{"query":"{hello}","variables":{"a":1e999}}',
    "NaN": b'{"query":"{hello}","variables":{"a":NaN}}',
    "a lone surrogate in a variable": b'{"query":"{hello}","variables":{"a":"\\ud800"}}',
    "a lone surrogate in the document": b'{"query":"{hello(name:\\"\\udfff\\")}"}',
    "NUL in a variable": b'{"query":"{hello}","variables":{"a":{"b":["\\u0000"]}}}',
    "NUL in a key of a variable": b'{"query":"{hello}","variables":{"a":{"\\u0000":1}}}',
    "NUL in the document": b'{"query":"{hello \\u0000}"}',
    "NUL in a literal": b'{"query":"{hello(name:\\"\\\\u0000\\")}"}',
    "NUL in a braced escape": b'{"query":"{hello(name:\\"\\\\u{0}\\")}"}',
    "NUL in a default": b'{"query":"query($a:String=\\"\\\\u0000\\"){hello(name:$a)}"}',
    "NUL in a directive": b'{"query":"{hello @skip(if:\\"\\\\u0000\\")}"}',
    "NUL in a block string": b'{"query":"{hello(name:\\"\\"\\"\\u0000\\"\\"\\")}"}',
    "a surrogate escape in a literal": b'{"query":"{hello(name:\\"\\\\uD800\\")}"}',
    "no query": b"{}",
    "an empty query": b'{"query":""}',
    "a query that is a number": b'{"query":1}',
    "a query that is null": b'{"query":null}',
    "variables as a list": b'{"query":"{hello}","variables":[]}',
    "variables as a text": b'{"query":"{hello}","variables":"{}"}',
    "extensions as a list": b'{"query":"{hello}","extensions":[]}',
    "an operation name that is a number": b'{"query":"{hello}","operationName":1}',
    "an unknown operation name": b'{"query":"{hello}","operationName":"x"}',
    "an empty operation name": b'{"query":"{hello}","operationName":""}',
    "query and documentId": b'{"query":"{hello}","documentId":"x"}',
    "a documentId that is an object": b'{"documentId":{}}',
    "a huge number for an Int": (
        b'{"query":"query($a:Int!){total(numbers:[$a])}","variables":{"a":99999999999999999999}}'
    ),
    "an unknown variable type": b'{"query":"query($a:Nope){hello}"}',
    "definitions of types": b'{"query":"type A { b: Int }"}',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_malformed_request_is_a_clear_400(app: GraphQLApp, body: bytes) -> None:
    answer = await post(app, body)
    assert answer.status == 400
    assert "data" not in answer.json
    assert answer.code not in (None, "INTERNAL")
    assert answer.json["errors"][0]["message"]


@pytest.mark.parametrize("body", [b"", b"1", b"null", b"[]", b"{}", b'{"query":1}', b'{"query":"{hello \xff}"}'])
async def test_a_malformed_request_is_a_400_for_old_clients_too(app: GraphQLApp, body: bytes) -> None:
    assert (await post(app, body, OLD)).status == 400


@pytest.mark.parametrize(
    "query_string",
    [b"", b"query=%ff", b"query=%ed%a0%80", b"query={hello}&query={hello}", b"query={hello}&variables=[1]",
     b"query={hello}&variables={", b"query={hello}&extensions=1", b"query={hello%00}", b"&".join([b"a=1"] * 100),
     "query={hello}é".encode()],
)  # fmt: skip
async def test_a_malformed_query_string_is_a_clear_400(app: GraphQLApp, query_string: bytes) -> None:
    answer = await call(app, method="GET", query_string=query_string, headers={"accept": NEW})
    assert (answer.status, answer.code in {"BAD_REQUEST", "PARSE_FAILED"}) == (400, True)


async def test_a_query_string_has_the_bodys_limit(app: GraphQLApp) -> None:
    answer = await get(app, query="{ hello }" + "#" * 100_000)
    assert (answer.status, answer.code) == (414, "BODY_LIMIT")


async def test_a_body_of_exactly_the_limit_is_read_and_one_byte_more_is_not(engine: StandInEngine) -> None:
    body = b'{"query":"{hello}"}'
    assert (await post(GraphQLApp(engine, Limits(body_bytes=len(body))), body)).status == 200
    answer = await post(GraphQLApp(engine, Limits(body_bytes=len(body) - 1)), body)
    assert (answer.status, answer.code) == (413, "BODY_LIMIT")


async def test_a_long_body_is_refused_before_it_has_arrived(app: GraphQLApp) -> None:
    async def never() -> Any:
        raise AssertionError("nothing of it should be read")

    statuses = []

    async def send(message: Any) -> None:
        statuses.append(message.get("status"))

    headers = [(b"content-type", b"application/json"), (b"content-length", b"100001")]
    await app({"type": "http", "method": "POST", "path": "/", "headers": headers}, never, send)
    assert statuses[0] == 413


async def test_a_long_body_in_pieces_is_refused_as_soon_as_it_is_too_long(app: GraphQLApp) -> None:
    pieces = [b"x" * 60_000] * 1000
    answer = await call(app, headers={"content-type": OLD}, chunks=pieces)
    assert (answer.status, answer.headers["connection"]) == (413, "close")


async def test_a_body_may_arrive_in_pieces(app: GraphQLApp) -> None:
    answer = await call(app, headers={"content-type": OLD}, chunks=[b'{"query":', b"", b'"{hello}"', b"}"])
    assert answer.json["data"] == {"hello": "hello you"}


async def test_a_slow_body_is_cut(app: GraphQLApp, engine: StandInEngine) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    await app({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive, send)
    assert sent[0]["status"] == 408
    assert engine.opened == []
