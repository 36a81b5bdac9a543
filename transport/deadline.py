"""A time limit on the running task; does what asyncio.timeout does at a fraction of its price, once a request."""

from __future__ import annotations

import asyncio


class Deadline:
    """Cancels the task that made it unless it is stopped in time; can be set anew for the next phase of the work."""

    __slots__ = ("_due", "_handle", "_loop", "_task", "expired")

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task(self._loop)
        self._due = self._loop.time() + seconds
        self._handle: asyncio.TimerHandle | None = self._loop.call_at(self._due, self._look)
        self.expired = False

    def reset(self, seconds: float) -> None:
        """Give the next phase so many seconds; the timer itself is only moved if it rings too early or too late."""
        due = self._loop.time() + seconds
        if due < self._due and self._handle is not None:
            self._handle.cancel()
            self._handle = self._loop.call_at(due, self._look)
        self._due = due

    def stop(self) -> None:
        """The work is done."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

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

    def _look(self) -> None:
        if self._handle is None:
            return
        if self._loop.time() < self._due:
            self._handle = self._loop.call_at(self._due, self._look)
            return
        self.expired = True
        if self._task is not None:
            self._task.cancel()
