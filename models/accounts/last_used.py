"""When sessions were last used, written down together once a second and never while a request waits.

A process that is killed forgets what it had not yet written: a second, where inactivity is counted in minutes (ID-2).
"""

from __future__ import annotations

import asyncio
from contextvars import Context as TaskContext
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from models.base.statements import execute

EVERY = timedelta(seconds=30)
"""How exactly the last request of a session is known: one write in this time, not one a request."""
WRITE_AFTER_SECONDS = 1.0

WRITE = """
UPDATE sessions SET seen_at = free.at
  FROM (SELECT sessions.id, noted.at FROM unnest($1::uuid[], $2::timestamptz[]) AS noted (id, at)
          JOIN sessions ON sessions.id = noted.id AND sessions.seen_at < noted.at AND sessions.revoked_at IS NULL
           FOR NO KEY UPDATE OF sessions SKIP LOCKED) free
 WHERE sessions.id = free.id
"""
"""Skips who is just signing out or refreshing: it waits for nobody and nobody is caught in a deadlock with it."""

log = structlog.get_logger("sessions")


class Seen:
    """The sessions that this process has seen since it last wrote them down."""

    def __init__(self) -> None:
        self._unwritten: dict[UUID, datetime] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def latest(self, session_id: UUID, written: datetime) -> datetime:
        """When a session was last used, if `written` is what the database says."""
        return max(self._unwritten.get(session_id, written), written)

    def note(self, session_id: UUID, *, at: datetime) -> None:
        """A session is being used; written down within a second or so."""
        self._unwritten[session_id] = at
        loop = asyncio.get_running_loop()
        if self._timer is None or self._loop is not loop:
            # In a context of its own: it writes for many requests and must not stay inside one's transaction.
            self._loop, self._timer = loop, loop.call_later(WRITE_AFTER_SECONDS, self._start, context=TaskContext())

    async def write(self) -> None:
        """Write down what is known, all in one statement."""
        noted, self._unwritten = self._unwritten, {}
        if noted:
            await execute(WRITE, list(noted), list(noted.values()))

    def _start(self) -> None:
        self._timer = None
        self._task = asyncio.get_running_loop().create_task(self._write_or_tell())

    async def _write_or_tell(self) -> None:
        try:
            await self.write()
        except Exception as error:
            log.error("sessions.seen_not_written", error=type(error).__name__)


SEEN = Seen()
"""One for a process."""
