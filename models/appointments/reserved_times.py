"""Reserved times (AP-4): what is taken of a provider's and a person's calendar, and moves that were proposed (AP-6).

The database fills them in with each request and link of persons and removes them with each end; nothing here writes
them. A session has one
CURRENT time while it is live, and a PROPOSED one beside it while a move waits for its answer.
"""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from tortoise import fields

from models.appointments.appointments import Appointment
from models.base.personal import Kept
from models.base.tables import Table
from models.base.words import Words


class ReservedKind(Words):
    """Kind of a reserved time."""

    CURRENT = "CURRENT", "The time of a live appointment."
    PROPOSED = "PROPOSED", "The time that it would move to, kept free until the other side has answered."


class ReservedTime(Table):
    """A time that is taken: the session of its person, and what it blocks of its provider with the buffers (AV-2)."""

    id = fields.UUIDField(primary_key=True)
    appointment: fields.ForeignKeyRelation[Appointment] = fields.ForeignKeyField(
        "models.Appointment", related_name="reserved_times", on_delete=fields.RESTRICT
    )
    appointment_id: UUID
    kind = fields.CharEnumField(ReservedKind, max_length=10)
    provider_id = fields.UUIDField()
    person_id = fields.UUIDField()
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    blocked_from = fields.DatetimeField()
    blocked_until = fields.DatetimeField()

    KEPT: ClassVar[Kept] = Kept(long="while it is taken", why="what is taken; what was is the appointment's")

    class Meta:
        """EXCLUDE: no two sessions in the time of one provider, or of one person; two times of one session may."""

        table = "reserved_times"


class ProposalStatus(Words):
    """Status of a proposed move; all but OPEN are final."""

    OPEN = "OPEN", "Waiting for the other side's answer; both times are reserved."
    ACCEPTED = "ACCEPTED", "Accepted: the session has moved."
    DECLINED = "DECLINED", "Declined: the session stays where it was."
    WITHDRAWN = "WITHDRAWN", "Taken back by who proposed it."
    EXPIRED = "EXPIRED", "Not answered in time; the session stays where it was."
    CLOSED = "CLOSED", "The session ended meanwhile."


class ProposedBy(Words):
    """The side that proposes a move."""

    STUDENT = "STUDENT", "The student."
    PROVIDER = "PROVIDER", "The provider."


class RescheduleProposal(Table):
    """A move of a confirmed session to another time, which the other side answers (AP-6)."""

    id = fields.UUIDField(primary_key=True)
    appointment: fields.ForeignKeyRelation[Appointment] = fields.ForeignKeyField(
        "models.Appointment", related_name="reschedule_proposals", on_delete=fields.RESTRICT, db_index=True
    )
    appointment_id: UUID
    by_side = fields.CharEnumField(ProposedBy, max_length=10)
    from_starts_at = fields.DatetimeField()
    to_starts_at = fields.DatetimeField()
    proposed_at = fields.DatetimeField()
    answer_by = fields.DatetimeField()
    status = fields.CharEnumField(ProposalStatus, max_length=10)
    closed_at = fields.DatetimeField(null=True)

    KEPT: ClassVar[Kept] = Kept(long="for good", why="when a session was moved, and who asked for it")

    class Meta:
        """Partial UNIQUE: one open proposal a session; it ends once, and with its session."""

        table = "reschedule_proposals"
