"""Persons (ID-7): one human being, whatever they are to the program and under which school.

A row of a roster, or of the directory, is a person of its own until a membership gives it to an account; then the
database makes it the person of that account, with all its sessions and claims (`link_person`). Its constraints decide
whether they go together. A link that they refuse is kept for OPS as a conflict.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import ClassVar, TypeVar
from uuid import UUID

import asyncpg
from tortoise import fields

from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.effects import Effects
from models.base.errors import Code, Refusal, Refused
from models.base.event_verbs import EventVerb
from models.base.events import Event, new_event
from models.base.ids import new_id
from models.base.personal import EMPTY, Kept, Personal
from models.base.statements import Update, execute, transaction, write
from models.base.tables import Table
from models.base.words import Words

T = TypeVar("T")


class ConflictReason(Words, shown_as="PersonConflictReason"):
    """Why an account and a student or provider could not be linked as one person."""

    TWO_STUDENTS_OF_ONE_SCHOOL = (
        "TWO_STUDENTS_OF_ONE_SCHOOL",
        "The person is already another student of this school.",
    )
    SESSIONS_OVERLAP = "SESSIONS_OVERLAP", "Both have a live appointment at the same time (AP-4)."
    TWO_INTAKES = "TWO_INTAKES", "Both have an intake with the same provider (AP-2)."
    ADDRESS_IS_TAKEN = "ADDRESS_IS_TAKEN", "Another student of the school has the account's e-mail address."
    ANOTHER_ACCOUNT = "ANOTHER_ACCOUNT", "Another account already acts for the student or provider."
    BOTH_SIDES = "BOTH_SIDES", "The person would be on both sides of a session, grant or claim (ID-9)."


class ConflictOutcome(Words, shown_as="PersonConflictOutcome"):
    """How a conflict was resolved."""

    LINKED = "LINKED", "Linked as one person."
    DISMISSED = "DISMISSED", "Kept separate."


REASONS = {
    "students_one_of_person_in_school": ConflictReason.TWO_STUDENTS_OF_ONE_SCHOOL,
    "appointments_student_free": ConflictReason.SESSIONS_OVERLAP,
    "appointments_one_live_intake": ConflictReason.TWO_INTAKES,
    "appointments_one_completed_intake": ConflictReason.TWO_INTAKES,
    "appointments_intake_over": ConflictReason.TWO_INTAKES,
    "claims_one_intake": ConflictReason.TWO_INTAKES,
    "students_email_in_school": ConflictReason.ADDRESS_IS_TAKEN,
    "persons_one_account": ConflictReason.ANOTHER_ACCOUNT,
    "appointments_not_with_oneself": ConflictReason.BOTH_SIDES,
    "grants_not_to_oneself": ConflictReason.BOTH_SIDES,
    "claims_not_by_oneself": ConflictReason.BOTH_SIDES,
}
"""What each constraint that a link can break says about the two."""


class Person(Table):
    """One human being: an id, and what names it elsewhere."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    created_at = fields.DatetimeField()

    KEPT: ClassVar[Kept] = Kept(long="for good", why="an id alone: which rows are one human being (ID-7)")

    class Meta:
        """Made by a trigger with the account, student or provider that it begins as."""

        table = "persons"


class PersonLink(Table):
    """A student or provider became the person of an account: who it was until then, and since when."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    from_person = fields.UUIDField()
    to_person = fields.UUIDField()
    student_id = fields.UUIDField(null=True)
    provider_id = fields.UUIDField(null=True)
    by_account = fields.UUIDField()
    at = fields.DatetimeField()

    KEPT: ClassVar[Kept] = Kept(long="for good", why="who became whom, and by whom (ID-7)")

    class Meta:
        """Append-only, and written by the function that links."""

        table = "person_links"


class PersonConflict(Entity):
    """A link that the database refused; no account is named where it would have been made by the same sign-up."""

    PREFIX: ClassVar[str] = "pcf"
    REACH: ClassVar[Reach] = {Role.OPS: EVERYTHING}

    account_id = fields.UUIDField(null=True)
    student_id = fields.UUIDField(null=True)
    provider_id = fields.UUIDField(null=True)
    broken = fields.CharField(max_length=63)
    at = fields.DatetimeField()
    resolved_at = fields.DatetimeField(null=True)
    resolved_by = fields.UUIDField(null=True)
    outcome = fields.CharEnumField(ConflictOutcome, max_length=10, null=True)
    reason = fields.CharField(max_length=500, default="")

    PERSONAL: ClassVar[Mapping[str, Personal]] = {"reason": Personal("why OPS dismissed it", erased=EMPTY)}
    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"broken"})
    OF_STUDENT: ClassVar[str | None] = "person_conflicts.student_id = {student}"
    KEPT: ClassVar[Kept] = Kept(long="for good", why="which links were refused, and how that was settled (ID-7)")

    class Meta:
        """Partial UNIQUE: one open conflict of the same two."""

        table = "person_conflicts"

    async def link(self, *, by: Viewer, at: datetime) -> PersonConflict | Refused:
        """Try the link again, once what stood in its way is mended."""
        self.must_be_open()
        await conflict_settles.raised(self, by=by, at=at)
        account = self.account_id
        if account is None:
            raise NOBODY_TO_LINK
        try:
            async with transaction():
                await execute(
                    "SELECT link_person($1, $2, $3, $4, $5)",
                    new_id(), account, self.student_id, self.provider_id, at,
                )  # fmt: skip
        except asyncpg.IntegrityConstraintViolationError as violation:
            await write(Update(self, broken=constraint_of(violation)))
            return Refused([NOT_LINKED])
        await self.resolve(ConflictOutcome.LINKED, "", by=by, at=at)
        return self

    async def dismiss(self, *, reason: str, by: Viewer, at: datetime) -> PersonConflict:
        """Leave the two apart, for a reason."""
        self.must_be_open()
        if not reason.strip():
            raise Refusal(Code.INVALID, "Say why.", rule="ID-7", path=["reason"], fix="Give a short reason.")
        await conflict_settles.raised(self, by=by, at=at)
        await self.resolve(ConflictOutcome.DISMISSED, reason.strip(), by=by, at=at)
        return self

    async def resolve(self, outcome: ConflictOutcome, reason: str, *, by: Viewer, at: datetime) -> None:
        """Settle the conflict."""
        await write(
            Update(self, outcome=outcome, reason=reason, resolved_at=at, resolved_by=by.account_id),
            told(EventVerb.PERSON_CONFLICT_SETTLED, self, by=by, at=at),
        )

    def must_be_open(self) -> None:
        """Refuse what was settled already."""
        if self.resolved_at is not None:
            raise Refusal(
                Code.NOT_OPEN,
                "This conflict is settled.",
                rule="ID-7",
                path=["personConflictId"],
                fix="Read the list again.",
            )


conflict_settles: Effects[PersonConflict] = Effects()
"""A conflict is about to be settled: later areas refuse it by who may not."""

NOT_LINKED = Refusal(
    Code.CONFLICT,
    "This cannot be joined to your account: what is known of both does not go together.",
    rule="ID-7",
    fix="Our staff have been told and will look at it.",
)
NOBODY_TO_LINK = Refusal(
    Code.NOT_ELIGIBLE,
    "There is no account to link: the sign-up was refused.",
    rule="ID-7",
    path=["personConflictId"],
    fix="Invite the person again and dismiss this.",
)


async def unless_conflict(
    linking: Callable[[], Awaitable[T]],
    *,
    account_id: UUID | None,
    student_id: UUID | None,
    provider_id: UUID | None,
    by: Viewer | None,
    at: datetime,
) -> T | Refused:
    """What `linking` answers, or, with all that it did undone, a refusal beside a conflict for OPS.

    The refusal is returned, not raised, as the conflict must be committed.
    """
    try:
        async with transaction():
            return await linking()
    except asyncpg.IntegrityConstraintViolationError as violation:
        if constraint_of(violation) not in REASONS:
            raise
        conflict = PersonConflict(
            account_id=account_id,
            student_id=student_id,
            provider_id=provider_id,
            broken=constraint_of(violation),
            at=at,
        )
        if await is_new(conflict):
            await write(conflict, told(EventVerb.PERSON_CONFLICT_FOUND, conflict, by=by, at=at))
        return Refused([NOT_LINKED])


async def is_new(conflict: PersonConflict) -> bool:
    """Whether no open conflict is of the same two."""
    return not await PersonConflict.filter(
        account_id=conflict.account_id,
        student_id=conflict.student_id,
        provider_id=conflict.provider_id,
        resolved_at=None,
    ).exists()


def told(verb: EventVerb, conflict: PersonConflict, *, by: Viewer | None, at: datetime) -> Event:
    """The event of a conflict, which is for OPS alone: it names no student, whose school would see it."""
    event = new_event(verb, conflict, by=by, at=at)
    event.student_id = event.provider_id = None
    return event


def constraint_of(violation: asyncpg.IntegrityConstraintViolationError) -> str:
    """The name of the constraint that was broken."""
    return violation.constraint_name or ""
