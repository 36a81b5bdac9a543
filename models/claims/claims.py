"""Claims: the provider's attestation that a session occurred, and what is reimbursed for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

import orjson
from tortoise import fields

from models.appointments.appointments import (
    ATTEST_LATE_WITHIN,
    ATTEST_WITHIN_DAYS,
    Appointment,
    AppointmentStatus,
    not_open,
)
from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.errors import CONSTRAINTS, Code, Refusal, refuse_if_any
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.exports import in_record
from models.base.personal import Kept
from models.base.scopes import Needed, Scope
from models.base.statements import Update, fetch_one, write
from models.base.text import PresentingConcern
from models.base.words import Words
from models.credits.ledger import GrantNamed, TransferKind
from models.rates.rates import RATE_OF
from models.tasks.kinds import TaskKind, TaskName, waits_for
from models.vocabularies.terms import CODE_LENGTH_MAX, TermKind, unknown_term


class ClaimStatus(Words):
    """Decision on a claim."""

    ACCEPTED = "ACCEPTED", "Accepted for reimbursement; the credit is settled."
    DENIED = "DENIED", "Not reimbursed, for the reasons given; the credit is released."
    VOID = "VOID", "Voided; another claim may replace it."
    REPLACED = "REPLACED", "Corrected or decided again; a later version stands in its place."


DECIDED_BY = {ClaimStatus.ACCEPTED: EventVerb.CLAIM_ACCEPTED, ClaimStatus.DENIED: EventVerb.CLAIM_DENIED}
"""The event of each decision."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why a claim was decided as it was: adjustment group, CARC, plain words, and what to do next (CL-6)."""

    group: str
    carc: str
    text: str
    next_step: str

    def stored(self) -> dict[str, str]:
        """The reason as it is kept on the claim."""
        return {"group": self.group, "carc": self.carc, "text": self.text, "next_step": self.next_step}


FILED_LATE = Reason(
    group="CO",
    carc="29",
    text=f"The session was attested more than {ATTEST_WITHIN_DAYS} days after its date.",
    next_step="Tell the program's staff why it was late. Claims cannot be reviewed here yet.",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Adjudication:
    """The decision on an attested session: status, amount in cents, and reasons."""

    status: ClaimStatus
    amount_cents: int
    reasons: tuple[Reason, ...]


class Claim(Entity):
    """A request for reimbursement of a completed session, and the decision on it."""

    PREFIX: ClassVar[str] = "clm"
    SCOPE: ClassVar[Needed] = Scope.CLAIMS_READ
    REACH: ClassVar[Reach] = {
        Role.OPS: EVERYTHING,
        Role.FINANCE: EVERYTHING,
        Role.PROVIDER: "claims.provider_id = {provider}",
        Role.STUDENT: "claims.student_id = {student}",
        Role.SCHOOL: "claims.school_id = {school}",
        Role.PARTNER: "claims.school_id = {school}",
    }
    RECORD_OF: ClassVar[str | None] = "student_id"
    MADE_BY_DATABASE: ClassVar[frozenset[str]] = frozenset({"person_id", "legacy_duplicate", "filed_at"})

    appointment: fields.ForeignKeyRelation[Appointment] = fields.ForeignKeyField(
        "models.Appointment", related_name="claims", on_delete=fields.RESTRICT, db_index=True
    )
    appointment_id: UUID
    student_id = fields.UUIDField()
    person_id = fields.UUIDField()
    provider_id = fields.UUIDField()
    school_id = fields.UUIDField()
    legacy_duplicate = fields.BooleanField(default=False)
    visit_type = fields.CharField(max_length=10)
    status = fields.CharEnumField(ClaimStatus, max_length=10)
    presenting_concern = fields.CharField(max_length=CODE_LENGTH_MAX)
    amount_cents = fields.BigIntField()
    rate_id = fields.UUIDField(null=True)
    reasons: Any = fields.JSONField(default=list)
    attested_by = fields.UUIDField()
    submitted_at = fields.DatetimeField()
    adjudicated_at = fields.DatetimeField()
    version = fields.IntField(default=1)
    predecessor_id = fields.UUIDField(null=True)
    filed_at = fields.DatetimeField()

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"visit_type", "presenting_concern", "reasons"})
    KEPT: ClassVar[Kept] = Kept(
        long="for good; seven years at the least",
        why="what was reimbursed and why; payers and tax offices ask",
    )

    class Meta:
        """Partial UNIQUE: one standing version an appointment, one accepted intake a pair (CL-3)."""

        table = "claims"


in_record(
    Claim,
    "appointment_id",
    "provider_id",
    "visit_type",
    "status",
    "reasons",
    "submitted_at",
    "adjudicated_at",
    where="claims.student_id = $1",
)


def adjudicate(*, rate_cents: int, deadline: datetime, at: datetime) -> Adjudication:
    """Decide an attested session: accepted at its rate, or denied when it was attested late (CL-4, CL-6)."""
    if at >= deadline:
        return Adjudication(status=ClaimStatus.DENIED, amount_cents=0, reasons=(FILED_LATE,))
    return Adjudication(status=ClaimStatus.ACCEPTED, amount_cents=rate_cents, reasons=())


NO_RATE = Refusal(
    Code.NOT_ELIGIBLE,
    "There is no agreed rate for this session.",
    rule="CL-5",
    path=["appointmentId"],
    fix="Contact support.",
)
UNKNOWN_CONCERN = unknown_term(TermKind.PRESENTING_CONCERN, ["presentingConcern"])

RATE_AND_HELD_GRANT = f"""
SELECT coalesce(agreed.rate_id, paid.id) AS rate_id,
       CASE WHEN agreed.rate_id IS NULL THEN paid.amount_cents ELSE agreed.expected_cents END AS amount_cents,
       hold.grant_id AS id, hold.wallet_id, hold.student_id, hold.school_id,
       EXISTS (SELECT 1 FROM terms WHERE terms.kind = 'PRESENTING_CONCERN' AND terms.code = $8
                  AND terms.retired_at IS NULL) AS concern_is_known
  FROM providers JOIN licenses ON licenses.id = $2
  JOIN appointments agreed ON agreed.id = $7
  JOIN transfers hold ON hold.appointment_id = $7 AND hold.kind = 'HOLD'
  LEFT JOIN LATERAL ({
    RATE_OF.format(
        visit_type="$3",
        service="$4",
        degree_level="providers.degree_level",
        license_class="licenses.license_class",
        state="$5",
        day="($6::timestamptz AT TIME ZONE providers.time_zone)::date",
    )
}) paid ON true
 WHERE providers.id = $1
"""


async def attest(appointment: Appointment, *, presenting_concern: PresentingConcern, by: Viewer, at: datetime) -> Claim:
    """The provider attests that the session occurred; the claim is decided at once (CL-1 to CL-6).

    The appointment, locked by the caller, is completed and its credit settled. After the deadline it has lapsed, or
    lapses now: its credit was released, the claim is denied, and no credit moves (AP-10).
    """
    may_be_attested(appointment, at)
    # One that lapsed is late, even if this request's clock was read just before the worker's.
    deadline = (
        min(appointment.attest_by, at) if appointment.status is AppointmentStatus.LAPSED else appointment.attest_by
    )
    late = at >= deadline
    if late and appointment.status is AppointmentStatus.CONFIRMED:
        await appointment.lapse(at=at)
    rate = await rate_and_held_grant(appointment, presenting_concern)
    decision = adjudicate(rate_cents=rate.amount_cents, deadline=deadline, at=at)
    claim = Claim(
        appointment_id=appointment.id,
        student_id=appointment.student_id,
        provider_id=appointment.provider_id,
        school_id=appointment.school_id,
        visit_type=appointment.visit_type.value,
        status=decision.status,
        presenting_concern=presenting_concern,
        amount_cents=decision.amount_cents,
        rate_id=rate.rate_id,
        reasons=[reason.stored() for reason in decision.reasons],
        attested_by=by.account_id,
        submitted_at=at,
        adjudicated_at=at,
    )
    credit = TransferKind.RELEASE if late else TransferKind.SETTLE
    await write(
        Update(appointment, status=AppointmentStatus.COMPLETED, ended_at=at),
        claim,
        *([] if late else [appointment.end_of_hold(credit, rate, at=at)]),
        new_event(EventVerb.APPOINTMENT_COMPLETED, appointment, by=by, at=at, credit=credit.value),
        new_event(DECIDED_BY[decision.status], claim, by=by, at=at),
    )
    return claim


waits_for(
    TaskKind(
        name=TaskName.ATTEST_SESSION,
        title="Attest a session",
        subject=Appointment,
        waits="appointments.ended_at IS NULL AND appointments.status = 'CONFIRMED' AND appointments.ends_at <= {at}",
        since="appointments.ends_at",
        due="appointments.attest_by",
        mutations=("attestSession", "markNoShow"),
        whose={Role.PROVIDER: "provider_id"},
    )
)


def may_be_attested(appointment: Appointment, at: datetime) -> None:
    """Only a session that was booked here, confirmed, and is over, is attested (CL-1, CL-2); 90 days late at most."""
    if appointment.status not in (AppointmentStatus.CONFIRMED, AppointmentStatus.LAPSED):
        raise not_open(appointment, "CL-2", "Only a confirmed session that took place can be attested, and only once.")
    if at < appointment.ends_at:
        raise Refusal(
            Code.TOO_EARLY,
            "A session can be attested only after its end.",
            rule="CL-1",
            path=["appointmentId"],
            fix="Come back once it is over.",
        )
    if at >= appointment.attest_by + ATTEST_LATE_WITHIN:
        raise Refusal(
            Code.TOO_LATE,
            "A session can be attested at most 90 days after its deadline.",
            rule="AP-10",
            path=["appointmentId"],
            fix="Contact support.",
        )


class RateAndGrant(GrantNamed, Protocol):
    """The rate of a session, and the grant of which its credit is held."""

    @property
    def rate_id(self) -> UUID:
        """The rate."""

    @property
    def amount_cents(self) -> int:
        """What it pays."""


async def rate_and_held_grant(appointment: Appointment, presenting_concern: PresentingConcern) -> RateAndGrant:
    """The rate that was agreed by confirming (CL-5), with the grant of which the credit is held: one round trip.

    A session that was confirmed before rates were kept on it has that of its date. Refuses a session without a rate,
    and a presenting concern that is no term in use.
    """
    rate = await fetch_one(
        RATE_AND_HELD_GRANT,
        appointment.provider_id,
        appointment.license_id,
        appointment.visit_type.value,
        appointment.service.value,
        appointment.state,
        appointment.starts_at,
        appointment.id,
        presenting_concern,
    )
    refuse_if_any(
        [
            *([NO_RATE] if rate.amount_cents is None else []),
            *([] if rate.concern_is_known else [UNKNOWN_CONCERN]),
        ]
    )
    agreed: RateAndGrant = rate
    return agreed


def reasons_of(stored: Any) -> list[dict[str, str]]:
    """The reasons kept on a claim, however the driver hands JSON over."""
    found: list[dict[str, str]] = orjson.loads(stored) if isinstance(stored, str) else stored
    return found


CONSTRAINTS["claims_one_live"] = Refusal(
    Code.CONFLICT, "This session is already claimed.", rule="CL-3", path=["appointmentId"], fix="Read its claim."
)
CONSTRAINTS["claims_one_intake"] = Refusal(
    Code.CONFLICT,
    "The intake of this student is already claimed.",
    rule="CL-3",
    path=["appointmentId"],
    fix="Contact support.",
)
CONSTRAINTS["claims_after_session"] = Refusal(
    Code.TOO_EARLY,
    "A session can be attested only after its end.",
    rule="CL-1",
    path=["appointmentId"],
    fix="Come back later.",
)
CONSTRAINTS["claims_in_time"] = Refusal(
    Code.TOO_LATE,
    "The deadline to attest this session has passed.",
    rule="CL-4",
    path=["appointmentId"],
    fix="Contact support.",
)
CONSTRAINTS["claims_at_rate"] = Refusal(
    Code.CONFLICT, "The rate has changed in the meantime.", rule="CL-5", path=["appointmentId"], fix="Submit it again."
)
CONSTRAINTS["claims_not_by_oneself"] = Refusal(
    Code.NOT_ELIGIBLE, "Nobody attests their own session.", rule="ID-9", path=["appointmentId"], fix="Contact support."
)
CONSTRAINTS["claims_concern_known"] = UNKNOWN_CONCERN
