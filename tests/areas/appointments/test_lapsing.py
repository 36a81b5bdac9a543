"""Nobody reports (AP-10): the session lapses, its credit comes back, and a late attestation is denied."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

import worker
from models.appointments.appointments import Appointment, AppointmentStatus
from models.availability.openings import Opening
from models.base.events import Event
from models.base.ids import encode
from models.base.statements import transaction
from models.claims.claims import Claim
from models.credits.ledger import Transfer, Wallet
from models.credits.proof import grants_that_disagree, wallets_that_disagree
from settings import Settings
from tests.support.asking import ask, do
from tests.support.world import (
    AT,
    Pair,
    as_provider,
    as_student,
    attested,
    confirmed,
    granted,
    pair_of,
    requested,
    student_of,
)

A_SECOND = timedelta(seconds=1)
NINETY_DAYS = timedelta(days=90)
CLAIM = "claim { status reasons { carc } }"


@pytest_asyncio.fixture(loop_scope="session")
async def pair(committed: Settings) -> Pair:
    """A student and a provider, with real commits."""
    return await pair_of()


async def asked_for(pair: Pair, opening: Opening, *, at: datetime = AT) -> Any:
    """The answer to the student's request of an opening, through the API."""
    return await do(
        "requestAppointment", as_student(pair.student), "appointment { id visitType attestBy }", at=at,
        openingId=encode(Opening.PREFIX, opening.id), state="MA", acceptsMissedAppointmentPolicy=True,
    )  # fmt: skip


async def booked(pair: Pair) -> str:
    """The id of a session that was requested and confirmed through the API."""
    answer = await asked_for(pair, pair.openings[0])
    id: str = answer["appointment"]["id"]
    await do("confirmAppointment", as_provider(pair.provider), "appointment { status }", appointmentId=id)
    return id


async def attest(pair: Pair, id: str, at: datetime) -> Any:
    """The answer to the provider's attestation, through the API."""
    return await do(
        "attestSession", as_provider(pair.provider), CLAIM, at=at, appointmentId=id, presentingConcern="ANXIETY"
    )


async def seen(pair: Pair, id: str, at: datetime) -> Any:
    """The session and the wallet, as the student sees them."""
    return await ask(
        "query ($id: ID!) { appointment(id: $id) { status attestBy history { nodes { verb } } }"
        " wallet { available held settled } }",
        as_student(pair.student), at=at, id=id,
    )  # fmt: skip


async def deadline_of(pair: Pair, id: str) -> datetime:
    """When the time to attest a session is over."""
    due: datetime = (await seen(pair, id, AT))["appointment"]["attestBy"]
    return due


async def test_a_session_that_nobody_reports_lapses_and_its_credit_and_its_pair_are_free(pair: Pair) -> None:
    id = await booked(pair)
    due = await deadline_of(pair, id)
    await worker.lapse_sessions(due - A_SECOND)
    assert (await seen(pair, id, due))["appointment"]["status"] == "CONFIRMED"
    await worker.lapse_sessions(due)
    found = await seen(pair, id, due)
    assert found["appointment"]["status"] == "LAPSED"
    assert found["appointment"]["history"]["nodes"][-1]["verb"] == "APPOINTMENT_LAPSED"
    assert found["wallet"] == {"available": 6, "held": 0, "settled": 0}
    opening = await Opening.filter(provider_id=pair.provider.id, starts_at__gt=due + timedelta(days=2)).first()
    assert opening is not None
    again = await asked_for(pair, opening, at=due)
    assert (again["userErrors"], again["appointment"]["visitType"]) == ([], "INTAKE")


@pytest.mark.parametrize("worker_first", [True, False])
async def test_a_late_attestation_is_denied_as_29_and_moves_no_credit(pair: Pair, worker_first: bool) -> None:
    id = await booked(pair)
    late = await deadline_of(pair, id) + NINETY_DAYS - A_SECOND
    if worker_first:
        await worker.lapse_sessions(late)
    moved = await Transfer.all().count()
    answer = await attest(pair, id, late)
    assert answer == {
        "claim": {"status": "DENIED", "reasons": [{"carc": "29"}]}, "userErrors": [],
    }  # fmt: skip
    assert await Transfer.all().count() == moved + (0 if worker_first else 1)
    found = await seen(pair, id, late)
    assert found["appointment"]["status"] == "COMPLETED"
    verbs = [event["verb"] for event in found["appointment"]["history"]["nodes"]]
    assert verbs[-3:] == ["APPOINTMENT_LAPSED", "APPOINTMENT_COMPLETED", "CLAIM_DENIED"]
    assert found["wallet"] == {"available": 6, "held": 0, "settled": 0}


async def test_after_90_days_more_nothing_is_attested(pair: Pair) -> None:
    id = await booked(pair)
    too_late = await deadline_of(pair, id) + NINETY_DAYS
    for _ in ("before the worker", "after it"):
        (error,) = (await attest(pair, id, too_late))["userErrors"]
        assert (error["code"], error["rule"]) == ("TOO_LATE", "AP-10")
        await worker.lapse_sessions(too_late)


async def test_a_lapsed_intake_is_not_attested_beside_another_one(pair: Pair) -> None:
    id = await booked(pair)
    due = await deadline_of(pair, id)
    await worker.lapse_sessions(due)
    opening = await Opening.filter(provider_id=pair.provider.id, starts_at__gt=due + timedelta(days=2)).first()
    assert opening is not None
    live = await confirmed(pair.student, opening, at=due)
    (error,) = (await attest(pair, id, due))["userErrors"]
    assert (error["code"], error["rule"]) == ("CONFLICT", "AP-2")
    await attested(live)
    (error,) = (await attest(pair, id, live.ends_at))["userErrors"]
    assert (error["code"], error["rule"]) == ("CONFLICT", "AP-2")
    assert (await seen(pair, id, live.ends_at))["appointment"]["status"] == "LAPSED"


async def test_a_credit_that_comes_back_after_its_grants_end_expires(pair: Pair) -> None:
    poor = await student_of(pair.school)
    await granted(poor, 1, expires_at=pair.openings[0].starts_at + A_SECOND)
    session = await confirmed(poor, pair.openings[0])
    await worker.lapse_sessions(session.attest_by)
    await worker.expire_credits(session.attest_by)
    wallet = await Wallet.get(id=poor.id)
    assert (wallet.available, wallet.held, wallet.expired) == (0, 0, 1)


async def test_attestations_and_workers_at_the_deadline_end_each_session_once(committed: Settings) -> None:
    pair = await pair_of()
    sessions = [await confirmed(await student_of(pair.school, credits=1), one) for one in pair.openings[:4]]
    sessions = [session for session in sessions if session.attest_by == sessions[0].attest_by]
    due = sessions[0].attest_by
    await asyncio.gather(
        worker.lapse_sessions(due),
        worker.lapse_sessions(due),
        *(attest(pair, session.type_id, due - A_SECOND) for session in sessions),
        *(attest(pair, session.type_id, due) for session in sessions),
    )
    for session in sessions:
        (claim,) = await Claim.filter(appointment_id=session.id)
        row = await Appointment.get(id=session.id)
        kinds = [transfer.kind.value for transfer in await Transfer.filter(appointment_id=session.id).order_by("id")]
        lapsed = await Event.filter(appointment_id=session.id, verb="appointment.lapsed").count()
        assert row.status is AppointmentStatus.COMPLETED
        assert (kinds, claim.status.value, lapsed) in [
            (["HOLD", "SETTLE"], "ACCEPTED", 0),
            (["HOLD", "RELEASE"], "DENIED", 1),
        ]
    assert await wallets_that_disagree() == []
    assert await grants_that_disagree() == []


async def test_an_attestation_whose_clock_was_read_before_the_worker_came_is_late_too(pair: Pair) -> None:
    session = await confirmed(pair.student, pair.openings[0])
    await worker.lapse_sessions(session.attest_by)
    answer = await attest(pair, session.type_id, session.attest_by - A_SECOND)
    assert (answer["userErrors"], answer["claim"]["status"]) == ([], "DENIED")


async def test_a_session_that_cannot_lapse_does_not_keep_the_others_waiting(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await confirmed(pair.student, pair.openings[0])
    second = await confirmed(await student_of(pair.school, credits=1), pair.openings[1])
    whole = Appointment.lapse

    async def broken(self: Appointment, *, at: datetime) -> None:
        if self.id == first.id:
            raise RuntimeError
        await whole(self, at=at)

    monkeypatch.setattr(Appointment, "lapse", broken)
    await worker.lapse_sessions(second.attest_by)
    assert (await Appointment.get(id=first.id)).status is AppointmentStatus.CONFIRMED
    assert (await Appointment.get(id=second.id)).status is AppointmentStatus.LAPSED


async def test_a_request_does_not_lapse(pair: Pair) -> None:
    session = await requested(pair.student, pair.openings[0])
    async with transaction():
        with pytest.raises(Exception, match="has not lapsed"):
            await session.lapse(at=session.attest_by)
