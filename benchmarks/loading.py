"""A PostgreSQL of the benchmark's own, loaded once a day and scale, kept until the loader or a migration changes."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import asyncpg
from pydantic import SecretStr

from benchmarks import ledger
from benchmarks.dataset import Dataset, Scale
from database import Embedded, create_database, credentials, migrate
from models.credits.proof import PROOF, UNUSED_PROOF
from settings import Settings

HOME = Path(__file__).resolve().parent.parent
KEPT = HOME / "build" / "benchmarks"
OPTIONS = ("max_connections=100", "shared_buffers=512MB", "max_wal_size=4GB", "checkpoint_timeout=30min")
LOADED, RUN = "loaded", "run"

COLUMNS = {
    "schools": "id name time_zone credits_min credits_max missed_session_policy crisis_line created_at",
    "students": "id school_id name email phone state time_zone created_at",
    "providers": "id name title email bio specialties services degree_level time_zone telehealth_link "
    "missed_appointment_policy accepting_new_clients searchable openings_until confirmed_at created_at",
    "licenses": "id provider_id license_class title number state expires_on verified_at",
    "enrollments": "id provider_id status activated_at",
    "weekly_hours": "id provider_id weekday starts ends time_zone",
    "openings": "id provider_id starts_at ends_at",
    "rates": "id visit_type service degree_level license_class state amount_cents effective_from during",
    "accounts": "id email name password_hash email_verified_at disabled_at created_at person_id",
    "memberships": "id account_id role student_id provider_id practice_id school_id created_at ended_at",
    "sessions": "id account_id membership_id access_hash access_until device created_at seen_at until revoked_at",
    "grants": "id wallet_id student_id school_id credits unused expires_at note granted_at",
    "appointments": "id student_id provider_id school_id license_id status visit_type service state starts_at ends_at "
    "requested_at confirm_by confirmed_at ended_at attest_by expected_cents telehealth_link missed_appointment_policy",
    "transfers": "id wallet_id student_id school_id grant_id appointment_id kind source target credits at",
    "claims": "id appointment_id student_id provider_id school_id visit_type status presenting_concern amount_cents "
    "rate_id reasons attested_by submitted_at adjudicated_at",
    "events": "id verb subject_type subject_id at actor_id actor_role request_id appointment_id student_id provider_id "
    "school_id data",
}

BALANCES = (
    """
    INSERT INTO persons (id, created_at)
    SELECT id, created_at FROM students UNION ALL SELECT id, created_at FROM providers
     UNION ALL SELECT id, created_at FROM accounts WHERE person_id = id
    """,
    """
    INSERT INTO school_policies
    SELECT id, id, daterange(NULL, NULL), credits_min, credits_max, missed_session_policy, 24, created_at FROM schools
    """,
    """
    INSERT INTO wallets (id, student_id, school_id, granted, available, held, settled, expired, revoked, forfeited)
    SELECT s.id, s.id, s.school_id, b.granted, b.granted - b.held - b.settled - b.forfeited, b.held, b.settled, 0, 0,
           b.forfeited
      FROM students s JOIN (
           SELECT wallet_id, sum(credits) FILTER (WHERE kind = 'GRANT') AS granted,
                  count(*) FILTER (WHERE kind = 'HOLD') - count(*) FILTER (WHERE source = 'HELD') AS held,
                  count(*) FILTER (WHERE kind = 'SETTLE') AS settled,
                  count(*) FILTER (WHERE kind = 'FORFEIT') AS forfeited
             FROM transfers GROUP BY 1) b ON b.wallet_id = s.id
    """,
    """
    UPDATE grants SET unused = credits - t.used FROM (
        SELECT grant_id, count(*) FILTER (WHERE kind = 'HOLD') - count(*) FILTER (WHERE kind = 'RELEASE') AS used
          FROM transfers GROUP BY 1) t
     WHERE t.grant_id = grants.id AND t.used > 0
    """,
)

RESERVED = """
INSERT INTO reserved_times
    (id, appointment_id, kind, provider_id, person_id, starts_at, ends_at, blocked_from, blocked_until)
SELECT id, id, 'CURRENT', provider_id, person_id, starts_at, ends_at, starts_at, ends_at
  FROM appointments WHERE ended_at IS NULL ORDER BY id
"""
"""What the database's own triggers would have reserved."""

SAME = {
    "students": {"person_id": "id"},
    "providers": {"person_id": "id"},
    "appointments": {"person_id": "student_id", "policy_id": "school_id"},
    "claims": {"person_id": "student_id", "filed_at": "submitted_at"},
}
"""Columns with the value of another: people are persons, and schools have their first policy, by their own ids."""

IN_ORDER_OF_TIME = ("appointments", "claims", "transfers", "events")
"""What people fill day by day, all together; the loader makes it person by person."""

SEEN_NOW = "UPDATE sessions SET seen_at = now()"

HOLDS_THAT_DISAGREE = """
SELECT a.id FROM appointments a LEFT JOIN transfers h ON h.appointment_id = a.id AND h.kind = 'HOLD'
  LEFT JOIN transfers e ON e.appointment_id = a.id AND e.kind <> 'HOLD'
 WHERE h.id IS NULL OR (a.status IN ('REQUESTED', 'CONFIRMED')) IS DISTINCT FROM (e.id IS NULL)
 LIMIT 10
"""


class DisagreementError(Exception):
    """The loaded data break a rule that the database's own triggers would have kept."""


def digest(scale: Scale, day: date) -> str:
    """What the loaded folder depends on: the loader, the migrations, the scale and the day."""
    found = hashlib.sha256(f"{scale} {day}".encode())
    sources = [Path(__file__), *(Path(__file__).with_name(name) for name in ("dataset.py", "ledger.py"))]
    for path in sorted([*sources, *(HOME / "migrations").glob("*.py")]):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


@contextlib.asynccontextmanager
async def loaded_database(scale: Scale, tell: Callable[[str], None]) -> AsyncIterator[tuple[Embedded, Dataset]]:
    """The PostgreSQL with the data set, running; other loaded folders of the same scale are thrown away."""
    data = Dataset(scale, datetime.now(UTC).date())
    prefix = f"{scale.students}-"
    folder = KEPT / f"{prefix}{digest(scale, data.day)}"
    for old in KEPT.glob(f"{prefix}*"):
        if old != folder:
            shutil.rmtree(old)
    folder.mkdir(parents=True, exist_ok=True)
    with Embedded(folder, options=OPTIONS) as postgres:
        if not (folder / "complete").exists():
            await load(postgres, data, tell)
            (folder / "complete").touch()
        yield postgres, data


async def load(postgres: Embedded, data: Dataset, tell: Callable[[str], None]) -> None:
    """Fill the database `loaded` by COPY, with triggers off; balances are computed and proven afterwards."""
    began = time.monotonic()
    server = await asyncpg.connect(**credentials(postgres.url()))
    await server.execute(f"DROP DATABASE IF EXISTS {LOADED}")
    await server.close()
    await create_database(postgres.url(), LOADED)
    await migrate(settings_on(postgres.url(LOADED)))
    await fill(postgres.url(LOADED), data)
    tell(f"loaded {data.scale.appointments:,} appointments and all around them in {time.monotonic() - began:.0f} s")


async def fill(url: str, data: Dataset) -> None:
    """Copy all rows into a migrated database with its triggers off, compute the balances, and prove them."""
    connection = await asyncpg.connect(**credentials(url))
    try:
        await connection.execute("SET session_replication_role = replica")
        for table, columns in COLUMNS.items():
            rows = getattr(ledger, table)(data) if hasattr(ledger, table) else getattr(data, table)()
            names = columns.split()
            for column, source in SAME.get(table, {}).items():
                rows, names = with_same(rows, names.index(source)), [*names, column]
            await copy(connection, table, names, rows)
        for table in IN_ORDER_OF_TIME:
            await connection.execute(f"CLUSTER {table} USING {table}_pkey")
        for statement in (*BALANCES, RESERVED, SEEN_NOW):
            await connection.execute(statement)
        await connection.execute("VACUUM ANALYZE")
        await prove(connection)
    finally:
        await connection.close()


def with_same(rows: Iterable[tuple[Any, ...]], place: int) -> Iterable[tuple[Any, ...]]:
    """The rows, each with one of its values at the end again."""
    return ((*row, row[place]) for row in rows)


async def copy(connection: Any, table: str, columns: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Fill one table."""
    await connection.copy_records_to_table(table, records=rows, columns=columns)


async def prove(connection: Any) -> None:
    """The product's own proof of the ledger finds no difference, and each appointment has the hold it should."""
    for statement in (PROOF, UNUSED_PROOF, HOLDS_THAT_DISAGREE):
        if wrong := await connection.fetch(statement):
            raise DisagreementError(f"{len(wrong)} rows disagree, {wrong[0][0]} say: {statement.split()[0:8]}")


async def fresh_copy(postgres: Embedded) -> str:
    """The address of a copy of the loaded database, for one run to change."""
    server = await asyncpg.connect(**credentials(postgres.url()))
    try:
        await server.execute(f"DROP DATABASE IF EXISTS {RUN} WITH (FORCE)")
        await server.execute(f"CREATE DATABASE {RUN} TEMPLATE {LOADED} STRATEGY FILE_COPY")
    finally:
        await server.close()
    url = postgres.url(RUN)
    connection = await asyncpg.connect(**credentials(url))
    try:
        await connection.execute(SEEN_NOW)
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
    return url


def settings_on(url: str) -> Settings:
    """Settings of a test server on that database, whatever the developer's own `.env` says."""
    return Settings(_env_file=None, env="test", database_url=SecretStr(url), clock_movable=False, log_level="error")
