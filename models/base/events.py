"""Events: what happened, append-only. History, audit trail and the source of mail.

A verb writes its event in the transaction of its change. A trigger puts each event into `outgoing`, once for each
channel, from which the worker takes it when that channel has done its part, and tells listeners its id (NOTIFY).
"""

from __future__ import annotations

from contextvars import ContextVar
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields

from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.event_verbs import EventVerb
from models.base.exports import in_record
from models.base.personal import Kept
from models.base.statements import column, columns_of, execute, stored
from models.base.tables import Table

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that is being answered, for the audit trail; empty in the worker."""


class Event(Entity):
    """One fact: who did what to which subject, and when. Ids only, no clinical text."""

    PREFIX: ClassVar[str] = "evt"
    REACH: ClassVar[Reach] = {
        Role.OPS: EVERYTHING,
        Role.STUDENT: "events.student_id = {student}",
        Role.PROVIDER: "events.provider_id = {provider} AND events.appointment_id IS NOT NULL",
        Role.SCHOOL: "events.school_id = {school}",
    }
    RECORD_OF: ClassVar[str | None] = "student_id"

    verb = fields.CharEnumField(EventVerb, max_length=60)
    subject_type = fields.CharField(max_length=8)
    subject_id = fields.UUIDField()
    at = fields.DatetimeField()
    actor_id = fields.UUIDField(null=True)
    actor_role = fields.CharField(max_length=10, null=True)
    request_id = fields.CharField(max_length=64, default="")
    appointment_id = fields.UUIDField(null=True)
    student_id = fields.UUIDField(null=True)
    provider_id = fields.UUIDField(null=True)
    school_id = fields.UUIDField(null=True)
    data: dict[str, Any] = fields.JSONField(default=dict)

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"subject_type", "actor_role", "request_id", "data"})
    KEPT: ClassVar[Kept] = Kept(long="for good", why="history: ids and words of lists, no text")

    class Meta:
        """History by subject and by appointment; refused to change by a trigger."""

        table = "events"
        indexes = [("subject_id", "id"), ("appointment_id", "id"), ("student_id", "id")]


in_record(
    Event,
    "verb",
    "at",
    "subject_type",
    "subject_id",
    "actor_role",
    "appointment_id",
    where="events.student_id = $1",
)


class Channel(StrEnum):
    """The ways out: each takes every event by itself, and none waits for another. The rows of `outbox_channels`."""

    MAIL = "MAIL"


class OutboxChannel(Table):
    """A channel, from whose adding on each event waits for it too; added by a migration."""

    name = fields.CharField(max_length=20, primary_key=True)

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"name"})
    KEPT: ClassVar[Kept] = Kept(long="for good", why="the ways by which people are told (NO-2)")

    class Meta:
        """Append-only: a channel that went would lose what it has still to tell."""

        table = "outbox_channels"


class Outgoing(Table):
    """An event that one channel has still to tell of; the worker deletes the row with the doing (NO-2).

    The key is of both columns, which Tortoise cannot say; named SQL alone reads and writes it.
    """

    event: fields.OneToOneRelation[Event] = fields.OneToOneField(
        "models.Event", primary_key=True, related_name="outgoing", on_delete=fields.RESTRICT
    )
    event_id: UUID
    channel = fields.CharField(max_length=20)

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"channel"})
    KEPT: ClassVar[Kept] = Kept(long="until its channel has told of it", why="what is still to be told (NO-2)")

    class Meta:
        """PRIMARY KEY of channel and event; filled by the database's own trigger on `events`."""

        table = "outgoing"


async def write_once(event: Event) -> bool:
    """Write an event unless a unique index knows it already, as one of time that is due once; says whether it did."""
    names = columns_of(Event)
    columns = ", ".join(f'"{column(Event, name)}"' for name in names)
    slots = ", ".join(f"${place}" for place in range(1, len(names) + 1))
    status = await execute(
        f"INSERT INTO events ({columns}) VALUES ({slots}) ON CONFLICT DO NOTHING",
        *(stored(event, name, getattr(event, name)) for name in names),
    )
    return status.endswith(" 1")


def new_event(verb: EventVerb, subject: Entity, *, by: Viewer | None, at: datetime, **data: Any) -> Event:
    """The event `verb` of this subject, to be written with the change itself; `by` is None for the program.

    Raises TypeError for a verb that is not in the list.
    """
    if not isinstance(verb, EventVerb):
        raise TypeError(f"{verb!r} is no EventVerb")
    return Event(
        verb=verb,
        subject_type=subject.PREFIX,
        subject_id=subject.id,
        at=at,
        actor_id=by.account_id if by else None,
        actor_role=by.role if by else None,
        request_id=REQUEST_ID.get(),
        appointment_id=subject.id if subject.PREFIX == "apt" else getattr(subject, "appointment_id", None),
        student_id=subject.id if subject.PREFIX == "stu" else getattr(subject, "student_id", None),
        provider_id=subject.id if subject.PREFIX == "prv" else getattr(subject, "provider_id", None),
        school_id=subject.id if subject.PREFIX == "sch" else getattr(subject, "school_id", None),
        data=data,
    )
