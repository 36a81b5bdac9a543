"""The outbox by channel on a database that serves: what waits stays, and a worker of the version before works on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest_asyncio

from database import create_database, credentials
from database.migrations import names_on_disk
from tests.notifications.test_channels import DONE_BEFORE, TAKEN_BEFORE
from tests.platform.test_migration_to_persons import apply

CHANNELS = next(name for name in names_on_disk() if name.endswith("_outbox_by_channel"))
EVENT = """
INSERT INTO events (id, verb, subject_type, subject_id, at, request_id, data)
VALUES ($1, 'school.updated', 'sch', $1, now(), '', '{}')
"""


@pytest_asyncio.fixture(loop_scope="session")
async def url(postgres: str) -> AsyncIterator[dict[str, Any]]:
    """Where a database is that the version before has left."""
    name = f"channels_{uuid4().hex[:8]}"
    await create_database(postgres, name)
    address = {**credentials(postgres), "database": name}
    connection = await asyncpg.connect(**address)
    await apply(connection, [one for one in sorted(names_on_disk()) if one < CHANNELS])
    await connection.close()
    yield address
    server = await asyncpg.connect(**credentials(postgres))
    await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await server.close()


async def happens(connection: Any, number: int) -> list[UUID]:
    """So many events."""
    ids = [uuid4() for _ in range(number)]
    for id in ids:
        await connection.execute(EVENT, id)
    return ids


async def taken_as_before(worker: Any) -> set[UUID]:
    """What a worker of the version before takes and is done with, by statements that its connection has prepared."""
    async with worker.transaction():
        ids = [row["id"] for row in await worker.fetch(TAKEN_BEFORE, 2)]
        await worker.execute(DONE_BEFORE, ids)
    return set(ids)


async def test_what_waits_stays_and_the_worker_before_works_on_by_the_statements_it_has(url: dict[str, Any]) -> None:
    worker, newer = await asyncpg.connect(**url), await asyncpg.connect(**url)
    try:
        before = await happens(worker, 5)
        done = await taken_as_before(worker)
        assert len(done) == 2
        await apply(newer, [one for one in sorted(names_on_disk()) if one >= CHANNELS])
        rows = await newer.fetch("SELECT event_id, channel FROM outgoing")
        assert {(row["event_id"], row["channel"]) for row in rows} == {(id, "MAIL") for id in set(before) - done}
        await newer.execute("INSERT INTO outbox_channels (name) VALUES ('STAND_IN')")
        after = set(await happens(worker, 2))
        while more := await taken_as_before(worker):
            done |= more
        assert done == set(before) | after
        left = await newer.fetch("SELECT event_id, channel FROM outgoing")
        assert {(row["event_id"], row["channel"]) for row in left} == {(id, "STAND_IN") for id in after}
    finally:
        await worker.close()
        await newer.close()
