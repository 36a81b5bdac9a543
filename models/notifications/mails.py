"""Mails: one message to one address about one event, from its writing to its being sent (NO-2).

A mail holds no content. It says of which event, to whom and by which template; its words are made at sending.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from models.base.access import EVERYTHING, Entity, Reach, Role
from models.base.events import Event


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

    class Meta:
        """UNIQUE: one mail for an event, address and template; one Message-ID. A trigger keeps what was sent."""

        table = "mails"
        unique_together = (("event_id", "address", "template"),)
