"""Kinds of jobs to test with, members who start them, and a runner that needs no worker."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import asyncpg

from database import apart, credentials, url_of
from models.accounts.accounts import Account, Membership
from models.base.access import Role, Viewer
from models.base.ids import new_id
from models.base.statements import execute, transaction, write
from models.jobs import jobs
from models.jobs.jobs import Job
from models.jobs.kinds import KINDS, JobKind, Work
from models.jobs.progress import Progress
from models.jobs.runner import Runner
from models.schools.students import Student
from settings import Settings
from tests.support.world import AT

STEPS = 3


async def by_steps(progress: Progress) -> None:
    """Work of three steps that leads to nothing."""
    for number in range(STEPS):
        await progress.step(number, STEPS)


async def failing(progress: Progress) -> None:
    """Work that never succeeds."""
    raise RuntimeError


async def slow_statement(progress: Progress) -> None:
    """One statement that takes longer than the kind allows."""
    await execute("SELECT pg_sleep(5)")


async def never_ending(progress: Progress) -> None:
    """Work that would go on for ever."""
    await asyncio.Event().wait()


EVERYBODY = frozenset(Role)
BY_STEPS = JobKind(name="test.steps", title="Three steps.", roles=EVERYBODY, work=by_steps)
FAILING = JobKind(name="test.failing", title="Fails.", roles=EVERYBODY, work=failing)
SLOW = JobKind(name="test.slow", title="Slow.", roles=EVERYBODY, work=slow_statement, statement_seconds=0.1)
ENDLESS = JobKind(name="test.endless", title="Endless.", roles=EVERYBODY, work=never_ending, seconds_max=0.05)
OF_STUDENT = JobKind(
    name="test.of_student", title="Of a student.", roles=EVERYBODY, work=by_steps, reaches={"student_id": Student}
)
KINDS.update({kind.name: kind for kind in (BY_STEPS, FAILING, SLOW, ENDLESS, OF_STUDENT)})


def doing(work: Work, **more: Any) -> JobKind:
    """A kind of this work, known from now on."""
    kind = JobKind(name="test.own", title="Own.", roles=EVERYBODY, work=work, **{"seconds_max": 30, **more})
    KINDS[kind.name] = kind
    return kind


async def member_of(role: Role = Role.FINANCE, **subject: Any) -> Viewer:
    """Somebody of this role, with an account and a membership."""
    account = Account(email=f"{new_id()}@example.test", name="Somebody", created_at=AT)
    membership = Membership(account_id=account.id, role=role, created_at=AT, **subject)
    await write(account, membership)
    return membership.viewer()


async def started(kind: JobKind = BY_STEPS, *, by: Viewer | None = None, at: datetime = AT, **args: Any) -> Job:
    """A job of this kind that waits, its start committed."""
    by = by or await member_of()
    async with transaction():
        return await jobs.start(kind, args, by=by, at=at)


async def cancelled(job: Job, *, by: Viewer, at: datetime = AT) -> None:
    """The job, cancelled, and that committed."""
    async with transaction():
        await jobs.cancel(await Job.locked(job.id), by=by, at=at)


def runner_on(settings: Settings, *, at: datetime = AT, stop: asyncio.Event | None = None) -> Runner:
    """A runner for whom it is always the same time."""

    async def now() -> datetime:
        return at

    connect: Callable[[], Awaitable[Any]] = lambda: asyncpg.connect(**credentials(url_of(settings)))  # noqa: E731
    return Runner(
        now=now,
        connect=connect,
        apart=lambda seconds: apart(settings, statement_seconds=seconds),
        stop=stop or asyncio.Event(),
    )


async def lapse(job: Job) -> None:
    """A minute passes in which the job's worker says nothing: its lease is over."""
    await execute("UPDATE jobs SET lease_until = clock_timestamp() WHERE id = $1", job.id)
