"""The queue of jobs in the database: one taken at a time under a lease, and each later word conditional on that lease.

A lease is compared with the database's own clock: it is about processes, not about the program's time, which a demo
server can move, and no two machines have to agree on it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from models.base.ids import new_id
from models.base.statements import fetch_one
from models.jobs.jobs import ATTEMPTS_MAX, FIRST_WAIT, JobFault, JobState

LEASE = timedelta(seconds=60)
"""How long a job belongs to the worker that took it, if it says nothing more: then its worker is taken for dead."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A job as a worker took it: its own as long as the row holds this lease."""

    id: UUID
    kind: str
    args: dict[str, Any]
    membership_id: UUID
    student_id: UUID | None
    state: JobState
    attempts: int
    lease: UUID | None


# Whose worker died is tried again, unless it was cancelled meanwhile or this was the last attempt.
CLAIM = f"""
WITH due AS (
    SELECT id, CASE WHEN cancel_requested_at IS NOT NULL THEN 'CANCELLED'
                    WHEN attempts >= {ATTEMPTS_MAX} THEN 'FAILED' ELSE 'RUNNING' END AS fate
      FROM jobs
     WHERE (state = 'WAITING' AND next_at <= $1 OR state = 'RUNNING' AND lease_until <= clock_timestamp())
       AND kind = ANY ($2)
     ORDER BY next_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE jobs SET
    state = fate,
    attempts = attempts + (fate = 'RUNNING')::int,
    lease = CASE fate WHEN 'RUNNING' THEN $3::uuid END,
    lease_until = CASE fate WHEN 'RUNNING' THEN clock_timestamp() + $4::interval END,
    started_at = coalesce(started_at, CASE fate WHEN 'RUNNING' THEN greatest($1, created_at) END),
    ended_at = CASE WHEN fate <> 'RUNNING' THEN greatest($1, created_at) END,
    fault = CASE fate WHEN 'FAILED' THEN 'WORKER_DIED' END,
    done = CASE fate WHEN 'RUNNING' THEN 0 ELSE done END,
    total = CASE fate WHEN 'RUNNING' THEN NULL ELSE total END
  FROM due WHERE jobs.id = due.id
RETURNING jobs.id, kind, args, membership_id, student_id, state, attempts, lease
"""

MINE = "id = $1 AND lease = $2"
"""The job is still this worker's: whoever takes it after the lease gives it another."""

RENEW = f"""
UPDATE jobs SET lease_until = clock_timestamp() + $3::interval, done = $4, total = $5 WHERE {MINE}
RETURNING cancel_requested_at IS NOT NULL AS cancelled
"""
"""Sent over a connection of its own: what the job's own transaction writes is seen by nobody until it ends."""

ENDED = "lease = NULL, lease_until = NULL, ended_at = greatest($3, created_at)"


async def claim(*, at: datetime, kinds: Collection[str], lease: timedelta = LEASE) -> Claimed | None:
    """Take the job that waits longest, or whose worker's lease has ended; None if there is none.

    One that is over with that, cancelled or given up, is answered in its last state.
    """
    row = await fetch_one(CLAIM, at, list(kinds), new_id(), lease)
    if row is None:
        return None
    return Claimed(**(dict(row) | {"state": JobState(row.state), "args": orjson.loads(row.args)}))


async def finish(job: Claimed, *, file_id: UUID | None = None, at: datetime) -> bool:
    """It is done, with this result; False if its lease is lost or it was cancelled."""
    row = await fetch_one(
        f"UPDATE jobs SET state = 'DONE', {ENDED}, done = coalesce(total, done), result_file_id = $4"
        f" WHERE {MINE} AND cancel_requested_at IS NULL RETURNING id",
        job.id, job.lease, at, file_id,
    )  # fmt: skip
    return row is not None


async def is_mine(job: Claimed) -> bool:
    """Whether it is still under this lease."""
    return await fetch_one(f"SELECT 1 AS mine FROM jobs WHERE {MINE}", job.id, job.lease) is not None


async def cancelled(job: Claimed, *, at: datetime) -> bool:
    """It was cancelled and has stopped; False if it is not this worker's any more."""
    row = await fetch_one(
        f"UPDATE jobs SET state = 'CANCELLED', {ENDED} WHERE {MINE} AND cancel_requested_at IS NOT NULL RETURNING id",
        job.id, job.lease, at,
    )  # fmt: skip
    return row is not None


async def give_up(job: Claimed, fault: JobFault, *, at: datetime) -> bool:
    """It cannot be done, now or later; False if it is not this worker's any more."""
    row = await fetch_one(
        f"UPDATE jobs SET state = 'FAILED', {ENDED}, fault = $4 WHERE {MINE} RETURNING id",
        job.id, job.lease, at, fault.value,
    )  # fmt: skip
    return row is not None


async def put_off(job: Claimed, fault: JobFault, *, at: datetime) -> bool:
    """Try again later; False when it was tried often enough, and is given up, or is not this worker's any more."""
    if job.attempts >= ATTEMPTS_MAX:
        await give_up(job, fault, at=at)
        return False
    return await waits_again(job, next_at=at + FIRST_WAIT * (1 << job.attempts - 1), attempts=job.attempts)


async def give_back(job: Claimed, *, at: datetime) -> bool:
    """Put it back, as the worker is being stopped: this was no attempt."""
    return await waits_again(job, next_at=at, attempts=job.attempts - 1)


async def waits_again(job: Claimed, *, next_at: datetime, attempts: int) -> bool:
    """It waits for another attempt, or is over if it was cancelled meanwhile."""
    row = await fetch_one(
        "UPDATE jobs SET lease = NULL, lease_until = NULL, next_at = $3, attempts = $4,"
        " state = CASE WHEN cancel_requested_at IS NULL THEN 'WAITING' ELSE 'CANCELLED' END,"
        " ended_at = CASE WHEN cancel_requested_at IS NOT NULL THEN greatest(cancel_requested_at, created_at) END"
        f" WHERE {MINE} RETURNING id",
        job.id, job.lease, next_at, attempts,
    )  # fmt: skip
    return row is not None
