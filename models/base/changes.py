"""Changes as they are told to those who wait for them: read again by id, and shown to nobody who may not see them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from models.base.access import EVERYTHING, Entity, Viewer
from models.base.statements import fetch

CHANNEL = "events"
"""The channel on which the database tells the ids of events, once they are committed."""
ROWS_CHANNEL = "rows"
"""The channel on which it tells the ids of rows that change without an event, as the progress of a job does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """Whom and what one event is about: ids only."""

    event_id: UUID
    subject_type: str
    subject_id: UUID
    actor_id: UUID | None = None
    student_id: UUID | None = None
    provider_id: UUID | None = None
    school_id: UUID | None = None


async def facts_of_events(event_ids: Collection[UUID]) -> list[Fact]:
    """What these events are about, in the order in which they happened."""
    rows = await fetch(
        "SELECT id AS event_id, subject_type, subject_id, actor_id, student_id, provider_id, school_id"
        " FROM events WHERE id = ANY($1) ORDER BY id",
        list(event_ids),
    )
    return [Fact(**row) for row in rows]


async def visible(model: type[Entity], viewer: Viewer, ids: Collection[UUID]) -> set[UUID]:
    """Which of these rows exist for the viewer at this moment."""
    reach, own = model.reach_of(viewer, first=2)
    table = model._meta.db_table
    condition = "" if reach == EVERYTHING else f" AND {reach}"
    rows = await fetch(f"SELECT {table}.id FROM {table} WHERE {table}.id = ANY($1){condition}", list(ids), *own)
    return {row.id for row in rows}
