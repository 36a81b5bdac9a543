"""Claims as clients see them."""

from datetime import datetime

from execution import Computed
from models.base.access import Role
from models.claims import claims as models
from models.claims.claims import ClaimStatus, PresentingConcern
from models.rates.rates import VisitType
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.claims import claims as resolvers
from schema.appointments.appointments import Appointment
from schema.base.shape import Connection, Money, Node, computed, extends, money, payload, shown, shows, value

CLINICAL = [Role.PROVIDER, Role.OPS]
PAID = [Role.PROVIDER, Role.OPS, Role.FINANCE, Role.SCHOOL, Role.PARTNER]


@value
class ClaimReason:
    """Why a claim was decided as it was (CL-6)."""

    group: str = computed(lambda reason: reason["group"], "The claim adjustment group code.", needs=())
    carc: str = computed(lambda reason: reason["carc"], "The claim adjustment reason code.", needs=())
    text: str = computed(lambda reason: reason["text"], "The reason in plain words.", needs=())
    next_step: str = computed(lambda reason: reason["next_step"], "What to do next.", needs=())


@shows(models.Claim)
class Claim(Node):
    """A request for reimbursement of one completed session, with its decision."""

    status: ClaimStatus = shown("The decision.")
    visit_type: VisitType = shown("Intake or follow-up; the rate depends on it (CL-3).")
    amount: Money | None = money("amount_cents", "What is reimbursed.", allow=PAID)
    presenting_concern: PresentingConcern | None = relation(
        Computed(lambda row: row.presenting_concern, needs=("presenting_concern",)),
        "What the session was about; for the provider and OPS alone (CL-9).",
        allow=CLINICAL,
    )
    reasons: list[ClaimReason] = computed(
        lambda row: models.reasons_of(row.reasons),
        "Why it was decided so; empty if it was accepted as it was sent.",
        needs=("reasons",),
    )
    submitted_at: datetime = shown("When the provider attested and submitted it.")
    adjudicated_at: datetime = shown("When it was decided.")
    appointment: Appointment | None = relation(resolvers.APPOINTMENT, "The session.")


@extends(Appointment)
class AppointmentClaim:
    """What claims add to Appointment."""

    claim: Claim | None = relation(resolvers.CLAIM, "The claim for it, once it was attested.")


class Query:
    """What claims add to Query."""

    claim: Claim | None = query(resolvers.one, allow=[Role.STUDENT, *PAID])
    claims: Connection[Claim] | None = query(resolvers.many, allow=PAID)


class Mutation:
    """What claims add to Mutation."""

    attest_session = mutation(
        resolvers.attest,
        answers=payload("AttestSession", {"claim": (Claim, "The claim with its decision; null if refused.")}),
        allow=[Role.PROVIDER],
    )
