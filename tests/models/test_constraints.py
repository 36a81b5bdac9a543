"""Around Python: what raw SQL may not do to the database either, each refused by the constraint that says so."""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from importlib import import_module
from string import Template
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from models.accounts.accounts import Account, Membership, token_hash
from models.base.access import Role
from models.base.events import Event
from models.base.ids import new_id
from models.base.statements import execute, fetch, transaction, write
from models.directory.licenses import License
from tests.models.breaches import CASES, COVERED_ELSEWHERE, Case, changed, copied, held_appointment, moved
from tests.support.databases import own_database, undone
from tests.support.world import (
    AT,
    as_provider,
    attested,
    confirmed,
    granted,
    openings_of,
    pair_of,
    provider_of,
    requested,
    school_of,
    student_of,
)

LATER = AT + timedelta(days=200)


World = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def filled(postgres: str) -> AsyncIterator[World]:
    """A database with a small program at work."""
    async with own_database(postgres):
        yield await build()


@pytest_asyncio.fixture(loop_scope="session")
async def world(filled: World) -> AsyncIterator[World]:
    """The same, in a transaction that leaves nothing behind."""
    async with undone():
        yield {**filled, "new": new_id(), "newer": new_id(), "newest": new_id()}


async def build() -> World:
    """Rows in every state, by the names that the cases use."""
    pair = await pair_of(credits=6)
    other_school, other_provider = await school_of(), await provider_of()
    ana, ben, cleo = pair.student, await student_of(pair.school), await student_of(pair.school)
    small, bens = await granted(ana, 3), await granted(ben, 6)
    big = await granted(cleo, 1)
    openings, others = pair.openings, await openings_of(other_provider)
    declined = await requested(ben, openings[5])
    async with transaction():
        await declined.decline(by=as_provider(pair.provider), at=AT)
    completed = await confirmed(ben, openings[1])
    claim = await attested(completed)
    late = await confirmed(ben, others[2])
    late_claim = await attested(late, at=late.attest_by)
    first = await requested(ana, openings[0])
    second = await confirmed(ana, others[1])
    account = Account(email="somebody@example.test", name="", created_at=AT)
    membership = Membership(
        account_id=account.id, role=Role.STUDENT, student_id=ana.id, school_id=ana.school_id, created_at=AT
    )
    await write(account, membership)
    return {
        "school": pair.school.id, "other_school": other_school.id,
        "provider": pair.provider.id, "other_provider": other_provider.id,
        "ana": ana.id, "ben": ben.id, "cleo": cleo.id,
        "grant": await id_of("SELECT id FROM grants WHERE wallet_id = $1 AND credits = 6", ana.id),
        "small_grant": small.id, "bens_grant": bens.id, "big_grant": big.id,
        "opening": openings[3].id, "requested": first.id, "confirmed": second.id, "declined": declined.id,
        "completed": completed.id, "claim": claim.id, "late_claim": late_claim.id,
        "license": first.license_id, "other_license": second.license_id,
        "enrollment": await id_of("SELECT id FROM enrollments WHERE provider_id = $1", pair.provider.id),
        "hours": await id_of("SELECT id FROM weekly_hours WHERE provider_id = $1 LIMIT 1", pair.provider.id),
        "rate": await id_of("SELECT id FROM rates WHERE $1::uuid IS NOT NULL LIMIT 1", ana.id),
        "transfer": await id_of("SELECT id FROM transfers WHERE wallet_id = $1 LIMIT 1", ana.id),
        "event": await id_of("SELECT id FROM events WHERE subject_id = $1 LIMIT 1", ana.id),
        "account": account.id, "membership": membership.id,
        "later": LATER.isoformat(), "later_end": (LATER + timedelta(hours=1)).isoformat(),
        "later_short": (LATER + timedelta(minutes=50)).isoformat(),
        "free": openings[3].starts_at.isoformat(),
        "free_short": (openings[3].starts_at + timedelta(minutes=50)).isoformat(),
        "much_later": (LATER + timedelta(days=31)).isoformat(),
    }  # fmt: skip


async def id_of(statement: str, value: Any) -> str:
    """The one id that a statement finds."""
    return str((await fetch(statement, value))[0].id)


async def attempt(statement: str, world: World) -> None:
    """Run a statement and all checks that wait for the end of its transaction."""
    async with transaction():
        await execute(Template(statement).substitute(world) + "; SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.about)
async def test_the_database_itself_refuses(world: World, case: Case) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await attempt(case.statement, world)
    assert refused.value.constraint_name == case.constraint, refused.value


async def test_sessions_that_touch_do_not_overlap(world: World) -> None:
    pair = await pair_of()
    other_provider, other_student = await provider_of(), await student_of(pair.school, credits=1)
    first, second = pair.openings[0], pair.openings[1]
    assert first.ends_at == second.starts_at
    await requested(pair.student, first)
    await requested(other_student, second)
    await requested(pair.student, (await openings_of(other_provider))[1])
    await attempt("SELECT 1", {})


async def test_hours_that_touch_do_not_overlap(world: World) -> None:
    await attempt(copied("weekly_hours", "hours", starts="13:00", ends="14:00"), world)


async def test_a_new_appointment_may_take_the_time_of_an_ended_one(world: World) -> None:
    ended = changed("appointments", "requested", "status = 'DECLINED', ended_at = now()")
    released = moved("RELEASE", "HELD", "AVAILABLE", session="'$requested'").replace("$new", "$newest")
    await attempt(f"{ended}; {released}; {held_appointment(status='REQUESTED', ended_at=None)}", world)


async def test_a_voided_claim_makes_room_for_another(world: World) -> None:
    await attempt(changed("claims", "claim", "status = 'VOID'") + ";" + copied("claims", "claim"), world)


async def test_an_ended_membership_makes_room_for_another(world: World) -> None:
    await attempt(
        changed("memberships", "membership", "ended_at = now()") + ";" + copied("memberships", "membership"), world
    )


async def test_each_event_waits_in_the_outbox_from_the_moment_it_is_written(world: World) -> None:
    waiting = await fetch("SELECT event_id FROM outbox")
    assert waiting
    assert {row.event_id for row in waiting} == set(await Event.all().values_list("id", flat=True))


async def test_a_provider_is_found_only_with_a_verified_license_and_an_active_contract(world: World) -> None:
    async def searchable() -> bool:
        return bool((await fetch("SELECT searchable FROM providers WHERE id = $1", world["provider"]))[0].searchable)

    assert await searchable()
    await attempt(changed("enrollments", "enrollment", "status = 'SUSPENDED'"), world)
    assert not await searchable()
    await attempt(changed("enrollments", "enrollment", "status = 'ACTIVE'"), world)
    assert await searchable()
    await License.filter(provider_id=world["provider"]).update(verified_at=None)
    assert not await searchable()


HELD = """
SELECT conname AS name FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'u', 'x', 'f')
 UNION
SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
 WHERE i.relnamespace = 'public'::regnamespace AND x.indisunique AND NOT x.indisprimary
"""
FIRST_MIGRATIONS = [import_module(f"migrations.{name}") for name in ("0001_tables", "0002_rules")]


async def test_every_named_rule_of_the_first_tables_has_a_case(world: World) -> None:
    sources = "".join(inspect.getsource(module) for module in FIRST_MIGRATIONS)
    named = {row.name for row in await fetch(HELD) if re.search(rf"\b{row.name}\b", sources)}
    raised = set(re.findall(r"CONSTRAINT = '(\w+)'", sources))
    cases = {case.constraint for case in CASES}
    assert (named | raised) - cases - COVERED_ELSEWHERE == set(), "a rule that no case tries to break"
    assert len(named) > 60


async def test_a_token_is_kept_as_its_hash_alone() -> None:
    assert token_hash("fc_access_secret") != b"fc_access_secret"
    assert len(token_hash("fc_access_secret")) == 32
