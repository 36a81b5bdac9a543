"""Mails: one message to one address about one event, from its writing to its being sent (NO-2).

A mail holds no content. It says of which event, to whom and by which template; its words are made at sending.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from models.base.access import EVERYTHING, Entity, Reach, Role
from models.base.events import Event
from models.base.personal import Kept, Personal


class MailStatus(StrEnum):
    """Where a mail stands. SENDING is a lease: a worker that dies leaves the mail to the next one."""

    PENDING = "PENDING"
    SENDING = "SENDING"
    SENT = "SENT"
    FAILED = "FAILED"
    DROPPED = "DROPPED"


class Mail(Entity):
    """One message to one address. Its Message-ID never changes, so that a second copy is seen as the same message."""

    PREFIX: ClassVar[str] = "eml"
    REACH: ClassVar[Reach] = {Role.OPS: EVERYTHING}

    event: fields.ForeignKeyRelation[Event] = fields.ForeignKeyField(
        "models.Event", related_name="mails", on_delete=fields.RESTRICT
    )
    event_id: UUID
    recipient = fields.CharField(max_length=10)
    address = fields.CharField(max_length=254)
    template = fields.CharField(max_length=60)
    status = fields.CharEnumField(MailStatus, max_length=10, default=MailStatus.PENDING)
    attempts = fields.IntField(default=0)
    next_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)
    message_id = fields.CharField(max_length=300)
    fault = fields.CharField(max_length=100, default="")

    PERSONAL: ClassVar[Mapping[str, Personal]] = {"address": Personal("address")}
    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"recipient", "template", "message_id", "fault"})
    OF_STUDENT: ClassVar[str | None] = (
        "(mails.recipient = 'STUDENT' AND mails.event_id IN (SELECT id FROM events WHERE events.student_id = {student})"
        " OR lower(mails.address) = ANY ({addresses}))"
    )
    REMOVED_AT_ERASURE: ClassVar[bool] = True
    KEPT: ClassVar[Kept] = Kept(long="until the addressee is erased", why="what was sent to whom, once")

    class Meta:
        """UNIQUE: one mail for an event, address and template; one Message-ID. A trigger keeps what was sent."""

        table = "mails"
        unique_together = (("event_id", "address", "template"),)
