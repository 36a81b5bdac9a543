"""The migration to terms on a database with specialties in free text: what matches becomes a code, nothing is lost."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest_asyncio

from database import create_database, credentials
from database.migrations import names_on_disk
from tests.platform.test_migration_to_persons import Before, apply, named

SAID = {
    "ana": '{Anxiety,Grief,"grief and loss",anxiety}',
    "ben": '{"Ansiedad","self esteem",lgbtq+,SLEEP}',
    "cyd": '{"Forest bathing",100%,"  ","Depresion"}',
    "dee": "{}",
    "eva": '{"Forest bathing"}',
}
EXPECTED = {
    "ana": ["ANXIETY", "GRIEF"],
    "ben": ["ANXIETY", "SELF_ESTEEM", "LGBTQ", "SLEEP"],
    "dee": [],
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def migrated(postgres: str) -> AsyncIterator[Any]:
    """A connection to a database that was filled before the migration and then brought to the newest."""
    name = f"terms_{uuid4().hex[:8]}"
    await create_database(postgres, name)
    connection = await asyncpg.connect(**{**credentials(postgres), "database": name})
    names = sorted(names_on_disk())
    first = next(one for one in names if re.fullmatch(r"[0-9]+_terms", one))
    try:
        await apply(connection, [one for one in names if one < first])
        filler = Before(connection)
        for provider, said in SAID.items():
            await filler.provider(provider)
            await connection.execute(
                "UPDATE providers SET specialties = $1::text::text[] WHERE id = $2", said, named(provider)
            )
        await apply(connection, [one for one in names if one >= first])
        yield connection
    finally:
        await connection.close()
        server = await asyncpg.connect(**credentials(postgres))
        await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await server.close()


async def specialties(connection: Any, name: str) -> list[str]:
    """What a profile says now."""
    found: list[str] = await connection.fetchval("SELECT specialties FROM providers WHERE id = $1", named(name))
    return found


async def test_what_matches_a_term_becomes_its_code_once_and_in_order(migrated: Any) -> None:
    assert {name: await specialties(migrated, name) for name in EXPECTED} == EXPECTED


async def test_the_rest_becomes_retired_terms_with_their_own_words(migrated: Any) -> None:
    first, percent, depression = await specialties(migrated, "cyd")
    assert depression == "DEPRESSION"
    assert await specialties(migrated, "eva") == [first]
    rows = await migrated.fetch(
        "SELECT label_en, label_es, retired_at FROM terms WHERE code = ANY ($1) ORDER BY label_en", [first, percent]
    )
    assert [(row["label_en"], row["label_es"]) for row in rows] == [("100%",) * 2, ("Forest bathing",) * 2]
    assert all(row["retired_at"] for row in rows)
