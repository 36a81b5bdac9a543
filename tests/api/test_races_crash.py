"""Processes that are killed while they book: afterwards each booking is whole or was never made."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from database import url_of
from models.appointments.appointments import Appointment
from models.base.events import Event
from models.base.statements import fetch
from models.credits.proof import grants_that_disagree, wallets_that_disagree
from settings import Settings
from tests.support.databases import own_database
from tests.support.processes import ROOT, WAIT_SECONDS
from tests.support.world import pair_of, student_of

KILLED = 4

HALF_DONE = """
SELECT a.id FROM appointments a
  LEFT JOIN transfers h ON h.appointment_id = a.id AND h.kind = 'HOLD'
  LEFT JOIN transfers e ON e.appointment_id = a.id AND e.kind <> 'HOLD'
  LEFT JOIN events asked ON asked.appointment_id = a.id AND asked.verb = 'appointment.requested'
  LEFT JOIN events ended ON ended.appointment_id = a.id AND ended.verb = 'appointment.withdrawn'
 WHERE h.id IS NULL OR asked.id IS NULL OR (a.status = 'WITHDRAWN') <> (e.id IS NOT NULL)
    OR (a.status = 'WITHDRAWN') <> (ended.id IS NOT NULL)
"""
HALF_ANSWERED = "SELECT id FROM idempotency_keys WHERE answer IS NULL"


@pytest_asyncio.fixture(loop_scope="session")
async def settings(postgres: str) -> AsyncIterator[Settings]:
    """A database of this test's own."""
    async with own_database(postgres) as own:
        yield own


async def book_until_killed(settings: Settings, student_id: str, choose: random.Random) -> int:
    """Start a process that books, and kill it after some lines, wherever it is by then; how it ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.booking_loop", url_of(settings), student_id, str(choose.random()),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    for _ in range(choose.randint(5, 60)):
        assert await asyncio.wait_for(process.stdout.readline(), WAIT_SECONDS), "it ended by itself"
    process.kill()
    await process.communicate()
    return process.returncode or 0


async def test_a_process_killed_while_it_books_leaves_no_half_booking(settings: Settings) -> None:
    pair = await pair_of()
    choose = random.Random(20260302)
    students = [await student_of(pair.school, credits=3) for _ in range(KILLED)]
    ended = await asyncio.gather(*(book_until_killed(settings, str(student.id), choose) for student in students))
    assert ended == [-9] * KILLED
    assert await wallets_that_disagree() == []
    assert await grants_that_disagree() == []
    assert await fetch(HALF_DONE) == []
    assert await fetch(HALF_ANSWERED) == []
    booked = await Appointment.all().count()
    assert booked > KILLED
    assert await Event.filter(verb="appointment.requested").count() == booked
    assert len(await fetch("SELECT 1 FROM outgoing")) == await Event.all().count()


@pytest.mark.soak
async def test_a_hundred_killed_processes_leave_no_half_booking(settings: Settings) -> None:
    for _ in range(25):
        await test_a_process_killed_while_it_books_leaves_no_half_booking(settings)
