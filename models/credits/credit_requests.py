"""Requests for more credits: a student asks, the school grants all or some of them, or declines (CR-6)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from models.base.access import EVERYTHING, Entity, LockedBefore, Reach, Role, Viewer
from models.base.amounts import Credits
from models.base.effects import Leaving, student_leaves
from models.base.errors import CONSTRAINTS, Code, Refusal, refuse_if_any
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.exports import in_record
from models.base.personal import Kept
from models.base.statements import Update, fetch_one, write
from models.base.words import Words
from models.credits.grants import SCHOOL_OF_WALLET, GrantLimits, grant, grant_refusals
from models.credits.ledger import Grant
from models.schools.students import Student
from models.tasks.kinds import TaskKind, TaskName, waits_for

DECIDED_WITHIN = timedelta(days=7)
"""Until when a school should have decided; past it the task is overdue, and the student may still withdraw."""


class CreditRequestStatus(Words):
    """Status of a request for more credits. All but OPEN are final."""

    OPEN = "OPEN", "Waiting for the school's decision."
    GRANTED = "GRANTED", "The school granted all that was asked for."
    PARTLY_GRANTED = "PARTLY_GRANTED", "The school granted some of it."
    DECLINED = "DECLINED", "The school granted none."
    WITHDRAWN = "WITHDRAWN", "The student withdrew it."
    CLOSED = "CLOSED", "The student left the program before it was decided."


class Requester(Words, shown_as="CreditRequester"):
    """Who asked for credits."""

    STUDENT = "STUDENT", "The student."
    PROVIDER = "PROVIDER", "The student's provider, with the student's consent."


class CreditRequestReason(Words):
    """Why more credits are asked for. None of them tells anything clinical."""

    CREDITS_USED = "CREDITS_USED", "All credits are used or about to be."
    CONTINUE_CARE = "CONTINUE_CARE", "To go on with the same provider."
    CHANGE_OF_PROVIDER = "CHANGE_OF_PROVIDER", "To begin again with another provider."
    RETURN_TO_CARE = "RETURN_TO_CARE", "To return after a pause."
    ANOTHER_REASON = "ANOTHER_REASON", "Another reason, which the student may tell the counselling centre."


class CreditDecisionReason(Words):
    """Why a school granted fewer credits than were asked for, or none."""

    LIMIT_REACHED = "LIMIT_REACHED", "The student has as many credits as the school gives to one."
    BUDGET_SPENT = "BUDGET_SPENT", "The school has no more credits to give."
    CENTER_PROVIDES_CARE = "CENTER_PROVIDES_CARE", "The counselling centre sees the student itself."
    OTHER_CARE_ARRANGED = "OTHER_CARE_ARRANGED", "Other care has been arranged with the student."
    NOT_ELIGIBLE = "NOT_ELIGIBLE", "The student is not eligible for more credits at this school."


class CreditRequest(Entity):
    """One request for more credits, and what became of it."""

    PREFIX: ClassVar[str] = "crq"
    REACH: ClassVar[Reach] = {
        Role.OPS: EVERYTHING,
        Role.STUDENT: "credit_requests.student_id = {student}",
        Role.SCHOOL: "credit_requests.school_id = {school}",
    }
    RECORD_OF: ClassVar[str | None] = "student_id"
    LOCKED_AFTER: ClassVar[tuple[LockedBefore, ...]] = (
        LockedBefore("wallets", "wallets.id = credit_requests.student_id"),
    )

    student_id = fields.UUIDField()
    school_id = fields.UUIDField()
    requester = fields.CharEnumField(Requester, max_length=10)
    provider_id = fields.UUIDField(null=True)
    credits = fields.IntField()
    reason = fields.CharEnumField(CreditRequestReason, max_length=40)
    requested_at = fields.DatetimeField()
    status = fields.CharEnumField(CreditRequestStatus, max_length=20, default=CreditRequestStatus.OPEN)
    ended_at = fields.DatetimeField(null=True)
    decided_by = fields.UUIDField(null=True)
    granted_credits = fields.IntField(default=0)
    grant_id = fields.UUIDField(null=True)
    decision_reason = fields.CharEnumField(CreditDecisionReason, max_length=40, null=True)

    KEPT: ClassVar[Kept] = Kept(long="for good", why="what was asked of each school, and how it decided (CR-6)")

    class Meta:
        """Partial UNIQUE: one open request a student. A trigger lets it end once, and refuses every other change."""

        table = "credit_requests"
        indexes = [("school_id", "requested_at", "id")]

    async def decide(
        self,
        student: Student,
        credits: int,
        *,
        reason: CreditDecisionReason | None,
        expires_at: datetime | None,
        by: Viewer,
        at: datetime,
    ) -> Grant | None:
        """The school grants all or some of what was asked for, or none; the caller has locked wallet and request.

        The grant is one like any other and keeps to the school's limits (CR-2). Raises NOT_OPEN once it has ended.
        """
        self.must_be_open()
        school: GrantLimits = await fetch_one(SCHOOL_OF_WALLET, self.student_id, at)
        refuse_if_any(decision_refusals(self, school, credits, reason, expires_at, at))
        given = None
        if credits:
            given = await grant(student, Credits(credits), expires_at=expires_at, note="", by=by, at=at)
        status = (
            CreditRequestStatus.DECLINED
            if given is None
            else CreditRequestStatus.GRANTED
            if credits == self.credits
            else CreditRequestStatus.PARTLY_GRANTED
        )
        verb = EventVerb.CREDIT_REQUEST_GRANTED if given else EventVerb.CREDIT_REQUEST_DECLINED
        await write(
            Update(
                self,
                status=status,
                ended_at=at,
                decided_by=by.account_id,
                granted_credits=credits,
                grant_id=given.id if given else None,
                decision_reason=reason,
            ),
            new_event(verb, self, by=by, at=at, credits=credits, asked=self.credits, reason=reason and reason.value),
        )
        return given

    async def withdraw(self, *, by: Viewer, at: datetime) -> None:
        """The student takes the request back; the caller has locked it. Raises NOT_OPEN once it has ended."""
        self.must_be_open()
        await self.end(CreditRequestStatus.WITHDRAWN, EventVerb.CREDIT_REQUEST_WITHDRAWN, by=by, at=at)

    async def end(self, status: CreditRequestStatus, verb: EventVerb, *, by: Viewer, at: datetime) -> None:
        """End it without a decision."""
        await write(Update(self, status=status, ended_at=at), new_event(verb, self, by=by, at=at))

    def must_be_open(self) -> None:
        """Refuse what can only be done while it waits."""
        if self.status is not CreditRequestStatus.OPEN:
            raise NOT_OPEN


async def request(
    student_id: UUID, credits: int, *, reason: CreditRequestReason, by: Viewer, at: datetime
) -> CreditRequest:
    """A student asks their school for more credits (CR-6)."""
    refuse_if_any(await request_refusals(student_id, credits, at=at))
    student = await Student.get(id=student_id)
    asked = CreditRequest(
        student_id=student.id,
        school_id=student.school_id,
        requester=Requester.STUDENT,
        credits=credits,
        reason=reason,
        requested_at=at,
    )
    await write(asked, new_event(EventVerb.CREDIT_REQUEST_MADE, asked, by=by, at=at, credits=credits))
    return asked


async def request_refusals(student_id: UUID, credits: int, *, at: datetime) -> list[Refusal]:
    """Everything that speaks against asking, at once: the school's limits of that day, and an open request."""
    school: GrantLimits = await fetch_one(SCHOOL_OF_WALLET, student_id, at)
    found = []
    if not school.credits_min <= credits <= school.credits_max:
        found.append(
            Refusal(
                Code.OUT_OF_BOUNDS,
                f"{school.name} grants {school.credits_min} to {school.credits_max} credits at a time.",
                rule="CR-2",
                path=["credits"],
                fix="Ask for a number within these limits.",
            )
        )
    if await CreditRequest.filter(student_id=student_id, status=CreditRequestStatus.OPEN).exists():
        found.append(ONE_OPEN)
    return found


def decision_refusals(
    asked: CreditRequest,
    school: GrantLimits,
    credits: int,
    reason: CreditDecisionReason | None,
    expires_at: datetime | None,
    at: datetime,
) -> list[Refusal]:
    """Everything that speaks against a decision, at once (CR-2, CR-3, CR-6)."""
    if not 0 <= credits <= asked.credits:
        found = [
            Refusal(
                Code.OUT_OF_BOUNDS,
                f"{asked.credits} credits were asked for.",
                rule="CR-6",
                path=["credits"],
                fix="Grant all of them, some, or 0 to decline; more can be granted by grantCredits.",
            )
        ]
    else:
        found = grant_refusals(school, Credits(credits), expires_at, at) if credits else []
    if (reason is None) is (credits < asked.credits):
        found.append(NEEDS_REASON if reason is None else NEEDS_NO_REASON)
    return found


@student_leaves.effect
async def close_request(leaving: Leaving, *, by: Viewer, at: datetime) -> None:
    """Close the open request of a student who leaves; the wallet is locked."""
    open_one = CreditRequest.filter(student_id=leaving.student_id, status=CreditRequestStatus.OPEN)
    for asked in await open_one.select_for_update(no_key=True):
        await asked.end(CreditRequestStatus.CLOSED, EventVerb.CREDIT_REQUEST_CLOSED, by=by, at=at)


waits_for(
    TaskKind(
        name=TaskName.DECIDE_CREDIT_REQUEST,
        title="Decide a request for credits",
        subject=CreditRequest,
        waits="credit_requests.status = 'OPEN'",
        since="credit_requests.requested_at",
        due=f"credit_requests.requested_at + interval '{DECIDED_WITHIN.days} days'",
        mutations=("decideCreditRequest",),
        whose={Role.SCHOOL: "school_id"},
    )
)

in_record(
    CreditRequest,
    "requester",
    "credits",
    "reason",
    "requested_at",
    "status",
    "ended_at",
    "granted_credits",
    "decision_reason",
    where="credit_requests.student_id = $1",
)

NOT_OPEN = Refusal(
    Code.NOT_OPEN,
    "This request has been decided or withdrawn.",
    rule="CR-6",
    path=["creditRequestId"],
    fix="Read the request again.",
)
ONE_OPEN = Refusal(
    Code.CONFLICT,
    "You have asked for credits already, and your school has not decided yet.",
    rule="CR-6",
    path=["credits"],
    fix="Wait for the decision, or withdraw that request by withdrawCreditRequest.",
)
NEEDS_REASON = Refusal(
    Code.INVALID,
    "Who grants fewer credits than were asked for says why.",
    rule="CR-6",
    path=["reason"],
    fix="Choose a reason.",
)
NEEDS_NO_REASON = Refusal(
    Code.INVALID,
    "A reason is told only where fewer credits are granted than were asked for.",
    rule="CR-6",
    path=["reason"],
    fix="Leave it out.",
)
CONSTRAINTS["credit_requests_one_open"] = ONE_OPEN
CONSTRAINTS["credit_requests_end_once"] = NOT_OPEN
CONSTRAINTS["credit_requests_not_by_oneself"] = Refusal(
    Code.NOT_ELIGIBLE,
    "Nobody decides their own request.",
    rule="ID-9",
    path=["creditRequestId"],
    fix="Leave it to a colleague.",
)
