"""Claims as clients see them."""

from datetime import datetime

from execution import Computed
from models.base.access import Role
from models.base.scopes import Scope
from models.base.text import PresentingConcern
from models.claims import claims as models
from models.claims.claims import ClaimStatus
from models.rates.rates import VisitType
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.claims import claims as resolvers
from resolvers.directory.providers import PROVIDER
from resolvers.schools.schools import SCHOOL
from resolvers.schools.students import STUDENT
from schema.appointments.appointments import Appointment
from schema.base.shape import Connection, Money, Node, computed, extends, money, payload, shown, shows, value
from schema.directory.providers import Provider
from schema.schools.schools import School
from schema.schools.students import Student

CLINICAL = [Role.PROVIDER, Role.OPS]
PAID = [Role.PROVIDER, Role.OPS, Role.FINANCE, Role.SCHOOL, Role.PARTNER]


@value
class ClaimReason:
    """A reason for the decision on a claim (CL-6)."""

    group: str = computed(lambda reason: reason["group"], "Claim adjustment group code (CAGC).", needs=())
    carc: str = computed(lambda reason: reason["carc"], "Claim adjustment reason code (CARC).", needs=())
    text: str = computed(lambda reason: reason["text"], "Reason in plain words.", needs=())
    next_step: str = computed(lambda reason: reason["next_step"], "What the provider can do next.", needs=())


@shows(models.Claim)
class Claim(Node):
    """A request for reimbursement of a completed session, and the decision on it."""

    status: ClaimStatus = shown("Decision.")
    visit_type: VisitType = shown("Intake or follow-up, which determines the rate (CL-3).")
    amount: Money | None = money("amount_cents", "Amount reimbursed.", allow=PAID)
    presenting_concern: PresentingConcern | None = relation(
        Computed(lambda row: row.presenting_concern, needs=("presenting_concern",)),
        "Presenting concern; visible only to the provider and OPS (CL-9).",
        allow=CLINICAL,
    )
    reasons: list[ClaimReason] = computed(
        lambda row: models.reasons_of(row.reasons),
        "Reasons for the decision; empty if accepted as submitted.",
        needs=("reasons",),
    )
    submitted_at: datetime = shown("When the provider attested the session and submitted the claim.")
    adjudicated_at: datetime = shown("When it was adjudicated.")
    session_starts_at: datetime | None = relation(resolvers.SESSION_STARTS_AT, "Start of the session claimed.")
    appointment: Appointment | None = relation(resolvers.APPOINTMENT, "Appointment claimed, if you may see it.")
    provider: Provider | None = relation(PROVIDER, "Provider who held the session and is reimbursed.")
    school: School | None = relation(SCHOOL, "School that sponsored the session, if you may see it.")
    student: Student | None = relation(STUDENT, "Student of the session, if you may see them.")


@extends(Appointment)
class AppointmentClaim:
    """What claims add to Appointment."""

    claim: Claim | None = relation(resolvers.CLAIM, "Claim for the session, once attested.")


class Query:
    """What claims add to Query."""

    claim: Claim | None = query(resolvers.one, allow=[Role.STUDENT, *PAID], scope=Scope.CLAIMS_READ)
    claims: Connection[Claim] | None = query(resolvers.many, allow=PAID, scope=Scope.CLAIMS_READ)


class Mutation:
    """What claims add to Mutation."""

    attest_session = mutation(
        resolvers.attest,
        answers=payload("AttestSession", {"claim": (Claim, "The claim and its decision; null if refused.")}),
        allow=[Role.PROVIDER],
    )
