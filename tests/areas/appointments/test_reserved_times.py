"""Reserved times in SQL: what is taken of two calendars, and how a session moves (AP-4, AP-6, ID-7)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from database import credentials, url_of
from models.appointments.appointments import Appointment, AppointmentStatus
from models.appointments.reserved_times import ProposalStatus, RescheduleProposal, ReservedKind, ReservedTime
from models.availability.openings import Opening
from models.base.ids import new_id
from models.base.statements import execute, fetch, transaction
from settings import Settings
from tests.support.databases import own_database, undone
from tests.support.world import AT, Pair, as_provider, as_student, confirmed, pair_of, requested, student_of

CHECK_NOW = "SET CONSTRAINTS ALL IMMEDIATE"
PROPOSE = """
WITH proposed AS (
    INSERT INTO reschedule_proposals
        (id, appointment_id, by_side, from_starts_at, to_starts_at, proposed_at, answer_by, status)
    SELECT $1, a.id, 'STUDENT', a.starts_at, $3, $4, $4::timestamptz + interval '1 hour', 'OPEN'
      FROM appointments a WHERE a.id = $2)
INSERT INTO reserved_times
    (id, appointment_id, kind, provider_id, person_id, starts_at, ends_at, blocked_from, blocked_until)
SELECT $1, a.id, 'PROPOSED', a.provider_id, a.person_id, $3, $3 + (a.ends_at - a.starts_at),
       $3, $3 + (a.ends_at - a.starts_at)
  FROM appointments a WHERE a.id = $2
"""
ACCEPT = (
    "DELETE FROM reserved_times WHERE appointment_id = $1 AND kind = 'CURRENT' AND $2::timestamptz IS NOT NULL",
    "UPDATE reserved_times SET kind = 'CURRENT' WHERE appointment_id = $1 AND kind = 'PROPOSED'"
    " AND $2::timestamptz IS NOT NULL",
    "UPDATE appointments a SET starts_at = r.starts_at, ends_at = r.ends_at,"
    " attest_by = a.attest_by + (r.starts_at - a.starts_at) FROM reserved_times r"
    " WHERE a.id = $1 AND r.appointment_id = a.id AND $2::timestamptz IS NOT NULL",
    "UPDATE reschedule_proposals SET status = 'ACCEPTED', closed_at = $2 WHERE appointment_id = $1 AND status = 'OPEN'",
)
"""The steps of an accepted move, of an appointment and at a time."""


@pytest_asyncio.fixture(loop_scope="session")
async def pair(database: Settings) -> AsyncIterator[Pair]:
    """A student and a provider; whatever happens, all that waits for the commit holds, and nothing of it stays."""
    async with undone():
        yield await pair_of()
        await execute(CHECK_NOW)


async def propose(session: Appointment, opening: Opening) -> UUID:
    """Propose to move a session to an opening."""
    id = new_id()
    async with transaction():
        await execute(PROPOSE, id, session.id, opening.starts_at, AT)
        await execute(CHECK_NOW)
        await execute("SET CONSTRAINTS ALL DEFERRED")
    return id


async def accept(session: Appointment, at: datetime = AT) -> None:
    """Accept the open proposal of a session."""
    async with transaction():
        for step in ACCEPT:
            await execute(step, session.id, at)
        await execute(CHECK_NOW)
        await execute("SET CONSTRAINTS ALL DEFERRED")


async def times_of(session: Appointment) -> list[tuple[ReservedKind, datetime]]:
    """The reserved times of a session: kind and start."""
    rows = await ReservedTime.filter(appointment_id=session.id).order_by("starts_at")
    return [(row.kind, row.starts_at) for row in rows]


async def test_a_request_takes_its_time_and_its_end_frees_it_in_the_same_statement(pair: Pair) -> None:
    session = await requested(pair.student, pair.openings[0])
    assert await times_of(session) == [(ReservedKind.CURRENT, session.starts_at)]
    await session.decline(by=as_provider(pair.provider), at=AT)
    assert await times_of(session) == []


async def test_a_completed_session_takes_no_time_any_more(pair: Pair) -> None:
    session = await confirmed(pair.student, pair.openings[0])
    await session.mark_no_show(by=as_provider(pair.provider), at=session.ends_at)
    assert not await ReservedTime.filter(appointment_id=session.id).exists()


async def test_an_accepted_move_leaves_the_old_time_and_takes_the_new_one(pair: Pair) -> None:
    session = await confirmed(pair.student, pair.openings[0])
    old, new = session.starts_at, pair.openings[5]
    proposal = await propose(session, new)
    assert await times_of(session) == [(ReservedKind.CURRENT, old), (ReservedKind.PROPOSED, new.starts_at)]
    await accept(session)
    assert await times_of(session) == [(ReservedKind.CURRENT, new.starts_at)]
    assert (await Appointment.get(id=session.id)).starts_at == new.starts_at
    assert (await RescheduleProposal.get(id=proposal)).status is ProposalStatus.ACCEPTED
    again = await requested(await student_of(pair.school, credits=1), pair.openings[0])
    assert again.starts_at == old


async def test_while_a_move_is_proposed_nobody_gets_either_time(pair: Pair) -> None:
    session = await confirmed(pair.student, pair.openings[0])
    await propose(session, pair.openings[5])
    other = await student_of(pair.school, credits=1)
    for opening in (pair.openings[0], pair.openings[5]):
        with pytest.raises(Exception, match="Someone else has just taken this time"):
            await requested(other, opening)


async def test_a_move_may_overlap_the_time_that_it_leaves(pair: Pair) -> None:
    session = await confirmed(pair.student, pair.openings[0])
    half = session.starts_at + timedelta(minutes=30)
    await execute(
        "INSERT INTO openings (id, provider_id, starts_at, ends_at)"
            " VALUES ($1, $2, $3, $3::timestamptz + interval '1 hour')",
        new_id(), pair.provider.id, half,
    )  # fmt: skip
    await propose(session, await Opening.get(provider_id=pair.provider.id, starts_at=half))
    await accept(session)
    assert (await Appointment.get(id=session.id)).starts_at == half


async def test_who_cancels_closes_the_proposal_and_frees_both_times(pair: Pair) -> None:
    session = await confirmed(pair.student, pair.openings[0])
    proposal = await propose(session, pair.openings[5])
    await session.cancel(by=as_student(pair.student), at=AT)
    assert session.status is AppointmentStatus.CANCELLED
    assert not await ReservedTime.filter(appointment_id=session.id).exists()
    closed = await RescheduleProposal.get(id=proposal)
    assert (closed.status, closed.closed_at) == (ProposalStatus.CLOSED, AT)


async def test_a_session_confirmed_in_its_time_may_move_before_its_answer_was_due(pair: Pair) -> None:
    session = await confirmed(pair.student, pair.openings[20])
    sooner = pair.openings[1]
    assert sooner.starts_at < session.confirm_by
    await propose(session, sooner)
    await accept(session)
    assert (await Appointment.get(id=session.id)).starts_at == sooner.starts_at


WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


async def test_who_books_while_another_books_waits_for_the_provider_and_deadlocks_with_nobody(postgres: str) -> None:
    async with own_database(postgres) as settings:
        pair = await pair_of()
        students = [await student_of(pair.school, credits=1) for _ in range(2)]
        other: Any = await asyncpg.connect(**credentials(url_of(settings)))
        block = other.transaction()
        await block.start()
        await other.execute("SELECT 1 FROM providers WHERE id = $1 FOR NO KEY UPDATE", pair.provider.id)
        tasks = [asyncio.create_task(requested(student, pair.openings[0])) for student in students]
        for _ in range(500):
            if len(await fetch(WAITING)) == 2:
                break
            await asyncio.sleep(0.01)
        assert await ReservedTime.filter(provider_id=pair.provider.id).count() == 0
        await block.rollback()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        await other.close()
        assert sorted(isinstance(answer, Appointment) for answer in answers) == [False, True]
        assert (await fetch(DEADLOCKS))[0].deadlocks == 0
