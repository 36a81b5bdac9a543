"""Approvals: what one person drafts another approves (ID-9); by person, not by account or membership."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from models.base.access import Entity, Viewer
from models.base.errors import CONSTRAINTS, Code, Refusal
from models.base.ids import new_id
from models.base.personal import Kept
from models.base.statements import Update, write
from models.base.tables import Table

SECOND_PERSON = Refusal(
    Code.NOT_ELIGIBLE, "Nobody approves what they drafted.", rule="ID-9", fix="Ask a colleague to approve it."
)
DECIDED = Refusal(Code.NOT_OPEN, "This is approved already.", rule="ID-9", fix="Read it again.")
NO_DRAFT = Refusal(Code.NOT_FOUND, "Nothing waits here for an approval.", rule="ID-9", fix="Read it again.")


class Approval(Table):
    """That something waits for a second person, and who it was."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    subject_type = fields.CharField(max_length=8)
    subject_id = fields.UUIDField()
    drafted_by = fields.UUIDField()
    drafted_at = fields.DatetimeField()
    approved_by = fields.UUIDField(null=True)
    approved_at = fields.DatetimeField(null=True)

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"subject_type"})
    KEPT: ClassVar[Kept] = Kept(long="for good", why="who drafted and who approved (ID-9)")

    class Meta:
        """UNIQUE: one for a subject; a trigger compares the persons, another lets it be approved once."""

        table = "approvals"


def drafted(subject: Entity, *, by: Viewer, at: datetime) -> Approval:
    """The row that lets `subject` wait for a second person, to be written with the draft itself."""
    return Approval(subject_type=subject.PREFIX, subject_id=subject.id, drafted_by=by.account_id, drafted_at=at)


async def approve(subject_id: UUID, *, by: Viewer, at: datetime) -> Approval:
    """Approve a draft as its second person: of any number at the same time one does.

    Two accounts of one person are told by the database's trigger, with the same refusal.
    """
    approval = await Approval.filter(subject_id=subject_id).select_for_update(no_key=True).get_or_none()
    if approval is None:
        raise NO_DRAFT
    if approval.approved_at is not None:
        raise DECIDED
    if approval.drafted_by == by.account_id:
        raise SECOND_PERSON
    await write(Update(approval, approved_by=by.account_id, approved_at=at))
    return approval


CONSTRAINTS["approvals_second_person"] = SECOND_PERSON
CONSTRAINTS["approvals_once"] = DECIDED
