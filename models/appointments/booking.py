"""Booking: the facts of a possible request, read in one statement, and the request itself, written in one.

The rules are a function of the facts, so that `bookingPreflight` and the request can never disagree (AP-9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from models.appointments.appointments import (
    ANSWER_WITHIN,
    ONE,
    Appointment,
    AppointmentStatus,
    attestation_deadline,
)
from models.appointments.bookable import (
    IS_TAKEN,
    credits_of,
    has_live_intake,
    is_busy,
    is_current_client,
    visit_type,
)
from models.appointments.rules import BookingFacts, Standing, not_eligible, request_refusals
from models.base.access import Viewer
from models.base.errors import CONSTRAINTS, Code, Refusal, not_found, refuse_if_any
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.statements import fetch, fetch_one, write
from models.credits.ledger import TransferKind, lock_wallet, new_transfer
from models.directory.licenses import licenses_covering
from models.directory.providers import Service
from models.rates.rates import RATE_OF, VisitType

USABLE = """
SELECT grants.id FROM grants
 WHERE grants.wallet_id = students.id AND grants.unused > 0
   AND (grants.expires_at IS NULL OR grants.expires_at > openings.starts_at)
 ORDER BY grants.expires_at NULLS LAST, grants.id LIMIT 1
"""
"""The grant that expires first of those that last until the session (CR-3)."""

STANDING = f"""
providers.accepting_new_clients, credits.available,
{is_current_client("students.person_id")} AS is_current_client, {has_live_intake("students.person_id")} AS intake_live,
students.person_id = providers.person_id AS is_oneself
"""

FACTS = f"""
SELECT openings.provider_id, openings.starts_at, students.id AS student_id, students.school_id,
       providers.searchable, providers.services, providers.missed_appointment_policy, providers.time_zone,
       licensed.id AS license_id, usable.id AS grant_id, paid.amount_cents, pair.visit_type,
       {IS_TAKEN} AS taken, {is_busy("students.person_id")} AS student_busy,
       {STANDING}
  FROM openings
  JOIN providers ON providers.id = openings.provider_id
  JOIN students ON students.id = $2
 CROSS JOIN LATERAL ({credits_of("students.id", at="$5")}) credits
 CROSS JOIN LATERAL (SELECT {visit_type("students.person_id")} AS visit_type) pair
  LEFT JOIN LATERAL ({licenses_covering(state="$3", service="$4")}) licensed ON openings.starts_at < licensed.until
  LEFT JOIN LATERAL ({USABLE}) usable ON true
  LEFT JOIN LATERAL ({
    RATE_OF.format(
        visit_type="pair.visit_type",
        service="$4",
        degree_level="providers.degree_level",
        license_class="licensed.license_class",
        state="$3",
        day="(openings.starts_at AT TIME ZONE providers.time_zone)::date",
    )
}) paid ON true
 WHERE openings.id = $1
"""

STANDINGS = f"""
SELECT providers.id, {STANDING}
  FROM providers
  JOIN students ON students.id = $2
 CROSS JOIN LATERAL ({credits_of("students.id", at="$3")}) credits
 WHERE providers.id = ANY ($1)
"""


async def booking_facts(
    *, student_id: UUID, opening_id: UUID, service: Service, state: str, at: datetime
) -> BookingFacts:
    """Read the facts of one possible request. Raises NOT_FOUND when there is no such opening."""
    row = await fetch_one(FACTS, opening_id, student_id, state, service.value, at)
    if row is None:
        raise not_found("opening", path=["openingId"])
    known: dict[str, Any] = dict(row)
    known["visit_type"] = VisitType(row.visit_type)
    return BookingFacts(service=service, state=state, **known)


async def standings(provider_ids: Sequence[UUID], *, student_id: UUID, at: datetime) -> dict[UUID, Standing]:
    """How a student stands with each of these providers."""
    return {
        row.id: Standing(
            accepting_new_clients=row.accepting_new_clients,
            is_current_client=row.is_current_client,
            intake_live=row.intake_live,
            is_oneself=row.is_oneself,
            available=row.available,
        )
        for row in await fetch(STANDINGS, provider_ids, student_id, at)
    }


async def request(
    *, student_id: UUID, opening_id: UUID, service: Service, state: str, accepts_policy: bool, by: Viewer, at: datetime
) -> Appointment:
    """The student requests a session: the time is taken and one credit held, until the answer (CR-4, AP-1 to AP-4)."""
    await lock_wallet(student_id)
    facts = await booking_facts(student_id=student_id, opening_id=opening_id, service=service, state=state, at=at)
    refuse_if_any(request_refusals(facts, accepts_policy=accepts_policy, at=at))
    appointment = new_appointment(facts, at)
    await write(
        appointment,
        hold_credit(facts, appointment, at),
        new_event(EventVerb.APPOINTMENT_REQUESTED, appointment, by=by, at=at),
    )
    return appointment


def new_appointment(facts: BookingFacts, at: datetime) -> Appointment:
    """The new appointment; the provider answers within 72 hours, or by its start (AP-3)."""
    if facts.license_id is None:
        raise AssertionError("a request without a license is refused before this")
    return Appointment(
        student_id=facts.student_id,
        provider_id=facts.provider_id,
        school_id=facts.school_id,
        license_id=facts.license_id,
        status=AppointmentStatus.REQUESTED,
        visit_type=facts.visit_type,
        service=facts.service,
        state=facts.state,
        starts_at=facts.starts_at,
        ends_at=facts.ends_at,
        requested_at=at,
        confirm_by=min(at + ANSWER_WITHIN, facts.starts_at),
        attest_by=attestation_deadline(facts.starts_at, ZoneInfo(facts.time_zone)),
        expected_cents=facts.amount_cents,
        missed_appointment_policy=facts.missed_appointment_policy,
    )


@dataclass(frozen=True, slots=True)
class GrantUsed:
    """The grant of which the credit is held, as a transfer names it."""

    id: UUID | None
    wallet_id: UUID
    student_id: UUID
    school_id: UUID


def hold_credit(facts: BookingFacts, appointment: Appointment, at: datetime) -> Any:
    """The transfer that holds the credit, of the grant that expires first (CR-3)."""
    used = GrantUsed(facts.grant_id, facts.student_id, facts.student_id, facts.school_id)
    return new_transfer(TransferKind.HOLD, used, ONE, at=at, appointment_id=appointment.id)


CONSTRAINTS["appointments_in_opening"] = Refusal(
    Code.SLOT_TAKEN,
    "This time is no longer offered.",
    rule="AP-1",
    path=["openingId"],
    fix="Choose another opening.",
)
CONSTRAINTS["appointments_licensed"] = not_eligible(
    "AP-1", "This provider may not take this session any more.", ["openingId"], "Search for another provider."
)
CONSTRAINTS["appointments_intake_first"] = not_eligible(
    "AP-2", "The first session with a provider is an intake.", ["openingId"], "Request it again."
)
