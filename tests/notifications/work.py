"""Doing the post office's work in tests: all that is due at one time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from models.base.statements import execute, fetch
from notifications.post import PostOffice
from tests.support.world import AT


async def do_all(office: PostOffice, *, at: datetime = AT) -> None:
    """Write and send until nothing is left that is due."""
    while await office.write(at):
        pass
    while await office.send(at):
        pass


async def forget_mails_so_far() -> None:
    """Leave out the messages about how the world of a test was made."""
    await execute("DELETE FROM outgoing")


async def mails() -> list[Any]:
    """All mails, oldest first."""
    return await fetch("SELECT * FROM mails ORDER BY id")


async def statuses() -> dict[str, str]:
    """Where the mail of each template stands."""
    return {mail.template: mail.status for mail in await mails()}
