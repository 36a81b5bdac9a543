"""Workers in processes of their own, each of which kills itself at one point of the first job that it takes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import worker
from models.jobs import runner
from models.jobs.progress import Progress, still_reached
from models.jobs.runner import Runner
from tests.support.postgres import settings_for
from tests.support.processes import WAIT_SECONDS

STEP = 2


def killed_after(real: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """The same, and then the end, as by kill -9."""

    async def until_killed(*arguments: Any, **more: Any) -> Any:
        await real(*arguments, **more)
        os.kill(os.getpid(), signal.SIGKILL)

    return until_killed


async def killed_at_step(progress: Progress, done: int, total: int | None = None) -> None:
    """The end, in the midst of the work."""
    if done == STEP:
        os.kill(os.getpid(), signal.SIGKILL)


POINTS: dict[str, Callable[[], None]] = {
    "taken": lambda: setattr(runner, "still_reached", killed_after(still_reached)),
    "at work": lambda: setattr(Progress, "step", killed_at_step),
    "stored": lambda: setattr(Progress, "prepared", killed_after(Progress.prepared)),
    "ending": lambda: setattr(Progress, "finish", killed_after(Progress.finish)),
    "ended": lambda: setattr(Runner, "work", killed_after(Runner.work)),
}
"""Where it dies: with the job taken, in its work, with the result in the store, before and after the end's commit."""


def die_at(point: str, url: str, folder: str) -> None:
    """Work, and end at this point."""
    POINTS[point]()
    worker.JOBS_AT_ONCE = 1  # each of several such workers finds one
    asyncio.run(worker.run(settings_for(url, data_dir=Path(folder)), asyncio.Event()))


def killed(url: str, folder: str) -> Iterator[int]:
    """The signals by which workers ended, one for each point; they share the start, which takes seconds."""
    workers = []
    for point in POINTS:
        process = os.fork()
        if process == 0:
            signal.alarm(WAIT_SECONDS)  # nobody is left behind
            die_at(point, url, folder)
        workers.append(process)
    for process in workers:
        yield os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


if __name__ == "__main__":
    print(*killed(*sys.argv[1:]))
