"""The clock of demo and test servers: real time plus an offset that OPS may move forward."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar

from tortoise import fields

from models.base.personal import Kept
from models.base.statements import fetch_one
from models.base.tables import Table


class DemoClock(Table):
    """How far this server's time is ahead of real time; one row, never used in production."""

    id = fields.IntField(primary_key=True, generated=False)
    ahead_seconds = fields.BigIntField(default=0)

    KEPT: ClassVar[Kept] = Kept(long="on demo servers alone", why="time that was moved")

    class Meta:
        """One row: a CHECK allows no other id."""

        table = "demo_clock"


def real_now() -> datetime:
    """Real time in UTC. Read by `app` and `worker`, and passed on as a value.

    Whatever is compared with the clock of somebody else's machine reads it too: an authenticator's codes, and the
    tokens of a campus.
    """
    return datetime.now(UTC)


async def demo_now() -> datetime:
    """The time on a demo or test server, in UTC."""
    row = await fetch_one("SELECT ahead_seconds FROM demo_clock WHERE id = 1")
    return real_now() + timedelta(seconds=row.ahead_seconds if row else 0)


async def move(*, hours: int) -> datetime:
    """Move the demo clock forward; returns the new time."""
    await fetch_one(
        "INSERT INTO demo_clock (id, ahead_seconds) VALUES (1, $1)"
        " ON CONFLICT (id) DO UPDATE SET ahead_seconds = demo_clock.ahead_seconds + $1 RETURNING id",
        hours * 3600,
    )
    return await demo_now()
