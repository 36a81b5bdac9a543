"""No statement of the clients' screens and of the main job reads a large table from end to end."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from benchmarks.dataset import Dataset, Scale
from benchmarks.decks import OPERATIONS, Operation
from benchmarks.loading import fill
from benchmarks.statements import Asked, caught, plan_of, statements_of
from database import connected, credentials, url_of
from models.base.access import Role
from models.base.ids import new_id
from models.tasks.tasks import queues
from settings import Settings
from tests.support.asking import ask
from tests.support.postgres import copy_of_template, settings_for
from tests.support.world import as_staff

pytestmark = pytest.mark.usefixtures("loaded")

SCALE = Scale(providers=500, students=2_000, schools=10)
LARGE = {
    *("accounts", "appointments", "audit_entries", "claims", "enrollments", "events", "grants", "licenses"),
    *(
        "memberships",
        "openings",
        "outgoing",
        "person_conflicts",
        "providers",
        "sessions",
        "students",
        "transfers",
        "wallets",
        "weekly_hours",
    ),
}
"""All that grow with providers, students and their sessions."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def loaded(postgres: str) -> AsyncIterator[Settings]:
    """A database with the benchmark's data set, small, and with the statistics that go with it."""
    async with copy_of_template(postgres) as url:
        settings = settings_for(url, clock_movable=False)
        await fill(url, Dataset(SCALE, datetime.now(UTC).date()))
        await settle_conflicts(settings)
        async with connected(settings):
            yield settings


async def settle_conflicts(settings: Settings) -> None:
    """Conflicts of persons that were settled long ago, one for each student."""
    connection = await asyncpg.connect(**credentials(url_of(settings)))
    await connection.execute(
        "INSERT INTO person_conflicts (id, student_id, broken, at, resolved_at, resolved_by, outcome, reason)"
        " SELECT gen_random_uuid(), id, 'persons_one_account', now(), now(), id, 'LINKED', '' FROM students"
    )
    await connection.execute("ANALYZE person_conflicts")
    await connection.close()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
async def test_each_statement_of_a_screen_finds_its_rows_by_an_index(operation: Operation, loaded: Settings) -> None:
    data = Dataset(SCALE, datetime.now(UTC).date())
    statements = await statements_of(operation, data, loaded)
    assert statements
    await assert_no_large_table_is_read(statements.values(), loaded)


SEARCHES = {
    "students": (Role.OPS, 'students(filter: { search: "zoë" }) { nodes { name } totalCount }'),
    "appointments": (Role.OPS, 'appointments(filter: { search: "o’brien" }) { nodes { startsAt } totalCount }'),
    "providers": (Role.OPS, 'providers(filter: { state: "MA", specialty: "péna" }) { nodes { name } totalCount }'),
}


@pytest.mark.parametrize("name", SEARCHES)
async def test_a_search_finds_its_rows_by_an_index(name: str, loaded: Settings) -> None:
    role, asked = SEARCHES[name]
    with caught() as seen:
        await ask(f"{{ {asked} }}", as_staff(role))
    assert len(seen) == 2, "the page and its count"
    await assert_no_large_table_is_read(seen, loaded)


@pytest.mark.parametrize("role", [Role.PROVIDER, Role.OFFICE, Role.OPS])
async def test_what_waits_for_somebody_is_found_by_an_index(role: Role, loaded: Settings) -> None:
    data = Dataset(SCALE, datetime.now(UTC).date())
    viewer = replace(as_staff(role), provider_id=data.id("provider", 3), practice_id=new_id())
    with caught() as seen:
        await ask("{ tasks { nodes { id } totalCount } }", viewer)
    assert len(seen) == 2, "the page and its count"
    await assert_no_large_table_is_read(seen, loaded)


async def test_all_queues_are_measured_in_one_statement_by_their_indexes(loaded: Settings) -> None:
    with caught() as seen:
        await queues(at=datetime.now(UTC))
    assert len(seen) == 1
    await assert_no_large_table_is_read(seen, loaded)


async def assert_no_large_table_is_read(statements: Iterable[Asked], settings: Settings) -> None:
    """Read the plans of the statements, as PostgreSQL makes them for their values and for any values."""
    connection = await asyncpg.connect(**credentials(url_of(settings)), server_settings={"timezone": "UTC"})
    try:
        for one in statements:
            for mode in ("force_custom_plan", "force_generic_plan"):
                await connection.execute(f"SET plan_cache_mode = {mode}")
                (plan,) = await plan_of(connection, one, "JSON")
                read = {table for table in scans(json.loads(plan)) if table in LARGE}
                assert not read, f"{mode}: {read} read from end to end by {one.statement}"
    finally:
        await connection.close()


def scans(plan: Any) -> Iterator[str]:
    """The relations under all sequential scans of a plan."""
    if isinstance(plan, list):
        for item in plan:
            yield from scans(item)
    elif isinstance(plan, dict):
        if plan.get("Node Type") == "Seq Scan":
            yield plan["Relation Name"]
        for item in plan.values():
            yield from scans(item)
