"""Whatever is sent, the answer is a clear one and never a failure of ours."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message

from tests.transport.client import NEW, call, post
from tests.transport.stand_in import StandInEngine
from transport import GraphQLApp

CLIENT_ERRORS = {400, 401, 403, 405, 406, 413, 414, 415, 429}
PIECES = ["{", "}", "(", ")", "[", "]", "...", "F", "fragment", "on", "Query", "query", "mutation", "subscription",
          "hello", "item", "items", "id", "first", ":", "1", "-1", "9" * 400, '"a"', '"""', "$a", "$a: Int", "@skip",
          "(if: true)", "!", "=", "null", "true", "#", "\n", "\\u0000", "\u0000", "é", "😀", "a:", "__schema", "__type",
          "type", "extend", "&", "|", "nodes"]  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below, max_size=3),
    max_leaves=10,
)
DOCUMENTS = st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "query": DOCUMENTS | JSON,
        "variables": JSON,
        "operationName": JSON,
        "extensions": JSON,
        "documentId": JSON,
    },
)

HEADERS = ["accept", "content-type", "content-encoding", "content-length", "x-request-id", "origin", "sec-fetch-site"]


def dumped(value: Any) -> bytes:
    """JSON, with what orjson would refuse to write left to the standard library's escapes."""
    return json.dumps(value).encode()


def app() -> GraphQLApp:
    return GraphQLApp(StandInEngine(budget=10**9))


def fine(status: int, body: bytes) -> bool:
    """Data, or at least one error with a code that is not ours to be ashamed of."""
    answer = orjson.loads(body)
    if status == 200:
        return "data" in answer
    codes = [error["extensions"]["code"] for error in answer["errors"]]
    return status in CLIENT_ERRORS and bool(codes) and "INTERNAL" not in codes


@settings(max_examples=300, deadline=None)
@given(BODIES | JSON)
async def test_any_json_gets_a_clear_answer(body: Any) -> None:
    answer = await post(app(), dumped(body))
    assert fine(answer.status, answer.body)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
async def test_any_bytes_get_a_clear_answer(body: bytes) -> None:
    answer = await post(app(), body)
    assert fine(answer.status, answer.body)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | DOCUMENTS.map(lambda text: b"query=" + text.encode()))
async def test_any_query_string_gets_a_clear_answer(query_string: bytes) -> None:
    answer = await call(app(), method="GET", query_string=query_string, headers={"accept": NEW})
    assert fine(answer.status, answer.body)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(HEADERS), st.text(st.characters(max_codepoint=255))))
async def test_any_headers_get_a_clear_answer(headers: dict[str, str]) -> None:
    answer = await call(app(), headers=headers, chunks=[b'{"query":"{hello}"}'])
    if answer.headers["content-type"].startswith("text/event-stream"):
        return
    assert fine(answer.status, answer.body)


@settings(max_examples=100, deadline=None)
@given(st.lists(JSON | st.fixed_dictionaries(
    {"type": st.sampled_from(["connection_init", "subscribe", "complete", "ping", "pong", "next"])},
    optional={"id": st.sampled_from(["a", "b"]) | JSON, "payload": BODIES | JSON},
), max_size=6))  # fmt: skip
async def test_any_messages_end_with_a_code_of_the_protocol(messages: list[Any]) -> None:
    waiting: list[Message] = [{"type": "websocket.connect"}]
    waiting += [{"type": "websocket.receive", "text": dumped(message).decode()} for message in messages]
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.sleep(0)
        return waiting.pop(0) if waiting else {"type": "websocket.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/", "headers": [], "subprotocols": ["graphql-transport-ws"]}
    await app()(scope, receive, send)
    closes = [message["code"] for message in sent if message["type"] == "websocket.close"]
    assert set(closes) <= {4400, 4401, 4409, 4429, 1009}
    assert b"INTERNAL" not in b"".join(message.get("text", "").encode() for message in sent)
