"""What the inbox tells."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from execution import Batched, Selection
from models.base.events import Event
from operations.broker import ChangeNotice, Topic
from operations.changes import told
from operations.context import Context
from operations.reads.nodes import NODES
from operations.reads.rows import rows_where

INBOX = Topic(model=Event, row_of=lambda fact: fact.event_id)


def inbox(context: Context) -> AsyncIterator[ChangeNotice]:
    """All that happens and concerns you, as it happens. The first message says `refetch`."""
    return told(context, INBOX)


async def subjects(context: Context, parents: list[Any], selection: Selection) -> list[Any]:
    """For each change the object that the event happened to, if the viewer may see it."""
    wanted: dict[str, list[UUID]] = {}
    for parent in parents:
        if parent.subject is not None and parent.subject[0] in NODES:
            wanted.setdefault(parent.subject[0], []).append(parent.subject[1])
    found: dict[tuple[str, UUID], Any] = {}
    for prefix, ids in wanted.items():
        model, type_name = NODES[prefix]
        needs = selection.on(type_name).needs
        rows = await rows_where(context, model, needs, f"{model._meta.db_table}.id = ANY($1)", ids)
        found.update({(prefix, row.id): row for row in rows})
    return [found.get(parent.subject) for parent in parents]


SUBJECT = Batched(subjects)
