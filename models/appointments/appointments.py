"""Appointments: one session between a student and a provider, from request to outcome."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from tortoise import fields

from models.base.access import EVERYTHING, Entity, LockedBefore, Reach, Role, Viewer, extend_reach
from models.base.amounts import Credits
from models.base.errors import CONSTRAINTS, Code, Refusal
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.exports import in_record
from models.base.personal import Kept, Personal
from models.base.scopes import Needed, Scope
from models.base.statements import Update, fetch, fetch_one, write
from models.base.times import end_of_day, local_day
from models.base.words import Words
from models.credits.ledger import GrantNamed, Transfer, TransferKind, held_grant, new_transfer
from models.directory.licenses import License
from models.directory.providers import Provider, Service
from models.rates.rates import VisitType
from models.schools.policies import SchoolPolicy
from models.schools.schools import MissedSessionPolicy, School
from models.schools.students import Student
from models.tasks.kinds import TaskKind, TaskName, waits_for

ANSWER_WITHIN = timedelta(hours=72)
NO_SHOW_AFTER = timedelta(minutes=15)
FREE_AFTER_CONFIRMING = timedelta(hours=2)
ATTEST_WITHIN_DAYS = 30
ATTEST_LATE_WITHIN = timedelta(days=90)
LAPSED_AT_ONCE_MAX = 100
ONE = Credits(1)


class AppointmentStatus(Words):
    """Status of an appointment. REQUESTED and CONFIRMED are live; all others are final."""

    REQUESTED = "REQUESTED", "Waiting for the provider's answer; the time is reserved and one credit is held."
    CONFIRMED = "CONFIRMED", "Confirmed by the provider; the time is reserved and the credit is held."
    COMPLETED = "COMPLETED", "The provider attested that the session took place."
    DECLINED = "DECLINED", "Declined by the provider; the credit was released."
    EXPIRED = "EXPIRED", "Not answered in time (AP-3); the credit was released."
    WITHDRAWN = "WITHDRAWN", "Withdrawn by the student before an answer; the credit was released."
    CANCELLED = "CANCELLED", "Cancelled by either side before the start (CR-5)."
    NO_SHOW = "NO_SHOW", "The student did not attend (AP-7); not reimbursed."
    LAPSED = "LAPSED", "Nobody reported by the deadline whether it took place (AP-10); the credit was released."
    VOIDED = "VOIDED", "Completed by mistake, and counts no more; the credit was given back."


ENDED_BY = {
    AppointmentStatus.DECLINED: EventVerb.APPOINTMENT_DECLINED,
    AppointmentStatus.EXPIRED: EventVerb.APPOINTMENT_EXPIRED,
    AppointmentStatus.WITHDRAWN: EventVerb.APPOINTMENT_WITHDRAWN,
    AppointmentStatus.CANCELLED: EventVerb.APPOINTMENT_CANCELLED,
    AppointmentStatus.NO_SHOW: EventVerb.APPOINTMENT_NO_SHOW,
    AppointmentStatus.LAPSED: EventVerb.APPOINTMENT_LAPSED,
}
"""The event of each end but completion, which has a claim."""


MINUTES = {VisitType.INTAKE: 60, VisitType.FOLLOW_UP: 50}


class Appointment(Entity):
    """One session between a student and a provider. A live one takes its time of both, and holds one credit."""

    PREFIX: ClassVar[str] = "apt"
    SCOPE: ClassVar[Needed] = Scope.APPOINTMENTS_READ
    REACH: ClassVar[Reach] = {
        Role.OPS: EVERYTHING,
        Role.STUDENT: "appointments.student_id = {student}",
        Role.PROVIDER: "appointments.provider_id = {provider}",
        Role.OFFICE: "appointments.practice_id = {practice}",
        Role.SCHOOL: "appointments.school_id = {school}",
        Role.PARTNER: "appointments.school_id = {school}",
    }
    RECORD_OF: ClassVar[str | None] = "student_id"
    LOCKED_AFTER: ClassVar[tuple[LockedBefore, ...]] = (
        LockedBefore("wallets", "wallets.id = appointments.student_id"),
        # What a claim's foreign key locks anyway: a link of the provider to a person waits here, and not behind it.
        LockedBefore("providers", "providers.id = appointments.provider_id", "KEY SHARE"),
    )
    MADE_BY_DATABASE: ClassVar[frozenset[str]] = frozenset(
        {"person_id", "practice_id", "legacy_duplicate", "policy_id", "rate_id", "payee_id"}
    )

    student: fields.ForeignKeyRelation[Student] = fields.ForeignKeyField(
        "models.Student", related_name="appointments", on_delete=fields.RESTRICT
    )
    student_id: UUID
    provider: fields.ForeignKeyRelation[Provider] = fields.ForeignKeyField(
        "models.Provider", related_name="appointments", on_delete=fields.RESTRICT
    )
    provider_id: UUID
    school: fields.ForeignKeyRelation[School] = fields.ForeignKeyField(
        "models.School", related_name="appointments", on_delete=fields.RESTRICT
    )
    school_id: UUID
    license: fields.ForeignKeyRelation[License] = fields.ForeignKeyField(
        "models.License", related_name="appointments", on_delete=fields.RESTRICT
    )
    license_id: UUID
    person_id = fields.UUIDField()
    practice_id = fields.UUIDField(null=True)
    legacy_duplicate = fields.BooleanField(default=False)
    policy_id = fields.UUIDField()
    status = fields.CharEnumField(AppointmentStatus, max_length=10)
    visit_type = fields.CharEnumField(VisitType, max_length=10)
    service = fields.CharEnumField(Service, max_length=30)
    state = fields.CharField(max_length=2)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    requested_at = fields.DatetimeField()
    confirm_by = fields.DatetimeField()
    confirmed_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    attest_by = fields.DatetimeField()
    expected_cents = fields.BigIntField(null=True)
    rate_id = fields.UUIDField(null=True)
    payee_id = fields.UUIDField(null=True)
    telehealth_link = fields.CharField(max_length=500, default="")
    missed_appointment_policy = fields.TextField(default="")

    PERSONAL: ClassVar[Mapping[str, Personal]] = {
        "state": Personal("the state where the student was"),
        "telehealth_link": Personal("the clinician's own room"),
    }
    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"missed_appointment_policy"})
    KEPT: ClassVar[Kept] = Kept(long="for good", why="what a credit was held and used for")

    class Meta:
        """EXCLUDE keeps both calendars free of overlaps (AP-4); a trigger allows only the lawful next status."""

        table = "appointments"

    @property
    def is_live(self) -> bool:
        """Whether the appointment takes time and holds a credit."""
        return self.status in (AppointmentStatus.REQUESTED, AppointmentStatus.CONFIRMED)

    def free_until(self, policy: SchoolPolicy) -> datetime | None:
        """Until when the student may cancel without loss (CR-5); None while it is not confirmed.

        The policy's notice before the start, but at least two hours after the confirmation.
        """
        if self.confirmed_at is None:
            return None
        return max(self.starts_at - policy.late_notice, self.confirmed_at + FREE_AFTER_CONFIRMING)

    async def confirm(self, *, by: Viewer, at: datetime) -> None:
        """The provider accepts the request while it is open (AP-3); the hold stays (CR-4)."""
        self.must_wait_for_answer(at)
        provider = await Provider.get(id=self.provider_id)
        await write(
            Update(
                self,
                status=AppointmentStatus.CONFIRMED,
                confirmed_at=at,
                telehealth_link=provider.telehealth_link,
            ),
            new_event(EventVerb.APPOINTMENT_CONFIRMED, self, by=by, at=at),
        )

    async def decline(self, *, by: Viewer, at: datetime) -> None:
        """The provider says no to the request (AP-3); the credit is released (CR-4)."""
        self.must_wait_for_answer(at)
        await self.end(AppointmentStatus.DECLINED, TransferKind.RELEASE, by=by, at=at)

    async def withdraw(self, *, by: Viewer, at: datetime) -> None:
        """The student takes the request back before it is answered; the credit is released (CR-4)."""
        self.must_wait_for_answer(at)
        await self.end(AppointmentStatus.WITHDRAWN, TransferKind.RELEASE, by=by, at=at)

    async def expire(self, *, at: datetime) -> None:
        """Nobody answered in time (AP-3): the program ends the request and releases the credit."""
        if self.status is not AppointmentStatus.REQUESTED or at < self.confirm_by:
            raise Refusal(Code.NOT_OPEN, "This request is not overdue.", rule="AP-3")
        await self.end(AppointmentStatus.EXPIRED, TransferKind.RELEASE, by=None, at=at)

    async def cancel(self, *, by: Viewer, at: datetime) -> None:
        """Either side calls a confirmed session off before it starts.

        The credit is released; a student's cancellation after `free_until` follows the policy of its request (CR-5,
        CR-12).
        """
        if self.status is not AppointmentStatus.CONFIRMED:
            raise not_open(
                self, "AP-6", "Only a confirmed appointment can be cancelled; a request is withdrawn or declined."
            )
        if at >= self.starts_at:
            raise Refusal(
                Code.TOO_LATE,
                "The session has started.",
                rule="AP-7",
                path=["appointmentId"],
                fix="Mark it as a no-show, or attest that it occurred.",
            )
        kind = self.missed_kind(await self.policy(), at) if by.role is Role.STUDENT else TransferKind.RELEASE
        await self.end(AppointmentStatus.CANCELLED, kind, by=by, at=at)

    async def mark_no_show(self, *, by: Viewer, at: datetime) -> None:
        """The student did not come: never reimbursed (CR-5).

        From 15 minutes after the start until the attestation deadline (AP-7).
        """
        if self.status is not AppointmentStatus.CONFIRMED:
            raise not_open(self, "AP-7", "Only a confirmed appointment can be a no-show.")
        if at < self.starts_at + NO_SHOW_AFTER:
            raise Refusal(
                Code.TOO_EARLY,
                "A no-show can be marked from 15 minutes after the start.",
                rule="AP-7",
                path=["appointmentId"],
                fix="Wait until then.",
            )
        if at >= self.attest_by:
            raise Refusal(
                Code.TOO_LATE,
                "A no-show can be marked only until the attestation deadline.",
                rule="AP-7",
                path=["appointmentId"],
                fix="Contact support: the outcome of this session can no longer be changed.",
            )
        await self.end(AppointmentStatus.NO_SHOW, self.missed_kind(await self.policy(), at), by=by, at=at)

    async def lapse(self, *, at: datetime) -> None:
        """Nobody reported by the deadline (AP-10): the program ends the session and releases the credit."""
        if self.status is not AppointmentStatus.CONFIRMED or at < self.attest_by:
            raise Refusal(Code.NOT_OPEN, "This session has not lapsed.", rule="AP-10")
        await self.end(AppointmentStatus.LAPSED, TransferKind.RELEASE, by=None, at=at)

    def missed_kind(self, policy: SchoolPolicy, at: datetime) -> TransferKind:
        """What becomes of the credit of a session that its student misses, or cancels at this time (CR-5).

        It is released up to `free_until`, and always if that is not before the start: nobody loses what they could no
        longer cancel freely. Otherwise the policy decides.
        """
        free_until = self.free_until(policy)
        if free_until is None or at <= free_until or free_until >= self.starts_at:
            return TransferKind.RELEASE
        forfeits = policy.missed_session_policy is MissedSessionPolicy.FORFEIT
        return TransferKind.FORFEIT if forfeits else TransferKind.RELEASE

    async def policy(self) -> SchoolPolicy:
        """The school's policy under which the session was requested: the one that it is judged by (CR-12)."""
        policy = SchoolPolicy.made_of(await fetch_one(POLICY_OF, self.id))
        assert policy is not None, "the database gives each session a policy"
        return policy

    async def end(self, status: AppointmentStatus, kind: TransferKind, *, by: Viewer | None, at: datetime) -> None:
        """End the appointment and free its time and its credit in one statement (AV-4, CR-4)."""
        await write(
            Update(self, status=status, ended_at=at),
            self.end_of_hold(kind, await held_grant(self.id), at=at),
            new_event(ENDED_BY[status], self, by=by, at=at, credit=kind.value),
        )

    def end_of_hold(self, kind: TransferKind, grant: GrantNamed, *, at: datetime) -> Transfer:
        """The transfer that ends this appointment's hold of a credit of this grant."""
        return new_transfer(kind, grant, ONE, at=at, appointment_id=self.id)

    def must_wait_for_answer(self, at: datetime) -> None:
        """Refuse what can only be done while the request waits for the provider's answer (AP-3)."""
        if self.status is not AppointmentStatus.REQUESTED or at >= self.confirm_by:
            raise not_open(self, "AP-3", "This request is no longer waiting for an answer.")


waits_for(
    TaskKind(
        name=TaskName.ANSWER_REQUEST,
        title="Answer a request",
        subject=Appointment,
        # Past `confirm_by` it can no longer be answered, and the worker is about to end it.
        waits="appointments.ended_at IS NULL AND appointments.status = 'REQUESTED' AND appointments.confirm_by > {at}",
        since="appointments.requested_at",
        due="appointments.confirm_by",
        mutations=("confirmAppointment", "declineAppointment"),
        whose={Role.PROVIDER: "provider_id", Role.OFFICE: "practice_id"},
    )
)

# Who has met goes on seeing each other: a student a provider who left the directory, a provider and their practice a
# student, from the request on.
extend_reach(
    Provider,
    Role.STUDENT,
    "EXISTS (SELECT 1 FROM appointments met WHERE met.provider_id = providers.id AND met.student_id = {student})",
)
extend_reach(
    Student,
    Role.PROVIDER,
    "EXISTS (SELECT 1 FROM appointments met WHERE met.student_id = students.id AND met.provider_id = {provider})",
)
extend_reach(
    Student,
    Role.OFFICE,
    "EXISTS (SELECT 1 FROM appointments met WHERE met.student_id = students.id AND met.practice_id = {practice})",
)

# A school goes on seeing a provider whom one of its students met, and their licenses (ID-8).
MET_BY_STUDENTS = "EXISTS (SELECT 1 FROM appointments met WHERE met.provider_id = {of} AND met.school_id = {{school}})"
for _role in (Role.SCHOOL, Role.PARTNER):
    extend_reach(Provider, _role, MET_BY_STUDENTS.format(of="providers.id"))
    extend_reach(
        License, _role, f"(licenses.verified_at IS NOT NULL AND {MET_BY_STUDENTS.format(of='licenses.provider_id')})"
    )


in_record(
    Appointment,
    "provider_id",
    "school_id",
    "status",
    "visit_type",
    "service",
    "state",
    "starts_at",
    "ends_at",
    "requested_at",
    "confirm_by",
    "confirmed_at",
    "ended_at",
    "telehealth_link",
    "missed_appointment_policy",
    where="appointments.student_id = $1",
)
in_record(
    Provider,
    "name",
    "title",
    where="providers.id IN (SELECT met.provider_id FROM appointments met WHERE met.student_id = $1)",
)


def attestation_deadline(starts_at: datetime, zone: ZoneInfo) -> datetime:
    """The end of the 30th day after the session's date, in the provider's zone (CL-1)."""
    return end_of_day(local_day(starts_at, zone) + timedelta(days=ATTEST_WITHIN_DAYS), zone)


def not_open(appointment: Appointment, rule: str, message: str) -> Refusal:
    """The refusal of a step that the appointment's status does not allow."""
    return Refusal(
        Code.NOT_OPEN,
        message,
        rule=rule,
        path=["appointmentId"],
        fix=f"It is {appointment.status.value.lower().replace('_', ' ')} now; read it again.",
    )


POLICY_OF = """
SELECT school_policies.* FROM appointments
  JOIN school_policies ON school_policies.id = appointments.policy_id WHERE appointments.id = $1
"""
"""The policy that the database chose when the session was requested."""


async def overdue(*, at: datetime, most: int = 100) -> list[UUID]:
    """The appointments whose time to be answered has passed."""
    rows = await fetch(
        "SELECT id FROM appointments WHERE status = 'REQUESTED' AND confirm_by <= $1 ORDER BY confirm_by LIMIT $2",
        at, most,
    )  # fmt: skip
    return [row.id for row in rows]


async def unreported(*, at: datetime, most: int = LAPSED_AT_ONCE_MAX) -> list[UUID]:
    """The confirmed sessions that nobody attested, marked or cancelled by their deadline (AP-10)."""
    rows = await fetch(
        "SELECT id FROM appointments WHERE status = 'CONFIRMED' AND attest_by <= $1 ORDER BY attest_by LIMIT $2",
        at, most,
    )  # fmt: skip
    return [row.id for row in rows]


TAKEN = Refusal(
    Code.SLOT_TAKEN,
    "Someone else has just taken this time.",
    rule="AP-4",
    path=["openingId"],
    fix="Choose another opening.",
)
ONESELF = Refusal(
    Code.NOT_ELIGIBLE,
    "Nobody books a session with themselves.",
    rule="ID-9",
    path=["openingId"],
    fix="Choose another provider.",
)
CONSTRAINTS["appointments_not_with_oneself"] = ONESELF
CONSTRAINTS["appointments_provider_free"] = TAKEN
CONSTRAINTS["appointments_student_free"] = Refusal(
    Code.CONFLICT,
    "The student has another appointment at this time.",
    rule="AP-4",
    path=["openingId"],
    fix="Choose another opening, or cancel the other appointment first.",
)
CONSTRAINTS["appointments_one_live_intake"] = Refusal(
    Code.CONFLICT,
    "Only one appointment with this provider can be live until the intake is completed.",
    rule="AP-2",
    path=["openingId"],
    fix="Wait for the intake, or cancel it first.",
)
CONSTRAINTS["appointments_one_completed_intake"] = Refusal(
    Code.CONFLICT,
    "The intake with this provider is already completed.",
    rule="AP-2",
    path=["appointmentId"],
    fix="Contact support.",
)
CONSTRAINTS["appointments_intake_over"] = Refusal(
    Code.CONFLICT,
    "Another intake with this student is live or completed.",
    rule="AP-2",
    path=["appointmentId"],
    fix="Attest that one once it is over.",
)
CONSTRAINTS["appointments_next_status"] = Refusal(
    Code.NOT_OPEN,
    "The appointment has changed in the meantime.",
    rule="AP-3",
    path=["appointmentId"],
    fix="Read it again.",
)
