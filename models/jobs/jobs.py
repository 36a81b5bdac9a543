"""Jobs: what somebody asked for that takes longer than a request, and what became of it (PO-4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields

from models.accounts.accounts import PEOPLE, Membership
from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.effects import Leaving, student_erased
from models.base.errors import CONSTRAINTS, Code, Refusal, not_found
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.exports import in_record
from models.base.personal import Kept
from models.base.statements import Update, execute, fetch, fetch_one, write
from models.base.words import Words
from models.files.files import File
from models.jobs.kinds import JobKind

LIVE_MAX = 3
"""How many jobs of one membership wait or run at a time."""
ATTEMPTS_MAX = 5
FIRST_WAIT = timedelta(seconds=10)
"""How long a job waits after its first failed attempt; twice as long after each further one."""


class JobState(Words):
    """State of a job."""

    WAITING = "WAITING", "Waiting for its turn."
    RUNNING = "RUNNING", "Being worked on."
    DONE = "DONE", "Done; its result can be downloaded until it expires."
    FAILED = "FAILED", "Given up; `fault` says why."
    CANCELLED = "CANCELLED", "Cancelled before it was done."


class JobFault(Words):
    """Reason why a job was given up."""

    WORKER_DIED = "WORKER_DIED", "The program stopped each time while it worked on it. Start it again later."
    TIMED_OUT = "TIMED_OUT", "It took longer than it may. Start it again later, or ask for less at once."
    REACH_LOST = "REACH_LOST", "The access under which it was started has ended, so its result was dropped."
    TOO_LARGE = "TOO_LARGE", "Its result is larger than a file may be. Ask for less at once."
    INTERNAL = "INTERNAL", "Something unexpected went wrong each time. Tell support the id of this job."


LIVE = (JobState.WAITING, JobState.RUNNING)
LIVE_IN_SQL = "('WAITING', 'RUNNING')"


class Job(Entity):
    """One job: for whom, how far it is, whose lease it is under, and how it ended."""

    PREFIX: ClassVar[str] = "job"
    REACH: ClassVar[Reach] = dict.fromkeys(PEOPLE, "jobs.membership_id = {membership}") | {Role.OPS: EVERYTHING}
    RECORD_OF: ClassVar[str | None] = "student_id"

    kind = fields.CharField(max_length=60)
    args: dict[str, Any] = fields.JSONField()
    membership: fields.ForeignKeyRelation[Membership] = fields.ForeignKeyField(
        "models.Membership", related_name="jobs", on_delete=fields.RESTRICT
    )
    membership_id: UUID
    student_id = fields.UUIDField(null=True)
    state = fields.CharEnumField(JobState, max_length=9, default=JobState.WAITING)
    place = fields.SmallIntField()
    done = fields.IntField(default=0)
    total = fields.IntField(null=True)
    attempts = fields.SmallIntField(default=0)
    lease = fields.UUIDField(null=True)
    lease_until = fields.DatetimeField(null=True)
    next_at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    started_at = fields.DatetimeField(null=True)
    cancel_requested_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    fault = fields.CharEnumField(JobFault, max_length=20, null=True)
    result_file: fields.ForeignKeyNullableRelation[File] = fields.ForeignKeyField(
        "models.File", related_name="jobs", on_delete=fields.RESTRICT, null=True
    )
    result_file_id: UUID | None

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"kind", "args"})
    KEPT: ClassVar[Kept] = Kept(
        long="90 days after their end",
        why="what became of what was asked for: ids and words of lists",
        over="jobs.ended_at < {at} - interval '90 days'",
    )

    class Meta:
        """UNIQUE on the places of a membership bounds what is live; a trigger lets a job end once."""

        table = "jobs"
        indexes = [("membership_id", "created_at", "id"), ("created_at", "id")]


# Their own alone, so that the record is the same whoever makes it; that OPS started one is told by its event.
in_record(
    Job,
    "kind",
    "state",
    "created_at",
    "ended_at",
    where="jobs.membership_id IN (SELECT held.id FROM memberships held WHERE held.student_id = $1)",
)


TOO_MANY = Refusal(
    Code.CONFLICT,
    f"At most {LIVE_MAX} of your jobs can wait or run at a time.",
    rule="PO-4",
    fix="Wait until one of them has ended, or cancel one with cancelJob.",
)
HAS_ENDED = Refusal(
    Code.NOT_OPEN, "This job has ended.", rule="PO-4", path=["jobId"], fix="Start a new one if you still need it."
)
CONSTRAINTS["jobs_places"] = CONSTRAINTS["jobs_place"] = TOO_MANY
CONSTRAINTS["jobs_end_once"] = HAS_ENDED


async def start(
    kind: JobKind, args: Mapping[str, str | int | bool], *, student_id: UUID | None = None, by: Viewer, at: datetime
) -> Job:
    """Put a job in the queue. `student_id` is the student whose record it is about, if it is.

    Raises CONFLICT when the membership has LIVE_MAX live ones, NOT_FOUND when it reaches not what the job is about.
    """
    assert by.role in kind.roles, f"{kind.name} is not for {by.role}"
    for name, model in kind.reaches.items():
        if await model.visible(by, UUID(str(args[name]))) is None:
            raise not_found(name.removesuffix("_id"), path=[name])
    assert by.membership_id is not None, "a machine starts no job"
    # One after the other for each membership, so that two at once find different places.
    await fetch_one("SELECT id FROM memberships WHERE id = $1 FOR NO KEY UPDATE", by.membership_id)
    taken = {
        row.place
        for row in await fetch(
            f"SELECT place FROM jobs WHERE membership_id = $1 AND state IN {LIVE_IN_SQL}", by.membership_id
        )
    }
    free = next((place for place in range(1, LIVE_MAX + 1) if place not in taken), None)
    if free is None:
        raise TOO_MANY
    job = Job(
        kind=kind.name,
        args=dict(args),
        membership_id=by.membership_id,
        student_id=student_id,
        place=free,
        next_at=at,
        created_at=at,
    )
    await write(job, new_event(EventVerb.JOB_STARTED, job, by=by, at=at, kind=kind.name))
    return job


async def cancel(job: Job, *, by: Viewer, at: datetime) -> Job:
    """Cancel a locked job: at once while it waits, at its next step while it runs. Raises NOT_OPEN if it has ended."""
    if job.ended_at is not None:
        raise HAS_ENDED
    if job.cancel_requested_at is None:
        waits = job.state == JobState.WAITING
        ended: dict[str, Any] = {"state": JobState.CANCELLED, "ended_at": at} if waits else {}
        await write(Update(job, cancel_requested_at=at, **ended), new_event(EventVerb.JOB_CANCELLED, job, by=by, at=at))
    return job


@student_erased.effect
async def end_jobs_about(leaving: Leaving, *, by: Viewer, at: datetime) -> None:
    """End the live jobs about an erased student, whoever started them: what they made so far is never handed over."""
    await execute(
        "UPDATE jobs SET cancel_requested_at = coalesce(cancel_requested_at, $2),"
        " state = CASE state WHEN 'WAITING' THEN 'CANCELLED' ELSE state END,"
        " ended_at = CASE state WHEN 'WAITING' THEN $2 END"
        f" WHERE student_id = $1 AND state IN {LIVE_IN_SQL}",
        leaving.student_id, at,
    )  # fmt: skip
