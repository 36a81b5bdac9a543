"""What one socket, one viewer and one address may hold, and how those end who take more or whose token ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Message
from websockets.exceptions import InvalidStatus

from tests.transport.sockets import PATIENCE_SECONDS, PROTOCOL, conversation, harness
from tests.transport.stand_in import SECRET, StandInEngine
from transport import GraphQLApp, Limits


async def test_the_twenty_first_operation_is_refused_and_the_others_go_on() -> None:
    async with harness() as running, running.client() as client:
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
    sent = await conversation([{"type": "websocket.receive", "text": letter * characters}])
    assert sent[-1]["code"] == code


async def test_a_client_that_takes_nothing_at_all_is_dropped() -> None:
    engine = StandInEngine()
    begin = {"type": "websocket.receive", "text": '{"type":"connection_init"}'}
    sent = await conversation([begin], GraphQLApp(engine, Limits(stuck_reader_seconds=0.02)), takes_messages=False)
    assert [message["type"] for message in sent] == ["websocket.accept"]
    assert engine.closed == len(engine.opened) == 1


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
