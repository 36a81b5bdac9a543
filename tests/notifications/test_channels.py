"""The outbox by channel: each event waits once for each, and no channel waits for another or takes what is its."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from database import credentials, url_of
from models.base.events import Channel
from models.base.statements import execute, fetch
from notifications.outbox import pass_on, write_mails
from settings import Settings
from tests.notifications.work import forget_mails_so_far, mails
from tests.support.world import AT, granted, school_of, student_of

STAND_IN = "STAND_IN"
"""A channel of these tests alone, that takes events as any other does."""

TAKEN_BEFORE = """
SELECT e.id, e.verb FROM outbox o JOIN events e ON e.id = o.event_id
 ORDER BY o.event_id LIMIT $1 FOR UPDATE OF o SKIP LOCKED
"""
DONE_BEFORE = "DELETE FROM outbox WHERE event_id = ANY ($1)"
"""How a worker of the version before takes events and is done with them."""


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def channels(committed: Settings) -> AsyncIterator[None]:
    """A fresh database with the stand-in beside mail."""
    await execute("INSERT INTO outbox_channels (name) VALUES ($1)", STAND_IN)
    yield


async def three_events() -> list[Any]:
    """Three students, each with news."""
    school = await school_of()
    students = [await student_of(school) for _ in range(3)]
    await forget_mails_so_far()
    for student in students:
        await granted(student, 1)
    return await fetch("SELECT id FROM events WHERE verb = 'credit.granted' ORDER BY id")


async def waiting(channel: str) -> list[Any]:
    """The events that wait for a channel, oldest first."""
    rows = await fetch("SELECT event_id FROM outgoing WHERE channel = $1 ORDER BY event_id", channel)
    return [row.event_id for row in rows]


async def write() -> int:
    """Do the work of mail."""
    return await write_mails(at=AT, domain="mail.test")


async def taken(events: list[Any]) -> None:
    """The work of a channel that has nothing to do."""


async def failing(events: list[Any]) -> None:
    """The work of a channel whose other end is gone, after it has written something."""
    await execute("INSERT INTO throttles VALUES ('half done', now(), 1, NULL, NULL, now())")
    raise ConnectionError


async def test_the_channels_of_the_program_are_those_of_the_database() -> None:
    rows = await fetch("SELECT name FROM outbox_channels WHERE name <> $1", STAND_IN)
    assert {row.name for row in rows} == set(Channel)


async def test_each_event_waits_once_for_each_channel() -> None:
    ids = [event.id for event in await three_events()]
    assert await waiting(Channel.MAIL) == await waiting(STAND_IN) == ids


async def test_a_channel_that_fails_holds_up_no_other_and_loses_nothing() -> None:
    ids = [event.id for event in await three_events()]
    for _ in range(3):
        with pytest.raises(ConnectionError):
            await pass_on(STAND_IN, failing)
    assert await write() == 3
    assert await waiting(Channel.MAIL) == []
    assert len(await mails()) == 3
    assert await fetch("SELECT 1 FROM throttles") == [], "what a failing channel wrote is undone"
    assert await waiting(STAND_IN) == ids
    assert await pass_on(STAND_IN, taken) == 3
    assert await waiting(STAND_IN) == []


async def test_mail_that_fails_holds_up_no_other_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [event.id for event in await three_events()]
    monkeypatch.setattr("notifications.outbox.INSERT", "SELECT 1 / 0")
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await write()
    assert await pass_on(STAND_IN, taken) == 3
    assert await waiting(Channel.MAIL) == ids


async def test_a_channel_that_takes_its_time_lets_the_others_go_on() -> None:
    await three_events()
    begun, end = asyncio.Event(), asyncio.Event()

    async def slow(events: list[Any]) -> None:
        begun.set()
        await end.wait()

    running = asyncio.create_task(pass_on(STAND_IN, slow))
    await begun.wait()
    assert await write() == 3
    end.set()
    assert await running == 3


async def test_a_worker_that_dies_in_the_middle_leaves_each_event_to_the_next_one() -> None:
    ids = [event.id for event in await three_events()]

    async def dying(events: list[Any]) -> None:
        await execute("INSERT INTO throttles VALUES ('half done', now(), 1, NULL, NULL, now())")
        await execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await pass_on(STAND_IN, dying)
    assert await waiting(STAND_IN) == ids
    assert await fetch("SELECT 1 FROM throttles") == []
    assert await pass_on(STAND_IN, taken) == 3


async def test_workers_of_one_channel_share_its_events() -> None:
    await three_events()
    seen: list[Any] = []

    async def noted(events: list[Any]) -> None:
        seen.extend(event.id for event in events)
        await asyncio.sleep(0)

    done = await asyncio.gather(*(pass_on(STAND_IN, noted, most=1) for _ in range(3)))
    while await pass_on(STAND_IN, noted, most=1):
        pass
    assert sum(done) <= 3
    assert len(seen) == len(set(seen)) == 3


async def test_a_worker_of_the_version_before_takes_what_is_mails_and_nothing_else() -> None:
    ids = [event.id for event in await three_events()]
    found = await fetch(TAKEN_BEFORE, 2)
    assert [row.id for row in found] == ids[:2]
    await execute(DONE_BEFORE, [row.id for row in found])
    assert await waiting(Channel.MAIL) == ids[2:]
    assert await waiting(STAND_IN) == ids


async def test_a_worker_of_the_version_before_passes_over_what_one_of_this_version_has(
    committed: Settings,
) -> None:
    await three_events()
    found: list[int] = []
    other = await asyncpg.connect(**credentials(url_of(committed)))

    async def meanwhile(events: list[Any]) -> None:
        found.append(len(await other.fetch(TAKEN_BEFORE, 10)))

    try:
        assert await pass_on(Channel.MAIL, meanwhile, most=2) == 2
    finally:
        await other.close()
    assert found == [1]


async def test_an_event_that_is_told_again_makes_no_second_mail() -> None:
    await three_events()
    await write()
    await execute(
        "INSERT INTO outgoing (event_id, channel) SELECT id, 'MAIL' FROM events WHERE verb = 'credit.granted'"
    )
    assert await write() == 3
    assert len(await mails()) == 3
