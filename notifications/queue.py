"""The queue of mails in the database: taken under a lease, marked one by one, so that a crash loses none (NO-2)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.base.statements import execute, fetch

LEASE = timedelta(minutes=5)
"""How long a mail belongs to the worker that took it. After that its worker is taken for dead."""

ATTEMPTS_MAX = 16
"""With the waits below: about two days."""

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)

CLAIM = """
WITH due AS (
    SELECT id FROM mails WHERE status IN ('PENDING', 'SENDING') AND next_at <= $1
     ORDER BY next_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE mails SET status = CASE WHEN attempts < $4 THEN 'SENDING' ELSE 'FAILED' END,
                 fault = CASE WHEN attempts < $4 THEN fault ELSE 'its worker died each time' END,
                 attempts = attempts + 1, next_at = $3
  FROM due WHERE mails.id = due.id
RETURNING mails.id, mails.status, mails.attempts, mails.address, mails.template, mails.message_id
"""

MINE = "id = $1 AND status = 'SENDING' AND attempts = $2"
"""The mail is still this worker's: whoever takes it after the lease adds one to its attempts."""


async def claim(*, at: datetime, most: int) -> list[Any]:
    """Take mails that are due, or whose worker's lease has ended. Other workers pass over them."""
    return await fetch(CLAIM, at, most, at + LEASE, ATTEMPTS_MAX)


async def mark_sent(id: UUID, *, at: datetime) -> None:
    """The mail server took it. That is so whoever held the mail meanwhile."""
    await execute(
        "UPDATE mails SET status = 'SENT', sent_at = $2, fault = '' WHERE id = $1 AND status <> 'SENT'", id, at
    )


async def mark_failed(id: UUID, attempts: int, fault: str) -> None:
    """It cannot be sent, now or later."""
    await execute(f"UPDATE mails SET status = 'FAILED', fault = $3 WHERE {MINE}", id, attempts, fault)


async def mark_dropped(id: UUID, attempts: int) -> None:
    """It is no longer true, so nobody is to read it."""
    await execute(f"UPDATE mails SET status = 'DROPPED' WHERE {MINE}", id, attempts)


async def put_off(id: UUID, attempts: int, fault: str, *, at: datetime) -> bool:
    """Try again later; False when it was tried often enough and is given up."""
    if attempts >= ATTEMPTS_MAX:
        await mark_failed(id, attempts, fault)
        return False
    await execute(
        f"UPDATE mails SET status = 'PENDING', fault = $3, next_at = $4 WHERE {MINE}",
        id, attempts, fault, at + wait_after(attempts),
    )  # fmt: skip
    return True


async def give_back(mails: Iterable[Any], *, at: datetime) -> None:
    """Put mails back that were not tried: this was no attempt."""
    rows = list(mails)
    if rows:
        await execute(
            "UPDATE mails SET status = 'PENDING', attempts = mails.attempts - 1, next_at = $3"
            "  FROM unnest($1::uuid[], $2::int[]) AS mine (id, attempts)"
            " WHERE mails.id = mine.id AND mails.status = 'SENDING' AND mails.attempts = mine.attempts",
            [row.id for row in rows], [row.attempts for row in rows], at,
        )  # fmt: skip


def wait_after(attempts: int) -> timedelta:
    """Twice as long after each attempt, up to a bound."""
    return min(FIRST_WAIT * (1 << max(attempts - 1, 0)), LONGEST_WAIT)
