"""The migration to tasks on a database that holds licenses: their clocks begin when they were entered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import pytest_asyncio

from database import create_database, credentials
from database.migrations import names_on_disk
from tests.platform.test_migration_to_persons import Before, apply, named

ENTERED = datetime(2026, 2, 3, 4, tzinfo=UTC)
MIGRATION = "work_claims"


@pytest_asyncio.fixture(loop_scope="session")
async def connection(postgres: str) -> AsyncIterator[Any]:
    """A connection to an empty database of this test's own."""
    name = f"tasks_{uuid4().hex[:8]}"
    await create_database(postgres, name)
    own = await asyncpg.connect(**{**credentials(postgres), "database": name})
    yield own
    await own.close()
    server = await asyncpg.connect(**credentials(postgres))
    await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await server.close()


async def test_a_license_of_before_waits_since_it_was_entered(connection: Any) -> None:
    names = sorted(names_on_disk())
    own = next(place for place, name in enumerate(names) if name.endswith(MIGRATION))
    await apply(connection, names[:own])
    before = Before(connection)
    for name in ("told", "untold"):
        await before.provider(name)
    await before.insert(
        "events", id=uuid4(), verb="license.entered", subject_type="lic", subject_id=named("ltold"), at=ENTERED,
        request_id="", data="{}",
    )  # fmt: skip
    await connection.execute("UPDATE providers SET searchable = true")  # as nothing else of these two would have it
    await apply(connection, names[own:])
    entered = dict(await connection.fetch("SELECT id, entered_at FROM licenses"))
    assert entered[named("ltold")] == ENTERED
    assert entered[named("luntold")] > ENTERED, "nobody knows, so its time begins with the migration"
    assert await connection.fetchval("SELECT bool_and(searchable) FROM providers"), "nothing else was touched"
    # The version before goes on for a while: it enters licenses without the new columns, and verifies them.
    await before.insert(
        "licenses", id=named("lnew"), provider_id=named("told"), license_class="PSYCHOLOGIST", title="",
        number="new", state="NY", expires_on="2030-01-01",
    )  # fmt: skip
    assert await connection.execute("UPDATE licenses SET verified_at = now() WHERE number = 'new'") == "UPDATE 1"
