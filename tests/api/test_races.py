"""Everybody at once, with real commits: exactly as many succeed as there are places, and the ledger agrees."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest_asyncio

import worker
from models.appointments.appointments import Appointment
from models.availability.hours import WeeklyHours
from models.availability.openings import Opening
from models.base.access import Role, Viewer
from models.base.ids import encode
from models.base.statements import fetch
from models.claims.claims import Claim
from models.credits.ledger import TransferKind, Wallet
from models.credits.proof import grants_that_disagree, wallets_that_disagree
from tests.support.asking import do
from tests.support.databases import own_database
from tests.support.world import (
    AT,
    as_provider,
    as_staff,
    as_student,
    confirmed,
    pair_of,
    provider_of,
    requested,
    student_of,
)

POOL_SIZE = 60
APPOINTMENT = "appointment { id status }"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def many_connections(postgres: str) -> AsyncIterator[None]:
    """A database of this module's own with room for everybody."""
    async with own_database(postgres, pool_size=POOL_SIZE):
        yield


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def ledger(many_connections: None) -> AsyncIterator[None]:
    """After each race every balance is what the ledger makes of it."""
    yield
    assert await wallets_that_disagree() == []
    assert await grants_that_disagree() == []


async def ask_for(opening: Opening, viewer: Viewer, **more: Any) -> Any:
    """The answer to a request for an opening."""
    return await do(
        "requestAppointment",
        viewer,
        APPOINTMENT,
        openingId=encode(Opening.PREFIX, opening.id),
        state="MA",
        acceptsMissedAppointmentPolicy=True,
        **more,
    )


def outcomes(answers: list[Any]) -> Counter[str]:
    """How many answers there were of each kind: OK, or the first user error's code."""
    return Counter(answer["userErrors"][0]["code"] if answer["userErrors"] else "OK" for answer in answers)


async def test_of_100_students_at_once_one_gets_the_opening() -> None:
    pair = await pair_of()
    students = [await student_of(pair.school, credits=1) for _ in range(100)]
    answers = await asyncio.gather(*(ask_for(pair.openings[0], as_student(student)) for student in students))
    assert outcomes(answers) == {"OK": 1, "SLOT_TAKEN": 99}
    assert await Appointment.filter(provider_id=pair.provider.id).count() == 1
    assert await Wallet.filter(school_id=pair.school.id, held=1).count() == 1


async def test_two_credits_are_two_sessions_however_many_are_requested_at_once() -> None:
    pair = await pair_of(credits=2)
    providers = [pair.provider, *[await provider_of() for _ in range(49)]]
    soonest = [
        await Opening.filter(provider_id=provider.id, starts_at__gt=AT + timedelta(days=1)).order_by("starts_at")
        for provider in providers
    ]
    # A time of its own for each, so that nothing but the credits stands in the way.
    openings = [of_provider[index] for index, of_provider in enumerate(soonest)]
    answers = await asyncio.gather(*(ask_for(opening, as_student(pair.student)) for opening in openings))
    assert outcomes(answers) == {"OK": 2, "NO_CREDITS": 48}
    wallet = await Wallet.get(id=pair.student.id)
    assert (wallet.available, wallet.held) == (0, 2)


async def test_a_confirmation_against_the_expiry_ends_in_exactly_one_of_the_two() -> None:
    pair = await pair_of(credits=50)
    providers = [await provider_of() for _ in range(50)]
    sessions = []
    for index, provider in enumerate(providers):
        opening = (await Opening.filter(provider_id=provider.id, starts_at__gt=AT).order_by("starts_at"))[20 + index]
        sessions.append(await requested(pair.student, opening))
    due = sessions[0].confirm_by
    assert all(session.confirm_by == due for session in sessions)

    async def confirm(session: Appointment) -> Any:
        # The provider's clock was read just in time, the worker's just after it.
        return await do(
            "confirmAppointment",
            as_provider(session.provider_id),
            APPOINTMENT,
            at=due - timedelta(microseconds=1),
            appointmentId=session.type_id,
        )

    # The worker goes from the first to the last, the confirmations come from the other end: they meet on the way.
    expiring = asyncio.gather(worker.expire_requests(due), worker.expire_requests(due))
    confirming = []
    for session in reversed(sessions):
        confirming.append(asyncio.create_task(confirm(session)))
        await asyncio.wait(confirming[-1:], timeout=None if len(confirming) < 20 else 0)
    answers = list(reversed(await asyncio.gather(*confirming)))
    await expiring
    ended = await fetch(
        "SELECT a.id, a.status, array_agg(t.kind ORDER BY t.id) AS kinds FROM appointments a"
        " JOIN transfers t ON t.appointment_id = a.id WHERE a.student_id = $1 GROUP BY a.id",
        pair.student.id,
    )
    kinds = {"CONFIRMED": [TransferKind.HOLD], "EXPIRED": [TransferKind.HOLD, TransferKind.RELEASE]}
    assert len(ended) == 50
    assert all(row.kinds == kinds[row.status] for row in ended)
    was_confirmed = {row.id for row in ended if row.status == "CONFIRMED"}
    told = {session.id for session, answer in zip(sessions, answers, strict=True) if not answer["userErrors"]}
    assert told == was_confirmed
    assert 0 < len(was_confirmed) < 50, "they never met"
    wallet = await Wallet.get(id=pair.student.id)
    assert wallet.held == len(was_confirmed)


async def test_both_answers_of_a_provider_at_once_end_in_one_of_them() -> None:
    pair = await pair_of(credits=20)
    for opening in pair.openings[:20]:
        session = await requested(await student_of(pair.school, credits=1), opening)
        answers = await asyncio.gather(
            *(
                do(verb, as_provider(pair.provider), APPOINTMENT, appointmentId=session.type_id)
                for verb in ("confirmAppointment", "declineAppointment")
            )
        )
        assert outcomes(list(answers)) == {"OK": 1, "NOT_OPEN": 1}


async def test_the_same_attestation_20_times_at_once_is_one_claim() -> None:
    pair = await pair_of()
    session = await confirmed(pair.student, pair.openings[0])
    answers = await asyncio.gather(
        *(
            do(
                "attestSession",
                as_provider(pair.provider),
                "claim { id }",
                at=session.ends_at,
                appointmentId=session.type_id,
                presentingConcern="ANXIETY",
            )
            for _ in range(20)
        )
    )
    assert outcomes(answers) == {"OK": 1, "NOT_OPEN": 19}
    assert await Claim.filter(appointment_id=session.id).count() == 1
    assert (await Wallet.get(id=pair.student.id)).settled == 1


async def test_one_key_20_times_at_once_is_one_booking_and_20_equal_answers() -> None:
    pair = await pair_of()
    viewer = as_student(pair.student)
    answers = await asyncio.gather(
        *(ask_for(pair.openings[0], viewer, idempotencyKey="tapped twenty times") for _ in range(20))
    )
    assert len({json.dumps(answer, sort_keys=True) for answer in answers}) == 1
    assert outcomes(answers) == {"OK": 20}
    assert await Appointment.filter(student_id=pair.student.id).count() == 1


async def test_a_request_that_waits_for_its_key_is_judged_itself_when_the_first_one_was_refused() -> None:
    pair = await pair_of(credits=0)
    viewer, staff = as_student(pair.student), as_staff(Role.SCHOOL, school=pair.school)
    asking = [ask_for(pair.openings[0], viewer, idempotencyKey="until there is a credit") for _ in range(20)]
    granting = do("grantCredits", staff, "grant { id }", studentId=pair.student.type_id, credits=2)
    answers, _ = await asyncio.gather(asyncio.gather(*asking), granting)
    answers.append(await ask_for(pair.openings[0], viewer, idempotencyKey="until there is a credit"))
    assert set(outcomes(answers)) <= {"OK", "NO_CREDITS"}
    assert len({answer["appointment"]["id"] for answer in answers if answer["appointment"]}) == 1
    assert await Appointment.filter(student_id=pair.student.id).count() == 1


async def test_grants_and_requests_at_once_lose_no_credit() -> None:
    pair = await pair_of(credits=1)
    providers = [await provider_of() for _ in range(20)]
    openings = [
        (await Opening.filter(provider_id=provider.id, starts_at__gt=AT + timedelta(days=1)).order_by("starts_at"))[at]
        for at, provider in enumerate(providers)
    ]
    staff = as_staff(Role.SCHOOL, school=pair.school)
    granting = [do("grantCredits", staff, "grant { id }", studentId=pair.student.type_id, credits=1) for _ in range(10)]
    granted, asked = await asyncio.gather(
        asyncio.gather(*granting), asyncio.gather(*(ask_for(opening, as_student(pair.student)) for opening in openings))
    )
    assert outcomes(granted) == {"OK": 10}
    booked = outcomes(asked)["OK"]
    assert outcomes(asked)["NO_CREDITS"] == 20 - booked
    wallet = await Wallet.get(id=pair.student.id)
    assert (wallet.granted, wallet.held, wallet.available) == (11, booked, 11 - booked)


async def test_overlapping_weeks_set_at_once_leave_one_whole_week() -> None:
    provider = await provider_of(week=())
    weeks = [
        [{"weekday": day, "starts": f"{8 + turn:02}:00", "ends": f"{12 + turn:02}:00"} for day in (1, 2, 3)]
        for turn in range(6)
    ]
    answers = await asyncio.gather(
        *(do("setWeeklyHours", as_provider(provider), "provider { id }", hours=week) for week in weeks)
    )
    assert outcomes(answers) == {"OK": 6}
    blocks = await WeeklyHours.filter(provider_id=provider.id)
    assert len(blocks) == 3
    assert len({str(block.starts) for block in blocks}) == 1
    openings = await Opening.filter(provider_id=provider.id, starts_at__gt=AT).order_by("starts_at")
    assert all(one.ends_at <= following.starts_at for one, following in pairwise(openings))
    assert {opening.starts_at.minute for opening in openings} == {0}


async def test_an_opening_requested_while_its_week_changes_is_booked_or_gone() -> None:
    for turn in range(10):
        pair = await pair_of()
        opening = pair.openings[turn]
        asked, changed = await asyncio.gather(
            ask_for(opening, as_student(pair.student)),
            do("setWeeklyHours", as_provider(pair.provider), "provider { id }", hours=[]),
        )
        assert changed["userErrors"] == []
        assert outcomes([asked]) in ({"OK": 1}, {"NOT_FOUND": 1}, {"SLOT_TAKEN": 1})
        assert await Appointment.filter(provider_id=pair.provider.id).count() == outcomes([asked])["OK"]


async def test_a_student_who_takes_back_what_the_provider_answers_ends_it_once() -> None:
    pair = await pair_of()
    for opening in pair.openings[:5]:
        session = await requested(await student_of(pair.school, credits=1), opening)
        student = Viewer(account_id=session.student_id, role=Role.STUDENT, student_id=session.student_id)
        answers = await asyncio.gather(
            do("withdrawAppointment", student, APPOINTMENT, appointmentId=session.type_id),
            do("confirmAppointment", as_provider(pair.provider), APPOINTMENT, appointmentId=session.type_id),
        )
        assert outcomes(list(answers)) == {"OK": 1, "NOT_OPEN": 1}
