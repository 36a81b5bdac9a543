"""The rules of a request, as calculations: facts in, refusals out, no database (AP-9).

A reason lies in the opening, and hides it from those for whom it holds; or in the viewer, and is told beside the list
of openings (AV-4); or in the request, which has to accept the provider's policy (AP-5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from models.appointments.appointments import MINUTES, ONESELF, TAKEN
from models.availability.openings import bookable_from, bookable_until
from models.base.errors import Code, Refusal
from models.directory.providers import Service
from models.rates.rates import VisitType


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a student stands with a provider, whatever the opening."""

    accepting_new_clients: bool
    is_current_client: bool
    intake_live: bool
    is_oneself: bool
    available: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BookingFacts(Standing):
    """All that the rules of a request depend on, as it was when it was read."""

    student_id: UUID
    school_id: UUID
    provider_id: UUID
    starts_at: datetime
    service: Service
    state: str
    services: list[str]
    searchable: bool
    missed_appointment_policy: str
    time_zone: str
    license_id: UUID | None
    visit_type: VisitType
    taken: bool
    student_busy: bool
    grant_id: UUID | None
    amount_cents: int | None

    @property
    def ends_at(self) -> datetime:
        """When the session would end: 60 minutes for an intake, 50 for a follow-up."""
        return self.starts_at + timedelta(minutes=MINUTES[self.visit_type])


def request_refusals(facts: BookingFacts, *, accepts_policy: bool, at: datetime) -> list[Refusal]:
    """Every rule that would refuse this request now, at once."""
    return [
        *opening_refusals(facts, at),
        *viewer_refusals(facts),
        *policy_refusals(facts, accepts_policy),
    ]


def opening_refusals(facts: BookingFacts, at: datetime) -> list[Refusal]:
    """What lies in the opening; one of which this is true is not offered (AV-4)."""
    return [*provider_refusals(facts), *time_refusals(facts, at), *expiry_refusals(facts)]


def viewer_refusals(standing: Standing) -> list[Refusal]:
    """What lies in the viewer, and is told beside the openings of a provider (AV-4)."""
    oneself = [ONESELF] if standing.is_oneself else []
    return [*oneself, *new_client_refusals(standing), *pair_refusals(standing), *credit_refusals(standing)]


def provider_refusals(facts: BookingFacts) -> list[Refusal]:
    """What speaks against the provider (AP-1, CL-5)."""
    found = []
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
                "This opening starts too soon to be requested.",
                rule="AV-2",
                path=["openingId"],
                fix="Choose a later opening.",
            )
        )
    if facts.starts_at >= bookable_until(at):
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


def expiry_refusals(facts: BookingFacts) -> list[Refusal]:
    """The credits that there are last until the session (CR-3)."""
    if facts.available == 0 or facts.grant_id is not None:
        return []
    return [
        Refusal(
            Code.NO_CREDITS,
            "Your credits expire before this session.",
            rule="CR-3",
            path=["openingId"],
            fix="Choose an earlier opening.",
        )
    ]


def new_client_refusals(standing: Standing) -> list[Refusal]:
    """Current clients go on with a provider who takes no new ones (PR-5)."""
    if standing.accepting_new_clients or standing.is_current_client:
        return []
    return [
        not_eligible("PR-5", "This provider takes no new clients now.", ["openingId"], "Search for another provider.")
    ]


def pair_refusals(standing: Standing) -> list[Refusal]:
    """Until the intake is completed the pair has at most one live appointment (AP-2)."""
    if not standing.intake_live:
        return []
    return [
        Refusal(
            Code.CONFLICT,
            "You can have only one live appointment with this provider until the intake is completed.",
            rule="AP-2",
            path=["openingId"],
            fix="Wait for the intake, or cancel it first.",
        )
    ]


def credit_refusals(standing: Standing) -> list[Refusal]:
    """A request holds one credit (CR-4)."""
    if standing.available > 0:
        return []
    return [
        Refusal(
            Code.NO_CREDITS,
            "You have no credit left.",
            rule="CR-4",
            path=["openingId"],
            fix="Ask your school for more credits by requestCredits.",
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
