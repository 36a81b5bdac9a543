"""How requests about tasks are answered (NO-5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from execution import Computed, Selection
from models.base.errors import Code, Refusal, not_found
from models.base.ids import MalformedIdError
from models.tasks import tasks, work_claims
from models.tasks.kinds import TaskKind, TaskName, kinds
from models.tasks.tasks import STAFF, Place, Stretch, Wanted
from operations.arguments import Filter
from operations.context import Context
from operations.reads.cursors import Places
from operations.reads.pages import Count, Page, PageRequest
from operations.reads.rows import find_locked

OfTask = Annotated[strawberry.ID, "Id of the task."]


class TaskFilter(Filter):
    """Conditions on a list of tasks; all must hold."""

    kind: Annotated[list[TaskName] | None, "Is of one of these kinds."] = None
    overdue: Annotated[bool | None, "True: due by now. False: not due yet."] = None
    taken: Annotated[bool | None, "True: somebody has taken it. False: nobody has."] = None


class TaskPlaces(Places):
    """The cursors of a list of tasks."""

    __slots__ = ()

    def of(self, row: Any) -> str:
        """The place of a task."""
        return self.sealed(row.subject_id, [row.due_at, row.kind])

    def place(self, cursor: str | None, *, argument: str) -> Place | None:
        """The place that a cursor stands for. Raises BAD_INPUT."""
        if cursor is None:
            return None
        (due_at, kind), id = self.opened(cursor, argument=argument)
        return Place(datetime.fromisoformat(due_at), id, kind)


async def many(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    filter: Annotated[TaskFilter | None, "Which tasks."] = None,
) -> Page:
    """What waits for you under your current membership, soonest due first (NO-5)."""
    given: Mapping[str, Any] = {} if filter is None else vars(filter)
    wanted = Wanted(names=given.get("kind"), overdue=given.get("overdue"), taken=given.get("taken"))
    places = TaskPlaces(context.viewer, "tasks", page.asked)
    stretch = Stretch(
        most=page.size + 1,
        after=places.place(page.after, argument="after"),
        before=places.place(page.before, argument="before"),
        backward=page.backward,
    )
    rows = await tasks.waiting(context.viewer, wanted, stretch, at=context.now)
    context.touch_students(row.record_of for row in rows[: page.size])

    async def count() -> dict[Any, int]:
        return {None: await tasks.count(context.viewer, wanted, at=context.now)}

    return Page(rows, request=page, cursors=places, count=Count(count))


async def queues(context: Context, selection: Selection) -> list[Any]:
    """The queues of the program's staff: how long each is, and how it keeps to its target (NO-5)."""
    return await tasks.queues(at=context.now)


async def take(context: Context, *, task_id: OfTask) -> Any:
    """Take a task of a queue for 30 minutes, in which nobody else decides it; take it again to go on (NO-5)."""
    kind, subject_id = of_queue(context, task_id)
    await find_locked(context, kind.subject, subject_id, path="taskId")
    await work_claims.take(kind, subject_id, by=context.viewer, at=context.now)
    return await as_it_is(context, kind, subject_id)


async def release(context: Context, *, task_id: OfTask) -> Any:
    """Give a task back before its time is over; nothing happens if you have not taken it (NO-5)."""
    kind, subject_id = of_queue(context, task_id)
    await find_locked(context, kind.subject, subject_id, path="taskId")
    await work_claims.release(kind, subject_id, by=context.viewer)
    return await as_it_is(context, kind, subject_id)


async def as_it_is(context: Context, kind: TaskKind, subject_id: UUID) -> Any:
    """The task as it is listed now. Raises NOT_OPEN for one that is done."""
    found = await tasks.one(context.viewer, kind, subject_id, at=context.now)
    if found is None:
        raise work_claims.DONE
    return found


def of_queue(context: Context, id: str) -> tuple[TaskKind, UUID]:
    """The kind and the subject of a task in one of the viewer's queues. Raises INVALID, NOT_FOUND."""
    try:
        kind, subject_id = tasks.known_by(id)
    except MalformedIdError:
        raise Refusal(
            Code.INVALID, "This is not the id of a task.", path=["taskId"], fix="Send an id returned by the API."
        ) from None
    if not kind.is_queue or context.viewer.role not in kind.whose:
        raise not_found("task", path=["taskId"])
    return kind, subject_id


def kind_of(row: Any) -> TaskKind:
    """What is known of a row's kind."""
    return kinds()[TaskName(row.kind)]


ID = Computed(lambda row: tasks.task_id(row.kind, row.subject_id), needs=("kind", "subject_id"))
KIND = Computed(lambda row: TaskName(row.kind), needs=("kind",))
TITLE = Computed(lambda row: kind_of(row).title, needs=("kind",))
MUTATIONS = Computed(lambda row: list(kind_of(row).mutations), needs=("kind",))
PAGE = Computed(lambda row: kind_of(row).page, needs=("kind",))
TARGET_HOURS = Computed(lambda row: tasks.hours_of(kind_of(row)), needs=("kind",))
STAFF_ROLES = sorted(STAFF)
