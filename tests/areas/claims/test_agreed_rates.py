"""Confirming fixes rate and payee (CL-5); a claim's versions are as old as the first (CL-7). The books, in SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest_asyncio

from models.appointments.appointments import Appointment
from models.base.ids import new_id
from models.base.statements import execute, fetch_one, write
from models.claims.claims import Claim, ClaimStatus
from models.directory.licenses import LicenseClass
from models.directory.providers import DegreeLevel, Service
from models.payouts.payables import Payee
from models.rates.rates import Rate
from settings import Settings
from tests.support.databases import undone
from tests.support.world import Pair, attested, confirmed, pair_of, requested, student_of


@pytest_asyncio.fixture(loop_scope="session")
async def pair(database: Settings) -> AsyncIterator[Pair]:
    """A student and a provider; whatever happens, all that waits for the commit holds, and nothing of it stays."""
    async with undone():
        yield await pair_of()
        await execute("SET CONSTRAINTS ALL IMMEDIATE")


async def dearer(pair: Pair) -> Rate:
    """A rate of the session's own day that is announced when the session is agreed already."""
    rate = Rate(
        visit_type="INTAKE", service=Service.THERAPY, degree_level=DegreeLevel.MASTERS,
        license_class=LicenseClass.CLINICAL_SOCIAL_WORKER, state="MA", amount_cents=99_900,
        effective_from=pair.openings[0].starts_at.date(),
    )  # fmt: skip
    await write(rate)
    return rate


async def test_a_request_has_neither_and_its_confirmation_fixes_rate_and_payee(pair: Pair) -> None:
    asked = await requested(pair.student, pair.openings[1])
    row = await Appointment.get(id=asked.id)
    assert (row.rate_id, row.payee_id, row.expected_cents) == (None, None, 12_500)
    session = await confirmed(await student_of(pair.school, credits=1), pair.openings[0])
    row = await Appointment.get(id=session.id)
    assert row.rate_id is not None
    assert (await Rate.get(id=row.rate_id)).amount_cents == row.expected_cents == 12_500
    payee = await Payee.get(id=row.payee_id)
    person = await fetch_one("SELECT person_id FROM providers WHERE id = $1", pair.provider.id)
    assert (payee.person_id, payee.practice_id) == (person.person_id, None)


async def test_all_sessions_of_a_provider_have_one_payee(pair: Pair) -> None:
    sessions = [await confirmed(await student_of(pair.school, credits=1), one) for one in pair.openings[:2]]
    rows = [await Appointment.get(id=session.id) for session in sessions]
    assert rows[0].payee_id == rows[1].payee_id is not None


async def test_a_session_is_paid_as_it_was_agreed_whatever_is_announced_since(pair: Pair) -> None:
    session = await confirmed(pair.student, pair.openings[0])
    await dearer(pair)
    claim = await attested(session)
    assert (claim.status, claim.amount_cents) == (ClaimStatus.ACCEPTED, 12_500)
    assert claim.rate_id == (await Appointment.get(id=session.id)).rate_id


async def test_a_provider_who_is_linked_to_a_person_takes_the_payee_along(pair: Pair) -> None:
    session = await confirmed(pair.student, pair.openings[0])
    person = new_id()
    await execute("INSERT INTO persons (id, created_at) VALUES ($1, now())", person)
    await execute("UPDATE providers SET person_id = $1 WHERE id = $2", person, pair.provider.id)
    payee = await Payee.get(id=(await Appointment.get(id=session.id)).payee_id)
    assert payee.person_id == person


async def test_a_corrected_claim_is_as_old_as_its_first_version(pair: Pair) -> None:
    session = await confirmed(pair.student, pair.openings[0])
    first = await attested(session)
    await execute("SET CONSTRAINTS ALL IMMEDIATE")
    await execute("SET CONSTRAINTS ALL DEFERRED")
    await execute("UPDATE claims SET status = 'REPLACED' WHERE id = $1", first.id)
    later = session.attest_by + timedelta(days=9)
    await execute(
        "INSERT INTO claims SELECT (jsonb_populate_record(c, jsonb_build_object('id', $2::uuid, 'version', 2,"
        " 'predecessor_id', c.id, 'status', 'ACCEPTED', 'submitted_at', $3::timestamptz))).* FROM claims c"
        " WHERE c.id = $1",
        first.id, new_id(), later,
    )  # fmt: skip
    second = await Claim.get(appointment_id=session.id, version=2)
    assert (second.submitted_at, second.filed_at) == (later, first.submitted_at)
