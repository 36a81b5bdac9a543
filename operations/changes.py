"""What subscriptions wait for: the changes of one topic that the viewer may see."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from uuid import UUID

from models.base.changes import Fact
from models.base.events import Event
from operations.broker import ChangeNotice, Topic
from operations.context import Context
from operations.reads.relations import to_one


def subject_of(prefix: str, fact: Fact) -> UUID | None:
    """The id of the event's subject, if it is of this kind."""
    return fact.subject_id if fact.subject_type == prefix else None


async def told(context: Context, topic: Topic, only: UUID | None = None) -> AsyncIterator[ChangeNotice]:
    """The changes of one topic that the viewer may see."""
    async with aclosing(context.environment.broker.changes(context.viewer, topic, only=only)) as changes:  # type: ignore[type-var]
        async for change in changes:
            yield change


EVENT = to_one(Event, by="event_id")
"""The event of a change."""
