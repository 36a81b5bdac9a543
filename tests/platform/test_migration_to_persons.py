"""The migration to persons on a database that holds what was lawful before: doubles, and what does not go together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest_asyncio

from database import create_database, credentials
from database.migrations import names_on_disk

BEFORE_PERSONS = "0018_claims_stay_in_time"
COUNTS = ("accounts", "students", "providers", "appointments", "claims", "memberships")
LATER = "2026-06-01 10:00+00"


def named(name: str) -> UUID:
    """A UUID that can be told apart: the name, in hexadecimal."""
    return UUID(bytes=name.encode().rjust(16, b"\0"))


async def apply(connection: Any, names: list[str]) -> None:
    """Run migrations, each in a transaction, as the program does."""
    for name in names:
        async with connection.transaction():
            for operation in import_module(f"migrations.{name}").Migration.operations:
                await connection.execute(operation.sql)


class Before:
    """A database as the version before left it, filled by hand."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    async def insert(self, table: str, **columns: Any) -> None:
        """One row, past all triggers."""
        names = ", ".join(columns)
        slots = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
        types = {
            row["column_name"]: row["udt_name"]
            for row in await self.connection.fetch(
                "SELECT column_name, udt_name FROM information_schema.columns WHERE table_name = $1", table
            )
        }
        slots = ", ".join(f"(${place}::text)::{types[name]}" for place, name in enumerate(columns, 1))
        values = [None if value is None else str(value) for value in columns.values()]
        await self.connection.execute(f"INSERT INTO {table} ({names}) VALUES ({slots})", *values)

    async def school(self, name: str) -> None:
        """A school."""
        await self.insert(
            "schools", id=named(name), name=name, time_zone="UTC", credits_min=1, credits_max=9,
            missed_session_policy="RELEASE", crisis_line="", created_at="2026-01-01",
        )  # fmt: skip

    async def provider(self, name: str) -> None:
        """A provider with a license."""
        await self.insert(
            "providers", id=named(name), name=name, title="", email=f"{name}@work.test", bio="", specialties="{}",
            services="{THERAPY}", degree_level="MASTERS", time_zone="UTC", telehealth_link="",
            missed_appointment_policy="", accepting_new_clients=True, searchable=True, confirmed_at="2026-01-01",
            created_at="2026-01-01",
        )  # fmt: skip
        await self.insert(
            "licenses", id=named(f"l{name}"), provider_id=named(name), license_class="PSYCHOLOGIST", title="",
            number=name, state="MA", expires_on="2030-01-01", verified_at="2026-01-01",
        )  # fmt: skip

    async def student(self, name: str, school: str, *, email: str = "", **more: Any) -> None:
        """A student with a wallet."""
        await self.insert(
            "students", id=named(name), school_id=named(school), name=more.pop("called", name),
            email=email or f"{name}@school.test", state="MA", time_zone="UTC", created_at="2026-01-01", **more,
        )  # fmt: skip
        await self.insert(
            "wallets", id=named(name), student_id=named(name), school_id=named(school), granted=0, available=0, held=0,
            settled=0, expired=0, revoked=0, forfeited=0,
        )  # fmt: skip

    async def account(self, name: str, *, students: str = "", providers: str = "", email: str = "") -> None:
        """An account that acts for these, each with its school where it has one: `ana.north ana2.south`."""
        await self.insert(
            "accounts", id=named(name), email=email or f"{name}@people.test", name=name, created_at="2026-01-01",
            email_verified_at="2026-01-01" if email else None,
        )  # fmt: skip
        for number, place in enumerate([*students.split(), *providers.split()]):
            row, _, school = place.partition(".")
            await self.insert(
                "memberships", id=named(f"m{number}{name}"), account_id=named(name),
                role="STUDENT" if school else "PROVIDER", student_id=named(row) if school else None,
                provider_id=None if school else named(row), school_id=named(school) if school else None,
                created_at=f"2026-01-0{number + 1}",
            )  # fmt: skip

    async def session(self, name: str, student: str, school: str, provider: str, status: str, starts: str) -> None:
        """An intake, with its claim if it was completed."""
        live = status in ("REQUESTED", "CONFIRMED")
        await self.insert(
            "appointments", id=named(name), student_id=named(student), provider_id=named(provider),
            school_id=named(school), license_id=named(f"l{provider}"), status=status, visit_type="INTAKE",
            service="THERAPY", state="MA", starts_at=starts, ends_at=starts.replace("10:00", "11:00"),
            requested_at=starts.replace("10:00", "08:00"), confirm_by=starts.replace("10:00", "09:30"),
            confirmed_at=starts.replace("10:00", "09:00"), ended_at=None if live else starts.replace("10:00", "12:00"),
            attest_by="2026-08-01", telehealth_link="", missed_appointment_policy="",
        )  # fmt: skip
        if status == "COMPLETED":
            await self.insert(
                "claims", id=named(f"c{name}"), appointment_id=named(name), student_id=named(student),
                provider_id=named(provider), school_id=named(school), visit_type="INTAKE", status="ACCEPTED",
                presenting_concern="OTHER", amount_cents=100, reasons="[]", attested_by=uuid4(),
                submitted_at=starts.replace("10:00", "12:00"), adjudicated_at=starts.replace("10:00", "12:00"),
            )  # fmt: skip
            await self.insert(
                "grants", id=named(f"g{name}"), wallet_id=named(student), student_id=named(student),
                school_id=named(school), credits=1, unused=0, note="", granted_at="2026-01-01",
            )  # fmt: skip
            await self.insert(
                "transfers", id=named(f"t{name}"), wallet_id=named(student), student_id=named(student),
                school_id=named(school), grant_id=named(f"g{name}"), appointment_id=named(name), kind="SETTLE",
                source="HELD", target="SETTLED", credits=1, at="2026-06-01",
            )  # fmt: skip

    async def fill(self) -> None:
        """One of each kind of what the rules by person would refuse, beside what goes together."""
        for school in ("north", "south"):
            await self.school(school)
        for provider in ("pia", "quy", "rio"):
            await self.provider(provider)
        for name, school in {
            "ana": "north", "ana2": "south", "ben": "north", "ben2": "north", "cyd": "north", "cyd2": "south",
            "dee": "north", "eva": "north", "fay": "north", "gus": "north",
        }.items():  # fmt: skip
            await self.student(name, school)
        await self.student("hal", "north", email="taken@school.test")
        await self.student("ivy", "north", email="erased+ivy@invalid", called="Erased student", erased_at="2026-02-01")
        await self.account("aa", students="ana.north ana2.south")
        await self.account("bb", students="ben.north ben2.north")
        await self.account("cc", students="cyd.north cyd2.south")
        await self.account("dd", students="dee.north", providers="rio")
        await self.account("ee", students="eva.north", email="eva.new@people.test")
        await self.account("ff", students="fay.north", email="taken@school.test")
        await self.account("gg", students="gus.north")
        await self.account("hh", students="gus.north")
        await self.session("s1", "ana", "north", "pia", "COMPLETED", "2026-03-01 10:00+00")
        await self.session("s2", "ana2", "south", "pia", "COMPLETED", "2026-04-01 10:00+00")
        await self.session("s3", "cyd", "north", "pia", "CONFIRMED", LATER)
        await self.session("s4", "cyd2", "south", "quy", "CONFIRMED", LATER)
        await self.session("s5", "dee", "north", "rio", "DECLINED", LATER)
        await self.session("s6", "ivy", "north", "quy", "DECLINED", LATER)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def migrated(postgres: str) -> AsyncIterator[Any]:
    """A connection to a database that was filled before the migration and then brought to the newest."""
    name = f"persons_{uuid4().hex[:8]}"
    await create_database(postgres, name)
    connection = await asyncpg.connect(**{**credentials(postgres), "database": name})
    try:
        names = sorted(names_on_disk())
        await apply(connection, [one for one in names if one <= BEFORE_PERSONS])
        await connection.execute("SET session_replication_role = replica")
        await Before(connection).fill()
        await connection.execute("SET session_replication_role = origin")
        counted = [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in COUNTS]
        await apply(connection, [one for one in names if one > BEFORE_PERSONS])
        assert counted == [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in COUNTS]
        yield connection
    finally:
        await connection.close()
        server = await asyncpg.connect(**credentials(postgres))
        await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await server.close()


async def person(connection: Any, table: str, name: str) -> Any:
    """Who a row is."""
    return await connection.fetchval(f"SELECT person_id FROM {table} WHERE id = $1", named(name))


async def test_a_student_of_two_schools_is_one_person_and_the_later_intake_is_marked(migrated: Any) -> None:
    own = await person(migrated, "accounts", "aa")
    assert {await person(migrated, "students", one) for one in ("ana", "ana2")} == {own}
    for table, first, second in (("appointments", "s1", "s2"), ("claims", "cs1", "cs2")):
        marked = await migrated.fetch(f"SELECT id FROM {table} WHERE legacy_duplicate")
        assert [row["id"] for row in marked] == [named(second)]
        assert {await person(migrated, table, one) for one in (first, second)} == {own}


async def test_what_does_not_go_together_stays_apart_and_is_left_to_ops(migrated: Any) -> None:
    found = {
        (row["name"], row["broken"])
        for row in await migrated.fetch(
            "SELECT a.name, c.broken FROM person_conflicts c JOIN accounts a ON a.id = c.account_id"
        )
    }
    assert found == {
        ("bb", "students_one_of_person_in_school"),
        ("cc", "appointments_student_free"),
        ("dd", "appointments_not_with_oneself"),
        ("ff", "students_email_in_school"),
        ("hh", "persons_one_account"),
    }
    assert await person(migrated, "students", "ben2") == named("ben2")
    assert await migrated.fetchval("SELECT count(*) FROM person_conflicts WHERE resolved_at IS NOT NULL") == 0


async def test_addresses_that_went_apart_are_one_again(migrated: Any) -> None:
    emails = {row["name"]: row["email"] for row in await migrated.fetch("SELECT name, email FROM students")}
    assert emails["eva"] == "eva.new@people.test"
    assert (emails["fay"], emails["hal"]) == ("fay@school.test", "taken@school.test")


async def test_everybody_is_a_person_an_erased_student_too(migrated: Any) -> None:
    assert await person(migrated, "students", "ivy") == named("ivy")
    assert await person(migrated, "appointments", "s6") == named("ivy")
