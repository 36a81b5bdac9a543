"""Tasks and queues as clients see them (NO-5)."""

from datetime import datetime

import strawberry

from models.accounts.accounts import PEOPLE
from models.tasks.kinds import TaskName
from operations.mutations import mutation
from operations.queries import query, relation
from operations.reads.nodes import SUBJECT
from resolvers.tasks import tasks as resolvers
from schema.base.shape import Connection, Node, payload, shown, value


@value
class Task:
    """Something that waits for somebody, with the time by which it is due and the mutation that does it (NO-5)."""

    id: strawberry.ID = relation(resolvers.ID, "Id of the task, the same for as long as it waits.")
    kind: TaskName = relation(resolvers.KIND, "Kind of the task.")
    title: str = relation(resolvers.TITLE, "What is to be done, in a few words.")
    since: datetime = shown("Since when it waits.")
    due_at: datetime = shown("When it is due.")
    overdue: bool = shown("Whether that time has passed.")
    subject: Node | None = relation(SUBJECT, "Object that it is about.")
    mutations: list[str] = relation(resolvers.MUTATIONS, "Names of the mutations of which one does it.")
    page: str | None = relation(resolvers.PAGE, "Path of the page on which it is done; null if there is none.")
    taken_by: str | None = shown("Name of the person who has taken it; null if nobody has.")
    taken_by_you: bool = shown("Whether you have taken it.")
    taken_until: datetime | None = shown("Until when it is taken; null if nobody has.")


@value
class Queue:
    """A kind of task that several people share, in numbers."""

    kind: TaskName = relation(resolvers.KIND, "Kind of its tasks.")
    title: str = relation(resolvers.TITLE, "What is to be done, in a few words.")
    length: int = shown("Number of tasks that wait.")
    since: datetime | None = shown("Since when the oldest one waits; null if none waits.")
    oldest_seconds: int = shown("Age of the oldest one in seconds; 0 if none waits.")
    target_hours: int = relation(resolvers.TARGET_HOURS, "Hours within which a task of this kind should be done.")
    beyond_target: int = shown("Number of tasks that wait for longer than that.")
    overdue: int = shown("Number of tasks whose due time has passed.")
    taken: int = shown("Number of tasks that somebody has taken.")


class Query:
    """What tasks add to Query."""

    tasks: Connection[Task] | None = query(resolvers.many, allow=PEOPLE)
    ops_queues: list[Queue] | None = query(resolvers.queues, allow=resolvers.STAFF_ROLES)


class Mutation:
    """What tasks add to Mutation."""

    take_task = mutation(
        resolvers.take, answers=payload("TakeTask", Task), allow=resolvers.STAFF_ROLES, idempotent=False
    )
    release_task = mutation(
        resolvers.release, answers=payload("ReleaseTask", Task), allow=resolvers.STAFF_ROLES, idempotent=False
    )
