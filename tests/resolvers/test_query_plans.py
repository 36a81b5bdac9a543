"""No statement of the clients' screens and of the main job reads a large table from end to end."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx2
import pytest
import pytest_asyncio

import models.statements
from app import create_app
from benchmarks.dataset import Dataset, Scale
from benchmarks.decks import OPERATIONS
from benchmarks.loading import fill
from database import connected, credentials, url_of
from models.statements import Row
from settings import Settings
from tests.support.postgres import copy_of_template, settings_for

pytestmark = pytest.mark.usefixtures("loaded")

SCALE = Scale(providers=500, students=2_000, schools=10)
LARGE = frozenset(
    [
        "accounts",
        "appointments",
        "audit_entries",
        "claims",
        "enrollments",
        "events",
        "grants",
        "licenses",
        "memberships",
        "openings",
        "outbox",
        "providers",
        "sessions",
        "students",
        "transfers",
        "wallets",
        "weekly_hours",
    ]
)
"""All that grow with providers, students and their sessions."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement that was executed, with its values."""

    statement: str
    values: tuple[Any, ...]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def loaded(postgres: str) -> AsyncIterator[Settings]:
    """A database with the benchmark's data set, small, and with the statistics that go with it."""
    async with copy_of_template(postgres) as url:
        settings = settings_for(url, clock_movable=False)
        await fill(url, Dataset(SCALE, datetime.now(UTC).date()))
        async with connected(settings):
            yield settings


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """The statements that are executed from now on."""
    seen: list[Asked] = []

    def listen(name: str) -> None:
        original = getattr(models.statements, name)

        async def listening(statement: str, *values: Any, **more: Any) -> Any:
            seen.append(Asked(statement, values))
            return await original(statement, *values, **more)

        for module in modules_with(name, original):
            monkeypatch.setattr(module, name, listening)

    for name in ("fetch", "fetch_one", "execute"):
        listen(name)
    return seen


def modules_with(name: str, function: Any) -> Iterator[Any]:
    """The modules of ours that took this function by its name."""
    for module in list(sys.modules.values()):
        package = getattr(module, "__name__", "").split(".")[0]
        if package in {"models", "resolvers"} and vars(module).get(name) is function:
            yield module


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
async def test_each_statement_of_a_screen_finds_its_rows_by_an_index(
    operation: Any, loaded: Settings, asked: list[Asked]
) -> None:
    data = Dataset(SCALE, datetime.now(UTC).date())
    question = next(operation.questions(data))
    transport = httpx2.ASGITransport(app=create_app(loaded))
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as http:
        answer = await http.post(
            "/graphql",
            json={"query": operation.query, "variables": json.loads(json.dumps(question.variables, default=str))},
            headers={"authorization": f"Bearer {question.token}"},
        )
    assert "errors" not in answer.json(), answer.json()
    statements = {one.statement: one for one in asked}
    assert statements
    connection = await asyncpg.connect(**credentials(url_of(loaded)), server_settings={"timezone": "UTC"})
    try:
        for one in statements.values():
            for mode in ("force_custom_plan", "force_generic_plan"):
                await connection.execute(f"SET plan_cache_mode = {mode}")
                read = {table for table in await scanned(connection, one) if table in LARGE}
                assert not read, f"{mode}: {read} read from end to end by {one.statement}"
    finally:
        await connection.close()


async def scanned(connection: Any, asked: Asked) -> list[str]:
    """The tables that PostgreSQL would read from end to end for this statement, which is not executed."""
    await connection.execute("BEGIN")
    try:
        rows = await connection.fetch(f"EXPLAIN (FORMAT JSON) {asked.statement}", *asked.values, record_class=Row)
    finally:
        await connection.execute("ROLLBACK")
    return list(scans(json.loads(rows[0][0])))


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
