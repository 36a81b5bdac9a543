"""The handle that a job's work is given: how far it is, whether it may go on, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from models.accounts.accounts import Account, Membership
from models.base.access import Viewer
from models.base.ids import encode
from models.base.statements import write
from models.files import files
from models.files.files import File, FilePurpose
from models.jobs import queue
from models.jobs.jobs import Job
from models.jobs.kinds import JobKind, Result
from models.jobs.queue import Claimed

BEAT_SECONDS = 10.0
"""How often the lease is renewed, progress or not."""
WRITE_SECONDS = 1.0
"""How often progress is written at the most."""
WITHIN_SECONDS = 10.0
"""How long writing it may take."""

RESULT_BYTES_MAX = 100_000_000
LOST = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

log = structlog.get_logger()


class JobCancelledError(Exception):
    """The job was cancelled: its work ends where it stands."""


class LeaseLostError(Exception):
    """The job is another worker's by now, or nobody can tell: nothing more may be written for it."""


class ReachLostError(Exception):
    """Whoever asked for it may not have it any more."""


class TooLargeError(Exception):
    """A result has more than RESULT_BYTES_MAX."""


class Progress:
    """One attempt at a job. `viewer` is who asked for it, with the reach that they had when the attempt began."""

    def __init__(
        self,
        job: Claimed,
        kind: JobKind,
        *,
        viewer: Viewer,
        at: datetime,
        now: Callable[[], Awaitable[datetime]],
        connect: Callable[[], Awaitable[Any]],
    ) -> None:
        self.job = job
        self.kind = kind
        self.viewer = viewer
        self.at = at
        self.done = 0
        self.total: int | None = None
        self.finished = False
        self._now = now
        self._connect = connect
        self._connection: Any = None
        self._writing = asyncio.Lock()
        self._cancelled = self._lost = False
        self._written_at = float("-inf")
        self._sure_until = loop_time() + queue.LEASE.total_seconds()

    def id_of(self, name: str) -> UUID:
        """An argument that is an id."""
        return UUID(str(self.job.args[name]))

    async def step(self, done: int, total: int | None = None) -> None:
        """So much is done, of so much if that is known. Cheap: it is written once a second at the most.

        Raises JobCancelledError, LeaseLostError; the work lets them pass.
        """
        self.done, self.total = done if total is None else min(done, total), total
        if loop_time() - self._written_at >= WRITE_SECONDS:
            await self._write()
        self._go_on()

    async def prepared(self, result: Result) -> File:
        """Put a result into the store, before the transaction that `finish` ends; not inside one.

        Raises TooLargeError, StoreError. What is never finished is swept.
        """
        if len(result.content) > RESULT_BYTES_MAX:
            raise TooLargeError
        at = await self._now()
        return await files.prepare(
            result.content,
            purpose=FilePurpose.RESULT,
            name=result.name,
            media_type=result.media_type,
            by=self.viewer,
            at=at,
            expires_at=at + self.kind.result_lasts,
            student_id=self.job.student_id,
        )

    async def finish(self, file: File | None = None) -> None:
        """The job is done, from the commit of the transaction that runs: with it and its result, or not at all.

        Work that changes something calls it last in its own transaction. Raises ReachLostError, JobCancelledError,
        LeaseLostError, each of which undoes that transaction.
        """
        at = await self._now()
        viewer = await still_reached(self.job, self.kind, at=at)
        if file is not None:
            await write(file, files.stored_event(file, by=viewer, at=at))
        if not await queue.finish(self.job, file_id=file.id if file else None, at=at):
            # Not over the other connection: this transaction holds the row if it waited for who cancelled it.
            raise JobCancelledError if await queue.is_mine(self.job) else LeaseLostError
        self.finished = True

    async def keep(self) -> None:
        """Renew the lease until it is lost; the runner does this beside the work."""
        while not self._lost:
            await asyncio.sleep(BEAT_SECONDS)
            await self._write()

    def close(self) -> None:
        """Let the connection go."""
        self._drop_connection()

    def _go_on(self) -> None:
        if self._lost:
            raise LeaseLostError
        if self._cancelled:
            raise JobCancelledError

    async def _write(self) -> None:
        """Write what is done and renew the lease. A failure is made up for by the next time, if the lease lasts."""
        try:
            async with self._writing, asyncio.timeout(WITHIN_SECONDS):
                await self._renew()
        except LOST as error:
            log.warning("job.not_renewed", job=encode(Job.PREFIX, self.job.id), error=type(error).__name__)
            self._drop_connection()
            self._lost = loop_time() > self._sure_until - WITHIN_SECONDS

    async def _renew(self) -> None:
        """The same, over the connection that is for nothing else."""
        if self._connection is None:
            self._connection = await self._connect()
        asked_at = self._written_at = loop_time()
        row = await self._connection.fetchrow(
            queue.RENEW, self.job.id, self.job.lease, queue.LEASE, self.done, self.total
        )
        if row is None:
            self._lost = not self.finished
        else:
            self._sure_until = asked_at + queue.LEASE.total_seconds()
            self._cancelled = row["cancelled"]

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


async def requester(job: Claimed, *, at: datetime) -> Viewer:
    """Who asked for the job, as they are now. Raises ReachLostError when the membership has ended or lapsed, or the
    account was shut.
    """
    membership = await Membership.get(id=job.membership_id)
    account = await Account.get(id=membership.account_id)
    if membership.ended_at is not None or membership.has_lapsed(at) or account.disabled_at is not None:
        raise ReachLostError
    return membership.viewer()


async def still_reached(job: Claimed, kind: JobKind, *, at: datetime) -> Viewer:
    """The requester, who still reaches what the job is about. Raises ReachLostError."""
    viewer = await requester(job, at=at)
    for name, model in kind.reaches.items():
        if await model.visible(viewer, UUID(str(job.args[name]))) is None:
            raise ReachLostError
    return viewer


def loop_time() -> float:
    """Seconds on a clock that nobody moves."""
    return asyncio.get_running_loop().time()
