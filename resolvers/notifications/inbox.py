"""What the inbox tells."""

from __future__ import annotations

from collections.abc import AsyncIterator

from models.base.events import Event
from operations.broker import ChangeNotice, Topic
from operations.changes import told
from operations.context import Context

INBOX = Topic(model=Event, row_of=lambda fact: fact.event_id)


def inbox(context: Context) -> AsyncIterator[ChangeNotice]:
    """Events that concern you, as they happen. The first message has `refetch: true`."""
    return told(context, INBOX)
