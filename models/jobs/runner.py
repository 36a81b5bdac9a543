"""The runner: takes jobs from the queue, one after the other, and sees each to the end that it deserves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import structlog

from models.base.ids import encode
from models.base.statements import transaction
from models.jobs import queue
from models.jobs.jobs import Job, JobFault, JobState
from models.jobs.kinds import KINDS, JobKind
from models.jobs.progress import (
    JobCancelledError,
    LeaseLostError,
    Progress,
    ReachLostError,
    TooLargeError,
    still_reached,
)
from models.jobs.queue import Claimed

log = structlog.get_logger()


class StoppedError(Exception):
    """The worker is being stopped."""


class OverdueError(Exception):
    """The attempt took longer than its kind may."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Runner:
    """What jobs need of the process that runs them.

    `now` is the program's time, `connect` makes a connection for progress and lease, `apart` opens connections of the
    job's own for the length of a block, on which no statement takes longer than so many seconds.
    """

    now: Callable[[], Awaitable[datetime]]
    connect: Callable[[], Awaitable[Any]]
    apart: Callable[[float], AbstractAsyncContextManager[None]]
    stop: asyncio.Event

    async def run_next(self, at: datetime) -> bool:
        """Do the job whose turn it is; False if there is none."""
        if self.stop.is_set() or (job := await queue.claim(at=at, kinds=KINDS)) is None:
            return False
        if job.state is JobState.RUNNING:
            await self.run(job, KINDS[job.kind], at)
        else:
            tell("job.over", job, state=job.state.value)
        return True

    async def run(self, job: Claimed, kind: JobKind, at: datetime) -> None:
        """One attempt, and what becomes of the job by it. What is written here holds only under the job's lease."""
        try:
            await self.attempt(job, kind, at)
        except LeaseLostError:
            tell("job.lease_lost", job)
        except StoppedError:
            await queue.give_back(job, at=await self.now())
        except JobCancelledError:
            await queue.cancelled(job, at=await self.now())
        except ReachLostError:
            await self.give_up(job, JobFault.REACH_LOST)
        except OverdueError:
            await self.give_up(job, JobFault.TIMED_OUT)
        except TooLargeError:
            await self.give_up(job, JobFault.TOO_LARGE)
        except Exception as error:
            tell("job.failed", job, error=type(error).__name__)
            limited = isinstance(error, asyncpg.QueryCanceledError)
            await queue.put_off(job, JobFault.TIMED_OUT if limited else JobFault.INTERNAL, at=await self.now())

    async def give_up(self, job: Claimed, fault: JobFault) -> None:
        """It has failed for good."""
        tell("job.given_up", job, fault=fault.value)
        await queue.give_up(job, fault, at=await self.now())

    async def attempt(self, job: Claimed, kind: JobKind, at: datetime) -> None:
        """Do the work while the lease holds, the worker is not stopped, and its time is not over."""
        viewer = await still_reached(job, kind, at=at)
        progress = Progress(job, kind, viewer=viewer, at=at, now=self.now, connect=self.connect)
        work = asyncio.create_task(self.work(progress))
        lease, stopped = asyncio.create_task(progress.keep()), asyncio.create_task(self.stop.wait())
        try:
            await asyncio.wait((work, lease, stopped), timeout=kind.seconds_max, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise LeaseLostError if lease.done() else StoppedError if stopped.done() else OverdueError
            await work
        finally:
            await ended(work, lease, stopped)
            progress.close()

    async def work(self, progress: Progress) -> None:
        """The work itself, and its end, on connections of its own."""
        async with self.apart(progress.kind.statement_seconds):
            result = await progress.kind.work(progress)
            if progress.finished:
                return
            file = None if result is None else await progress.prepared(result)
            async with transaction():
                await progress.finish(file)


async def ended(*tasks: asyncio.Task[Any]) -> None:
    """Cancel what still runs, and wait until it has let go of what it holds."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def tell(what: str, job: Claimed, **more: str) -> None:
    """A word to the log: which job and what of it, never what it is about."""
    log.warning(what, job=encode(Job.PREFIX, job.id), kind=job.kind, attempts=job.attempts, **more)
