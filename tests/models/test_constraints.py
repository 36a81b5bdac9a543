"""Around Python: what raw SQL may not do to the database either, each refused by the constraint that says so."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from string import Template

import asyncpg
import pytest
import pytest_asyncio

from models.accounts.accounts import token_hash
from models.base import encryption
from models.base.events import Event
from models.base.ids import new_id
from models.base.statements import execute, fetch, transaction
from models.directory.licenses import License
from tests.models.breaches import BREACHES, WITHOUT_BREACH
from tests.models.breaches.statements import Breach, changed, copied, requested_with_hold, transferred
from tests.models.breaches.world import World, build
from tests.support.databases import own_database, undone
from tests.support.world import openings_of, pair_of, provider_of, requested, student_of


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def filled(postgres: str) -> AsyncIterator[World]:
    """A database with a small program at work."""
    async with own_database(postgres) as settings:
        encryption.configure(settings.key_ring)
        yield await build()


@pytest_asyncio.fixture(loop_scope="session")
async def world(filled: World) -> AsyncIterator[World]:
    """The same, in a transaction that leaves nothing behind."""
    async with undone():
        yield {**filled, "new": new_id(), "newer": new_id(), "newest": new_id()}


async def attempt(world: World, *statements: str) -> None:
    """Run statements in one transaction, and all checks that wait for its end."""
    async with transaction():
        for statement in statements:
            await execute(Template(statement).substitute(world))
        await execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: breach.about)
async def test_the_database_itself_refuses(world: World, breach: Breach) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await attempt(world, *breach.statements)
    assert refused.value.constraint_name == breach.constraint, refused.value


async def test_sessions_that_touch_do_not_overlap(world: World) -> None:
    pair = await pair_of()
    other_provider, other_student = await provider_of(), await student_of(pair.school, credits=1)
    first, second = pair.openings[0], pair.openings[1]
    assert first.ends_at == second.starts_at
    await requested(pair.student, first)
    await requested(other_student, second)
    await requested(pair.student, (await openings_of(other_provider))[1])
    await attempt(world)


async def test_hours_that_touch_do_not_overlap(world: World) -> None:
    await attempt(world, copied("weekly_hours", "$hours", starts="13:00", ends="14:00"))


async def test_a_new_appointment_may_take_the_time_of_an_ended_one(world: World) -> None:
    ended = changed("appointments", "$requested", "status = 'DECLINED', ended_at = now()")
    released = transferred("RELEASE", id="$newest", session="$requested")
    await attempt(world, ended, released, *requested_with_hold(status="REQUESTED", ended_at=None))


async def test_a_voided_claim_makes_room_for_another(world: World) -> None:
    await attempt(world, changed("claims", "$claim", "status = 'VOID'"), copied("claims", "$claim"))


async def test_an_ended_membership_makes_room_for_another(world: World) -> None:
    await attempt(
        world, changed("memberships", "$membership", "ended_at = now()"), copied("memberships", "$membership")
    )


async def test_each_event_waits_in_the_outbox_from_the_moment_it_is_written(world: World) -> None:
    waiting = await fetch("SELECT event_id FROM outgoing")
    assert waiting
    assert {row.event_id for row in waiting} == set(await Event.all().values_list("id", flat=True))


async def test_a_provider_is_found_only_with_a_verified_license_and_an_active_contract(world: World) -> None:
    async def searchable() -> bool:
        return bool((await fetch("SELECT searchable FROM providers WHERE id = $1", world["provider"]))[0].searchable)

    assert await searchable()
    await attempt(world, changed("enrollments", "$enrollment", "status = 'SUSPENDED'"))
    assert not await searchable()
    await attempt(world, changed("enrollments", "$enrollment", "status = 'ACTIVE'"))
    assert await searchable()
    await License.filter(provider_id=world["provider"]).update(verified_at=None)
    assert not await searchable()


NAMED = """
SELECT conname AS name FROM pg_constraint c
 WHERE connamespace = 'public'::regnamespace
   AND (contype IN ('c', 'u', 'x') OR contype = 'f' AND conname NOT LIKE conrelid::regclass || '\\_%\\_fkey')
 UNION
SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
 WHERE i.relnamespace = 'public'::regnamespace AND x.indisunique AND NOT x.indisprimary
"""
"""What tables and unique indexes hold, but for the foreign keys of one column that PostgreSQL named by itself."""

TRIGGERS = """
SELECT DISTINCT p.proname AS function, p.prosrc AS source, t.tgrelid::regclass::text AS of_table
  FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
 WHERE NOT t.tgisinternal
"""


def names_raised(source: str, of_table: str) -> set[str]:
    """The constraints that a trigger's function names: written out, made of the table's name, or assigned before.

    What a function of their own raises for several triggers, `refuse_…('name')`, they write out too.
    """
    names = set(re.findall(r"PERFORM refuse_\w+\('(\w+)'\)", source))
    for said in re.findall(r"CONSTRAINT = (.+?);", source):
        if name := re.fullmatch(r"'(\w+)'", said):
            names.add(name[1])
        elif suffix := re.fullmatch(r"TG_TABLE_NAME \|\| '(\w+)'", said):
            names.add(of_table + suffix[1])
        else:
            assigned = re.findall(rf"\b{re.escape(said)} := '(\w+)'", source)
            assert assigned, f"which constraint is {said}?"
            names.update(assigned)
    return names


async def rules() -> set[str]:
    """Every named rule that the database holds, as the migrations leave it."""
    named = {row.name for row in await fetch(NAMED)}
    triggers = await fetch(TRIGGERS)
    return named.union(*(names_raised(trigger.source, trigger.of_table) for trigger in triggers))


async def test_every_named_rule_has_a_breach(world: World) -> None:
    known = await rules()
    broken = {breach.constraint for breach in BREACHES}
    assert known - broken - WITHOUT_BREACH == set(), "no breach tries to break them"
    assert (broken | WITHOUT_BREACH) - known == set(), "no rule of the database has this name"
    assert broken & WITHOUT_BREACH == set()


async def test_every_trigger_that_refuses_names_its_rule(world: World) -> None:
    nameless = [
        trigger.function
        for trigger in await fetch(TRIGGERS)
        if trigger.source.count("RAISE EXCEPTION") != trigger.source.count("CONSTRAINT =")
    ]
    assert nameless == []


async def test_a_token_is_kept_as_its_hash_alone() -> None:
    assert token_hash("fc_access_secret") != b"fc_access_secret"
    assert len(token_hash("fc_access_secret")) == 32
