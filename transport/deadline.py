"""A time limit on the running task; does what asyncio.timeout does at a fraction of its price, once a request."""

from __future__ import annotations

import asyncio
from contextvars import Context

TICK_SECONDS = 0.05
"""How late a limit may be noticed."""


class Watch:
    """Looks after all limits of one loop by one timer: a timer each costs more than all else that a limit does."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.running: set[Deadline] = set()
        self._handle: asyncio.TimerHandle | None = None

    def add(self, deadline: Deadline) -> None:
        """Look after one more."""
        self.running.add(deadline)
        if self._handle is None:
            # In a context of its own: it outlives the request that happens to start it.
            self._handle = self.loop.call_later(TICK_SECONDS, self._look, context=Context())

    def _look(self) -> None:
        now = self.loop.time()
        for deadline in [one for one in self.running if now >= one.due]:
            self.running.discard(deadline)
            deadline.expire()
        more = self.running
        self._handle = self.loop.call_later(TICK_SECONDS, self._look, context=Context()) if more else None


_watch: Watch | None = None


def watch_of(loop: asyncio.AbstractEventLoop) -> Watch:
    """The watch of the running loop; there is but one at a time."""
    global _watch
    if _watch is None or _watch.loop is not loop:
        _watch = Watch(loop)
    return _watch


class Deadline:
    """Cancels the task that made it unless it is stopped in time; can be set anew for the next phase of the work."""

    __slots__ = ("_task", "_watch", "due", "expired")

    def __init__(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._task = asyncio.current_task(loop)
        self._watch = watch_of(loop)
        self.due = loop.time() + seconds
        self.expired = False
        self._watch.add(self)

    def reset(self, seconds: float) -> None:
        """Give the next phase so many seconds."""
        self.due = self._watch.loop.time() + seconds

    def stop(self) -> None:
        """The work is done."""
        self._watch.running.discard(self)

    def expire(self) -> None:
        """The time is over."""
        self.expired = True
        if self._task is not None:
            self._task.cancel()

    def was_met_by(self, error: BaseException) -> bool:
        """Whether this cancellation is the deadline's own; if somebody else cancelled the task too, theirs wins."""
        if not self.expired or not isinstance(error, asyncio.CancelledError) or self._task is None:
            return False
        return self._task.uncancel() == 0

    def was_behind(self, error: BaseException | None) -> bool:
        """Whether this failure came of being stopped: who cleans up behind a cancellation may fail over it."""
        if not self.expired or error is None or self._task is None:
            return False
        if self._task.cancelling():
            self._task.uncancel()
        return True
