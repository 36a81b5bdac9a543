"""Booking: may this student request this opening, every reason against it at once, and the request itself.

The facts are read in one statement, the rules are a pure function of them (so that `bookingPreflight` and the
request itself can never disagree, AP-9), and the request is written in one statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from models.appointments.appointments import (
    ANSWER_WITHIN,
    MINUTES,
    ONE,
    ONESELF,
    TAKEN,
    Appointment,
    AppointmentStatus,
    VisitType,
    attestation_deadline,
)
from models.availability.openings import OFFERED, bookable_from, bookable_until, overlaps
from models.base.access import Viewer
from models.base.errors import CONSTRAINTS, Code, Refusal, not_found, refuse_if_any
from models.base.events import happened
from models.base.statements import fetch_one, write
from models.credits.ledger import TransferKind, lock_wallet, moved
from models.directory.licenses import COVERED
from models.directory.providers import Service
from models.rates.rates import RATE_OF

# What a request depends on, over a row of `openings` and one of `providers`; the slots are what is asked for.

STUDENT_BUSY = f"""
EXISTS (SELECT 1 FROM appointments own WHERE own.person_id = {{person}}
           AND {overlaps("own")})
"""
CURRENT_CLIENT = """
EXISTS (SELECT 1 FROM appointments met WHERE met.person_id = {person}
           AND met.provider_id = providers.id AND met.confirmed_at IS NOT NULL)
"""
INTAKE_LIVE = """
EXISTS (SELECT 1 FROM appointments live WHERE live.person_id = {person}
           AND live.provider_id = providers.id AND live.visit_type = 'INTAKE'
           AND live.status IN ('REQUESTED', 'CONFIRMED'))
"""
VISIT_TYPE = """
CASE WHEN EXISTS (SELECT 1 FROM appointments done WHERE done.person_id = {person}
                     AND done.provider_id = providers.id AND done.visit_type = 'INTAKE'
                     AND done.status = 'COMPLETED')
     THEN 'FOLLOW_UP' ELSE 'INTAKE' END
"""
LICENSED = """
SELECT licenses.id, licenses.license_class FROM licenses
 WHERE licenses.provider_id = providers.id AND licenses.state = {state} AND licenses.verified_at IS NOT NULL
   AND licenses.expires_on >= (openings.starts_at AT TIME ZONE providers.time_zone)::date
   AND licenses.license_class = ANY ({classes})
 ORDER BY licenses.expires_on DESC LIMIT 1
"""
USABLE = """
SELECT grants.id FROM grants
 WHERE grants.wallet_id = {student} AND grants.unused > 0
   AND (grants.expires_at IS NULL OR grants.expires_at > openings.starts_at)
 ORDER BY grants.expires_at NULLS LAST, grants.id LIMIT 1
"""

FACTS = f"""
SELECT openings.provider_id, openings.starts_at, students.id AS student_id, students.school_id,
       providers.accepting_new_clients, providers.searchable, providers.services, providers.missed_appointment_policy,
       providers.time_zone,
       licensed.id AS license_id, wallets.available, usable.id AS grant_id, paid.amount_cents,
       NOT {OFFERED} AS taken,
       {STUDENT_BUSY.format(person="students.person_id")} AS student_busy,
       {CURRENT_CLIENT.format(person="students.person_id")} AS is_current_client,
       {INTAKE_LIVE.format(person="students.person_id")} AS intake_live,
       students.person_id = providers.person_id AS is_oneself,
       pair.visit_type
  FROM openings
  JOIN providers ON providers.id = openings.provider_id
  JOIN students ON students.id = $2
  JOIN wallets ON wallets.id = students.id
 CROSS JOIN LATERAL (SELECT {VISIT_TYPE.format(person="students.person_id")} AS visit_type) pair
  LEFT JOIN LATERAL ({LICENSED.format(state="$3", classes="$5::text[]")}) licensed ON true
  LEFT JOIN LATERAL ({USABLE.format(student="wallets.id")}) usable ON true
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


@dataclass(frozen=True, kw_only=True, slots=True)
class BookingFacts:
    """All that the rules of a request depend on, as it was when it was read."""

    student_id: UUID
    school_id: UUID
    provider_id: UUID
    starts_at: datetime
    service: Service
    state: str
    services: list[str]
    searchable: bool
    accepting_new_clients: bool
    is_current_client: bool
    is_oneself: bool
    missed_appointment_policy: str
    time_zone: str
    license_id: UUID | None
    visit_type: VisitType
    intake_live: bool
    taken: bool
    student_busy: bool
    available: int
    grant_id: UUID | None
    amount_cents: int | None

    @property
    def ends_at(self) -> datetime:
        """When the session would end: 60 minutes for an intake, 50 for a follow-up."""
        return self.starts_at + timedelta(minutes=MINUTES[self.visit_type])


async def facts_of(*, student_id: UUID, opening_id: UUID, service: Service, state: str) -> BookingFacts:
    """Read the facts of one possible request. Raises NOT_FOUND when there is no such opening."""
    classes = sorted(COVERED[service])
    row = await fetch_one(FACTS, opening_id, student_id, state, service.value, classes)
    if row is None:
        raise not_found("opening", path=["openingId"])
    known: dict[str, Any] = dict(row)
    known["visit_type"] = VisitType(row.visit_type)
    return BookingFacts(service=service, state=state, **known)


def request_refusals(facts: BookingFacts, *, accepts_policy: bool, at: datetime) -> list[Refusal]:
    """Every rule that would refuse this request now, at once, in the order in which a person would mend them."""
    return [
        *provider_refusals(facts),
        *time_refusals(facts, at),
        *pair_refusals(facts),
        *credit_refusals(facts),
        *policy_refusals(facts, accepts_policy),
    ]


def provider_refusals(facts: BookingFacts) -> list[Refusal]:
    """What speaks against the provider (AP-1, PR-5, ID-9)."""
    found = [ONESELF] if facts.is_oneself else []
    if not facts.searchable:
        found.append(
            not_eligible(
                "AP-1",
                "This provider does not take Flexible Credits now.",
                ["openingId"],
                "Search for another provider.",
            )
        )
    if facts.service.value not in facts.services:
        found.append(
            not_eligible("AP-1", "This provider does not offer this service.", ["service"], "Search by service.")
        )
    if facts.license_id is None:
        found.append(
            not_eligible(
                "AP-1",
                f"On that day the provider has no verified license in {facts.state} that covers this service.",
                ["state"],
                "Search for providers in the state where you will be on that day.",
            )
        )
    elif facts.amount_cents is None:
        found.append(
            not_eligible(
                "CL-5",
                "There is no agreed rate for this session.",
                ["openingId"],
                "Choose another provider, or tell support.",
            )
        )
    if not facts.accepting_new_clients and not facts.is_current_client:
        found.append(
            not_eligible(
                "PR-5", "This provider takes no new clients now.", ["openingId"], "Search for another provider."
            )
        )
    return found


def not_eligible(rule: str, message: str, path: list[str], fix: str) -> Refusal:
    """A refusal that lies in who or what was chosen."""
    return Refusal(Code.NOT_ELIGIBLE, message, rule=rule, path=path, fix=fix)


def time_refusals(facts: BookingFacts, at: datetime) -> list[Refusal]:
    """What speaks against the time (AV-2, AV-4, AP-4)."""
    found = []
    if facts.starts_at < bookable_from(at):
        found.append(
            Refusal(
                Code.TOO_LATE,
                "This time is too soon to be requested.",
                rule="AV-2",
                path=["openingId"],
                fix="Choose a later opening.",
            )
        )
    if facts.starts_at > bookable_until(at):
        found.append(
            Refusal(
                Code.TOO_EARLY,
                "This time is too far ahead.",
                rule="AV-2",
                path=["openingId"],
                fix="Choose an earlier opening.",
            )
        )
    if facts.taken:
        found.append(TAKEN)
    if facts.student_busy:
        found.append(
            Refusal(
                Code.CONFLICT,
                "You have another appointment at this time.",
                rule="AP-4",
                path=["openingId"],
                fix="Choose another opening.",
            )
        )
    return found


def pair_refusals(facts: BookingFacts) -> list[Refusal]:
    """Until the intake is completed the pair has at most one live appointment (AP-2)."""
    if not facts.intake_live:
        return []
    return [
        Refusal(
            Code.CONFLICT,
            "Until the intake with this provider is completed you can have one live appointment with them.",
            rule="AP-2",
            path=["openingId"],
            fix="Wait for the intake, or cancel it first.",
        )
    ]


def credit_refusals(facts: BookingFacts) -> list[Refusal]:
    """A request holds one credit (CR-4), of a grant that lasts until the session (CR-3)."""
    if facts.grant_id is not None:
        return []
    if facts.available > 0:
        return [
            Refusal(
                Code.NO_CREDITS,
                "Your credits expire before this session.",
                rule="CR-3",
                path=["openingId"],
                fix="Choose an earlier opening.",
            )
        ]
    return [
        Refusal(
            Code.NO_CREDITS,
            "You have no credit left.",
            rule="CR-4",
            path=["openingId"],
            fix="Ask your school for more credits.",
        )
    ]


def policy_refusals(facts: BookingFacts, accepts_policy: bool) -> list[Refusal]:
    """The provider's missed-appointment policy is accepted with the request (AP-5)."""
    if accepts_policy or not facts.missed_appointment_policy:
        return []
    return [
        Refusal(
            Code.INVALID,
            "The provider's missed-appointment policy must be accepted.",
            rule="AP-5",
            path=["acceptsMissedAppointmentPolicy"],
            fix="Show the policy, and send true once it is accepted.",
        )
    ]


async def request(
    *, student_id: UUID, opening_id: UUID, service: Service, state: str, accepts_policy: bool, by: Viewer, at: datetime
) -> Appointment:
    """The student requests a session: the time is taken and one credit held, until the answer (CR-4, AP-1 to AP-4)."""
    await lock_wallet(student_id)
    facts = await facts_of(student_id=student_id, opening_id=opening_id, service=service, state=state)
    refuse_if_any(request_refusals(facts, accepts_policy=accepts_policy, at=at))
    appointment = requested(facts, at)
    await write(appointment, held(facts, appointment, at), happened("appointment.requested", appointment, by=by, at=at))
    return appointment


def requested(facts: BookingFacts, at: datetime) -> Appointment:
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


def held(facts: BookingFacts, appointment: Appointment, at: datetime) -> Any:
    """The transfer that holds the credit, of the grant that expires first (CR-3)."""
    used = GrantUsed(facts.grant_id, facts.student_id, facts.student_id, facts.school_id)
    return moved(TransferKind.HOLD, used, ONE, at=at, appointment_id=appointment.id)


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
