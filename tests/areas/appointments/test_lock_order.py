"""Ends, moves and links at the same moment, with real commits: one waits for the other, and nothing is half done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import asyncpg
import pytest_asyncio

from database import credentials, url_of
from models.appointments.appointments import Appointment, AppointmentStatus
from models.appointments.reserved_times import ProposalStatus, RescheduleProposal, ReservedTime
from models.availability.openings import Opening
from models.base.ids import new_id
from models.base.statements import execute, fetch, fetch_one, transaction
from models.claims.claims import Claim, ClaimStatus
from settings import Settings
from tests.areas.appointments.test_reserved_times import PROPOSE
from tests.support.databases import own_database
from tests.support.world import AT, Pair, as_provider, as_student, attested, confirmed, pair_of, requested, student_of

WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
PAYEE = """
SELECT payees.person_id = providers.person_id AS agrees
  FROM appointments JOIN payees ON payees.id = appointments.payee_id
  JOIN providers ON providers.id = appointments.provider_id WHERE appointments.id = $1
"""


@pytest_asyncio.fixture(loop_scope="session")
async def settings(postgres: str) -> AsyncIterator[Settings]:
    """A database of this test's own."""
    async with own_database(postgres) as own:
        yield own


@pytest_asyncio.fixture(loop_scope="session")
async def other(settings: Settings) -> AsyncIterator[Any]:
    """A connection beside the pool, to hold what it has locked for as long as a test says."""
    connection = await asyncpg.connect(**credentials(url_of(settings)))
    yield connection
    await connection.close()


@pytest_asyncio.fixture(loop_scope="session")
async def pair(settings: Settings) -> Pair:
    """A student and a provider."""
    return await pair_of()


async def waits_or_ends(task: asyncio.Task[Any]) -> None:
    """Until the task waits for a lock, or is through."""
    for _ in range(500):
        if task.done() or await fetch(WAITING):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it neither waits nor ends")


class Held:
    """A verb whose transaction stays open until it is let go."""

    def __init__(self, verb: Callable[[], Awaitable[object]]) -> None:
        self.done, self.go = asyncio.Event(), asyncio.Event()
        self.task = asyncio.create_task(self.run(verb))

    async def run(self, verb: Callable[[], Awaitable[object]]) -> None:
        """Do it, and wait before the commit."""
        async with transaction():
            await verb()
            self.done.set()
            await self.go.wait()

    async def commit(self) -> None:
        """Let it go."""
        self.go.set()
        await self.task


async def propose(connection: Any, session: Appointment, to: datetime) -> None:
    """Propose a move, in a transaction of its own."""
    async with connection.transaction():
        await connection.execute(PROPOSE, new_id(), session.id, to, AT)


async def link(connection: Any, pair: Pair) -> None:
    """Make the provider another person, as `link_person` does."""
    async with connection.transaction():
        await connection.execute("SELECT 1 FROM providers WHERE id = $1 FOR UPDATE", pair.provider.id)
        await become_another(connection, pair)


async def become_another(connection: Any, pair: Pair) -> None:
    """The last step of a link."""
    person = new_id()
    await connection.execute("INSERT INTO persons (id, created_at) VALUES ($1, now())", person)
    await connection.execute("UPDATE providers SET person_id = $1 WHERE id = $2", person, pair.provider.id)


async def test_a_move_that_is_proposed_while_its_session_is_cancelled_takes_no_time(pair: Pair, other: Any) -> None:
    session = await confirmed(pair.student, pair.openings[0])

    async def cancel() -> None:
        await (await Appointment.locked(session.id)).cancel(by=as_student(pair.student), at=AT)

    cancelled = Held(cancel)
    await cancelled.done.wait()
    move = asyncio.create_task(propose(other, session, pair.openings[5].starts_at))
    await waits_or_ends(move)
    await cancelled.commit()
    (answer,) = await asyncio.gather(move, return_exceptions=True)
    assert isinstance(answer, asyncpg.CheckViolationError)
    assert (await Appointment.get(id=session.id)).status is AppointmentStatus.CANCELLED
    assert not await RescheduleProposal.filter(status=ProposalStatus.OPEN).exists()
    assert not await ReservedTime.filter(appointment_id=session.id).exists()


async def test_a_session_confirmed_while_its_provider_is_linked_is_paid_to_who_they_are_then(
    pair: Pair, other: Any
) -> None:
    session = await requested(pair.student, pair.openings[0])

    async def confirm() -> None:  # by a row that is not locked before, as the database holds it alone
        await (await Appointment.get(id=session.id)).confirm(by=as_provider(pair.provider), at=AT)

    answered = Held(confirm)
    await answered.done.wait()
    linked = asyncio.create_task(link(other, pair))
    await waits_or_ends(linked)
    await answered.commit()
    await linked
    assert (await fetch_one(PAYEE, session.id)).agrees


async def test_who_attests_while_their_provider_is_linked_waits_and_deadlocks_with_nobody(
    pair: Pair, other: Any
) -> None:
    session = await confirmed(pair.student, pair.openings[0])
    async with other.transaction():
        await other.execute("SELECT 1 FROM providers WHERE id = $1 FOR UPDATE", pair.provider.id)
        report = asyncio.create_task(attested(session))
        await waits_or_ends(report)
        await become_another(other, pair)
    await report
    assert (await Claim.get(appointment_id=session.id)).status is ClaimStatus.ACCEPTED
    assert (await fetch_one(PAYEE, session.id)).agrees


async def test_of_many_who_book_overlapping_times_of_one_provider_some_get_theirs_and_nobody_deadlocks(
    pair: Pair,
) -> None:
    first = pair.openings[0].starts_at
    await execute(
        "INSERT INTO openings (id, provider_id, starts_at, ends_at)"
        " SELECT gen_random_uuid(), $1, at, at + interval '1 hour'"
        "   FROM generate_series($2::timestamptz, $2 + interval '110 minutes', interval '10 minutes') AS at"
        " ON CONFLICT DO NOTHING",
        pair.provider.id, first,
    )  # fmt: skip
    near = await Opening.filter(
        provider_id=pair.provider.id, starts_at__gte=first, starts_at__lt=first + timedelta(hours=2)
    )
    students = [await student_of(pair.school, credits=1) for _ in range(2 * len(near))]
    answers = await asyncio.gather(
        *(requested(student, opening) for student, opening in zip(students, near * 2, strict=True)),
        return_exceptions=True,
    )
    assert not [answer for answer in answers if isinstance(answer, asyncpg.DeadlockDetectedError)]
    taken = await ReservedTime.filter(provider_id=pair.provider.id).order_by("starts_at")
    assert len(taken) == len([answer for answer in answers if isinstance(answer, Appointment)]) > 0
    assert all(one.blocked_until <= next_one.blocked_from for one, next_one in pairwise(taken))
