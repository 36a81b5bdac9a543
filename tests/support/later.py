"""The program at a later time: `AHEAD_SECONDS=… python -m tests.support.later serve`.

A server in production has no clock that could be moved, so a test that has to wait for days starts it later.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from cli.commands import commands
from models.base import clock

real_now = clock.real_now
AHEAD = timedelta(seconds=int(os.environ["AHEAD_SECONDS"]))


def later_now() -> datetime:
    """The time that it is for this process."""
    return real_now() + AHEAD


clock.real_now = later_now
commands(prog_name="cli")
