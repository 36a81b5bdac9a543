"""The statements that an operation executes, caught in this process, and how PostgreSQL would find their rows.

`python -m benchmarks.statements > docs/guides/query-plans.md` writes the plans of all operations down.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg
import httpx2
import orjson

import models.base.statements
from app import create_app
from benchmarks.dataset import Dataset, Scale
from benchmarks.decks import OPERATIONS, Operation
from benchmarks.loading import fresh_copy, loaded_database, settings_on
from database import connected, credentials, url_of
from settings import Settings
from telemetry import logs

WIDTH = 150
INTRODUCTION = """# Plans of the hot statements

Written by `python -m benchmarks.statements > docs/guides/query-plans.md` for the data of {day}, as generic plans; long
lines are cut. [performance.md](performance.md) tells what they have in common; a test refuses a sequential scan of any
table that grows."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement that was executed, with its values."""

    statement: str
    values: tuple[Any, ...]


@contextlib.contextmanager
def caught() -> Iterator[list[Asked]]:
    """The statements by hand that are executed within the block."""
    seen: list[Asked] = []
    replaced: list[tuple[Any, str, Any]] = []

    def listening(original: Any) -> Any:
        async def listen(statement: str, *values: Any, **more: Any) -> Any:
            seen.append(Asked(statement, values))
            return await original(statement, *values, **more)

        return listen

    for name in ("fetch", "fetch_one", "execute"):
        original = getattr(models.base.statements, name)
        instead = listening(original)
        for module in modules_with(name, original):
            replaced.append((module, name, original))
            setattr(module, name, instead)
    try:
        yield seen
    finally:
        for module, name, original in replaced:
            setattr(module, name, original)


def modules_with(name: str, function: Any) -> Iterator[Any]:
    """The modules of ours that took this function by its name."""
    for module in list(sys.modules.values()):
        package = getattr(module, "__name__", "").split(".")[0]
        if package in {"models", "operations", "resolvers"} and vars(module).get(name) is function:
            yield module


async def statements_of(operation: Operation, data: Dataset, settings: Settings) -> dict[str, Asked]:
    """The different statements behind one question of an operation, in their order."""
    question = next(operation.questions(data))
    transport = httpx2.ASGITransport(app=create_app(settings))
    body = orjson.dumps({"query": operation.query, "variables": question.variables})
    headers = {"authorization": f"Bearer {question.token}", "content-type": "application/json"}
    with caught() as seen:
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as http:
            answer = (await http.post("/graphql", content=body, headers=headers)).json()
    if "errors" in answer:
        raise RuntimeError(str(answer["errors"])[:500])
    return {one.statement: one for one in seen}


async def plan_of(connection: Any, asked: Asked, form: str) -> list[Any]:
    """What PostgreSQL would do for a statement; it is not executed."""
    rows = await connection.fetch(f"EXPLAIN (FORMAT {form}, COSTS {form == 'JSON'}) {asked.statement}", *asked.values)
    return [row[0] for row in rows]


@contextlib.asynccontextmanager
async def running_copy() -> AsyncIterator[tuple[Settings, Dataset]]:
    """The benchmark's database, open in this process."""
    async with loaded_database(Scale(), partial(print, file=sys.stderr)) as (postgres, data):
        settings = settings_on(await fresh_copy(postgres))
        async with connected(settings):
            yield settings, data


async def main() -> None:
    """Print the plans, as a page of the docs."""
    logs.configure("error")
    async with running_copy() as (settings, data):
        connection = await asyncpg.connect(**credentials(url_of(settings)))
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        print(INTRODUCTION.format(day=data.day))
        for operation in OPERATIONS:
            print(f"\n## {operation.title.capitalize()}")
            for asked in (await statements_of(operation, data, settings)).values():
                plan = "\n".join(line[:WIDTH] for line in await plan_of(connection, asked, "TEXT"))
                print(f"\n`{' '.join(asked.statement.split())[:WIDTH]}…`\n\n```\n{plan}\n```")
        await connection.close()


if __name__ == "__main__":
    asyncio.run(main())
