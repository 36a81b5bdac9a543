"""What a field costs in execution alone: graphql-core with strawberry against the compiled path, same answers.

`python -m benchmarks.execution` prints microseconds a field for a large answer (about 1,800 fields) and a small one
(about 40). Nothing is parsed, validated or written as JSON here, and resolvers answer from memory.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

import asyncpg
import orjson
import strawberry
from graphql import DocumentNode, ExecutionResult, parse

from database import credentials
from execution import Batched, Kind, Plans, Selection, Single, as_resolver
from models.base.statements import Row
from tests.support.postgres import Server

APPOINTMENTS = 100
ROUNDS = 7
SECONDS_A_ROUND = 0.25


class Status(Enum):
    """How an appointment stands."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"


strawberry.enum(Status)


@dataclass
class Context:
    """What a request carries."""

    loaders: dict[Any, Any] = field(default_factory=dict)


def resolved(kind: Kind, returns: Any) -> Any:
    """A strawberry field of a kind."""
    resolver = as_resolver(kind, returns=returns)
    resolver.__module__ = __name__
    return strawberry.field(resolver=resolver, metadata={"plan": kind})


@strawberry.type
class Person:
    """A student or a provider."""

    id: strawberry.ID
    name: str
    email: str | None
    time_zone: str


@strawberry.type
class Credit:
    """What an appointment costs."""

    id: strawberry.ID
    amount: int


async def _people(context: Context, parents: list[Any], selection: Selection) -> list[Any]:
    return [PERSON] * len(parents)


async def _credits(context: Context, parents: list[Any], selection: Selection) -> list[Any]:
    return [CREDIT] * len(parents)


@strawberry.type
class Appointment:
    """One session."""

    id: strawberry.ID
    status: Status
    starts_at: datetime
    minutes: int
    online: bool
    note: str | None
    student: Person = resolved(Batched(_people, needs=("id",)), Person)
    provider: Person = resolved(Batched(_people, needs=("id",)), Person)
    credit: Credit | None = resolved(Batched(_credits, needs=("id",)), Credit | None)


@strawberry.type
class Page:
    """Some appointments."""

    nodes: list[Appointment]
    total_count: int


async def _many(context: Context, parent: Any, selection: Selection) -> Page:
    return Page(nodes=MANY, total_count=APPOINTMENTS)


async def _few(context: Context, parent: Any, selection: Selection) -> Page:
    return Page(nodes=MANY[:2], total_count=2)


@strawberry.type
class Query:
    """Where reading starts."""

    many: Page = resolved(Single(_many), Page)
    few: Page = resolved(Single(_few), Page)


BELOW = """{ totalCount nodes { id status startsAt minutes online note
  student { id name email timeZone } provider { id name timeZone } credit { id amount } } }"""


# The rows that all resolvers answer; made once, by the database's own driver.
MANY: list[Any] = []
PERSON: Any = None
CREDIT: Any = None

APPOINTMENTS_SQL = """SELECT 'apt_' || n AS id, CASE WHEN n % 2 = 0 THEN 'confirmed' ELSE 'requested' END AS status,
  TIMESTAMPTZ '2026-01-01 10:00Z' + n * INTERVAL '1 hour' AS starts_at, 50 AS minutes, n % 3 = 0 AS online,
  CASE WHEN n % 5 = 0 THEN 'a note' END AS note FROM generate_series(1, $1) AS n"""
PERSON_SQL = "SELECT 'per_1' AS id, 'Ada Example' AS name, 'ada@demo.test' AS email, 'America/New_York' AS time_zone"
CREDIT_SQL = "SELECT 'crd_1' AS id, 1 AS amount"


async def load() -> None:
    """Fetch the rows from a database that lives only for that."""
    server = Server()
    connection = await asyncpg.connect(**credentials(server.url), record_class=Row)
    try:
        MANY.extend(await connection.fetch(APPOINTMENTS_SQL, APPOINTMENTS))
        globals()["PERSON"] = await connection.fetchrow(PERSON_SQL)
        globals()["CREDIT"] = await connection.fetchrow(CREDIT_SQL)
    finally:
        await connection.close()
        server.stop()


def field_count(value: Any) -> int:
    """How many fields an answer has."""
    if isinstance(value, dict):
        return len(value) + sum(field_count(child) for child in value.values())
    return sum(field_count(child) for child in value) if isinstance(value, list) else 0


async def microseconds(execute: Callable[[], Awaitable[ExecutionResult]]) -> float:
    """The time of one execution: the best round's, as every disturbance only adds."""
    rounds = []
    for _ in range(ROUNDS):
        executions, started = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - started) < SECONDS_A_ROUND:
            await execute()
            executions += 1
        rounds.append(elapsed / executions * 1e6)
    return min(rounds)


async def main() -> None:
    """Print the table."""
    await load()
    schema = strawberry.Schema(query=Query)
    paths = {
        "graphql-core + strawberry": Plans(schema, compiled=False),
        "compiled": Plans(schema, row_classes=(Row,)),
        "compiled, native times": Plans(schema, row_classes=(Row,), native_scalars={"DateTime"}),
    }
    gc.freeze()
    print(f"{'path':28}{'answer':>8}{'fields':>8}{'µs':>10}{'µs a field':>12}{'first, µs':>11}")
    for name, document in {"large": parse(f"{{ many {BELOW} }}"), "small": parse(f"{{ few {BELOW} }}")}.items():
        expected = None
        for path, plans in paths.items():

            async def execute(plans: Plans = plans, document: DocumentNode = document) -> ExecutionResult:
                return await plans.execute(document, context=Context())

            started = time.perf_counter()
            result = await execute()
            first = (time.perf_counter() - started) * 1e6
            answer = orjson.dumps(result.data)
            if result.errors or (expected is not None and answer != expected):
                raise SystemExit(f"{path} answers something else: {result.errors or answer[:300]!r}")
            expected = answer
            count, each = field_count(result.data), await microseconds(execute)
            print(f"{path:28}{name:>8}{count:>8}{each:>10.1f}{each / count:>12.3f}{first:>11.0f}")


if __name__ == "__main__":
    asyncio.run(main())
