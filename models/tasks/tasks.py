"""What waits for a viewer, of all kinds together, soonest due first; and how long the queues are (NO-5)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from models.base.access import Role, Viewer, numbered
from models.base.ids import MalformedIdError, encode, split
from models.base.statements import fetch
from models.tasks.kinds import TaskKind, TaskName, kinds, kinds_of

STARTS_WITH = "tsk_"
STAFF = frozenset({Role.OPS, Role.FINANCE})
"""The roles whose people share queues."""


class Place(NamedTuple):
    """Where a task stands in the one order of all tasks."""

    due_at: datetime
    subject_id: UUID
    kind: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which tasks: of these kinds, due by now or not, taken by somebody or not, or one alone; None for all."""

    names: Collection[TaskName] | None = None
    overdue: bool | None = None
    taken: bool | None = None
    subject_id: UUID | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A part of the list: so many at most, behind `after` and in front of `before`, from its end if `backward`."""

    most: int
    after: Place | None = None
    before: Place | None = None
    backward: bool = False


def task_id(name: str, subject_id: UUID) -> str:
    """The id of a task: its kind and its subject, and so the same for as long as it waits."""
    return encode(STARTS_WITH + name.lower(), subject_id)


def known_by(id: str) -> tuple[TaskKind, UUID]:
    """The kind and the subject of a task's id. Raises MalformedIdError for what is no id of a task."""
    prefix, subject_id = split(id)
    for name, kind in kinds().items():
        if prefix == STARTS_WITH + name.lower():
            return kind, subject_id
    raise MalformedIdError("not the id of a task")


async def waiting(viewer: Viewer, wanted: Wanted, stretch: Stretch, *, at: datetime) -> list[Any]:
    """The tasks of a stretch, with who has taken each; of a stretch from the end the last one first."""
    values: list[Any] = [at, viewer.account_id]
    beyond = ""
    for place, sign in ((stretch.after, ">"), (stretch.before, "<")):
        if place is not None:
            first = len(values) + 1
            slots = f"${first}::timestamptz, ${first + 1}::uuid, ${first + 2}::text"
            beyond += f" AND (task.due_at, task.subject_id, task.kind) {sign} ({slots})"
            values.extend(place)
    way = "DESC" if stretch.backward else "ASC"
    order = f"ORDER BY task.due_at {way}, task.subject_id {way}, task.kind {way} LIMIT {stretch.most}"
    parts = [f"(SELECT * FROM ({part}) task WHERE true{beyond} {order})" for part in parts_of(viewer, wanted, values)]
    if not parts:
        return []
    return await of_viewer(viewer, WITH_TAKERS.format(parts=" UNION ALL ".join(parts), order=order), values)


async def count(viewer: Viewer, wanted: Wanted, *, at: datetime) -> int:
    """How many there are."""
    values: list[Any] = [at]
    parts = [f"SELECT count(*) AS n FROM ({part}) task" for part in parts_of(viewer, wanted, values)]
    if not parts:
        return 0
    # The time is named for those kinds that do not ask for it.
    text = f"SELECT sum(n)::int AS n FROM ({' UNION ALL '.join(parts)}) counted WHERE $1::timestamptz IS NOT NULL"
    (row,) = await of_viewer(viewer, text, values)
    return int(row.n)


WITH_TAKERS = """
SELECT task.*, task.due_at <= $1::timestamptz AS overdue, held.until AS taken_until, holder.name AS taken_by,
       coalesce(held.account_id = $2::uuid, false) AS taken_by_you
  FROM ({parts}) task
  LEFT JOIN work_claims held
    ON held.kind = task.kind AND held.subject_id = task.subject_id AND held.until > $1::timestamptz
  LEFT JOIN accounts holder ON holder.id = held.account_id
 {order}
"""


def parts_of(viewer: Viewer, wanted: Wanted, values: list[Any]) -> list[str]:
    """A SELECT for each kind that waits for the viewer and is wanted; values that they need are added."""
    found = [kind for kind in kinds_of(viewer.role) if wanted.names is None or kind.name in wanted.names]
    only = ""
    if wanted.subject_id is not None:
        values.append(wanted.subject_id)
        only = f"${len(values)}::uuid"
    return [part_of(kind, viewer, wanted, only) for kind in found]


def part_of(kind: TaskKind, viewer: Viewer, wanted: Wanted, only: str) -> str:
    """The tasks of one kind: a SELECT whose slots of the viewer are open."""
    conditions = [kind.condition(viewer.role, needs_second_factor=viewer.needs_second_factor)]
    if only:
        conditions.append(f"{kind.table}.id = {only}")
    if wanted.overdue is not None:
        conditions.append(f"{kind.due} {'<=' if wanted.overdue else '>'} {{at}}")
    if wanted.taken is not None:
        conditions.append(("" if wanted.taken else "NOT ") + is_taken(kind))
    record = kind.subject.RECORD_OF
    text = (
        f"SELECT '{kind.name.value}'::text AS kind, '{kind.subject.PREFIX}'::text AS subject_type,"
        f" {kind.table}.id AS subject_id, {kind.since} AS since, {kind.due} AS due_at,"
        f" {f'{kind.table}.{record}' if record else 'NULL'}::uuid AS record_of"
        f" FROM {kind.table} WHERE {' AND '.join(conditions)}"
    )
    return text.replace("{at}", "$1::timestamptz")


def is_taken(kind: TaskKind) -> str:
    """The condition that somebody has taken a task."""
    return (
        f"EXISTS (SELECT 1 FROM work_claims held WHERE held.kind = '{kind.name.value}'"
        f" AND held.subject_id = {kind.table}.id AND held.until > {{at}})"
    )


async def of_viewer(viewer: Viewer, text: str, values: Sequence[Any]) -> list[Any]:
    """The rows of a statement with the viewer's own ids behind its values."""
    statement, names = numbered(text, len(values) + 1)
    return await fetch(statement, *values, *[getattr(viewer, name) for name in names])


async def one(viewer: Viewer, kind: TaskKind, subject_id: UUID, *, at: datetime) -> Any:
    """One task as it is in a viewer's list, or None."""
    rows = await waiting(viewer, Wanted(names=[kind.name], subject_id=subject_id), Stretch(most=1), at=at)
    return rows[0] if rows else None


async def queues(*, at: datetime) -> list[Any]:
    """Each queue of the program's staff: its kind, length, the oldest's `since`, how many are overdue and taken."""
    parts = [queue_of(kind) for kind in kinds().values() if kind.is_queue and STAFF & kind.whose.keys()]
    return await fetch(" UNION ALL ".join(parts), at) if parts else []


def hours_of(kind: TaskKind) -> int:
    """The target of a queue, in hours."""
    assert kind.target is not None, "a queue has a target"
    return int(kind.target.total_seconds() // 3600)


def queue_of(kind: TaskKind) -> str:
    """The numbers of one queue."""
    text = (
        f"SELECT '{kind.name.value}'::text AS kind, count(*)::int AS length, min({kind.since}) AS since,"
        f" count(*) FILTER (WHERE {kind.due} <= {{at}})::int AS overdue,"
        f" count(*) FILTER (WHERE {is_taken(kind)})::int AS taken,"
        f" count(*) FILTER (WHERE {kind.since} < {{at}} - interval '{hours_of(kind)} hours')::int AS beyond_target,"
        f" coalesce(greatest(extract(epoch FROM {{at}} - min({kind.since})), 0), 0)::int AS oldest_seconds"
        f" FROM {kind.table} WHERE {kind.waits}"
    )
    return text.replace("{at}", "$1::timestamptz")
