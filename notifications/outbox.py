"""The outbox, channel by channel: events become mail rows by the policy, in the transaction that takes them out (NO-2).

Each channel has a row of its own for each event, and its own job in the worker, so that none waits for another.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from models.base.events import Channel
from models.base.ids import new_id
from models.base.recipients import Recipient
from models.base.statements import execute, fetch, transaction
from models.base.text import NOWHERE
from notifications.policy import POLICY, Line

log = structlog.get_logger()

AT_ONCE_MAX = 200

Found = list[tuple[UUID | None, str]]
"""Accounts, as far as they have one, and their addresses."""

WAITING = """
SELECT e.id, e.verb, e.actor_id, e.actor_role
  FROM outgoing o JOIN events e ON e.id = o.event_id
 WHERE o.channel = $1
 ORDER BY o.event_id LIMIT $2 FOR UPDATE OF o SKIP LOCKED
"""
"""The oldest events that wait for a channel and that no other worker has."""

INSERT = """
INSERT INTO mails (id, event_id, recipient, address, template, status, attempts, next_at, message_id, fault)
SELECT new.id, new.event_id, new.recipient, new.address, new.template, 'PENDING', 0, $7, new.message_id, ''
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
       AS new (id, event_id, recipient, address, template, message_id)
    ON CONFLICT ON CONSTRAINT mails_once DO NOTHING
"""


async def pass_on(channel: str, work: Callable[[list[Any]], Awaitable[None]], *, most: int = AT_ONCE_MAX) -> int:
    """Do a channel's work on the events that wait for it, oldest first; returns how many were taken.

    They are taken out in the transaction of the work: it is done with them, or they wait as before.
    """
    async with transaction():
        events = await fetch(WAITING, channel, most)
        if not events:
            return 0
        await work(events)
        await execute(
            "DELETE FROM outgoing WHERE channel = $1 AND event_id = ANY ($2)", channel, [event.id for event in events]
        )
        return len(events)


async def write_mails(*, at: datetime, domain: str, most: int = AT_ONCE_MAX) -> int:
    """Write the mails of the events that wait, oldest first; returns how many events were taken.

    Nothing here depends on what an event holds, so no event can hold up the others.
    """

    async def write(events: list[Any]) -> None:
        mails = await mails_of(events, domain)
        if mails:
            await execute(INSERT, *map(list, zip(*mails, strict=True)), at)

    return await pass_on(Channel.MAIL, write, most=most)


async def mails_of(events: Sequence[Any], domain: str) -> list[tuple[Any, ...]]:
    """The columns of each mail that the policy makes of these events."""
    lines = [(event, line) for event in events for line in POLICY.get(event.verb, ()) if is_told(event, line)]
    known = await addresses_of(lines)
    found = []
    for event, line in lines:
        addresses = known.get((line.recipient, event.id), [])
        if not addresses and not line.if_any:
            log.warning("mail.no_address", event_id=str(event.id), template=line.template)
        for account_id, address in addresses:
            if line.unless_doer and account_id is not None and account_id == event.actor_id:
                continue
            id = new_id()
            found.append((id, event.id, line.recipient.name, address, line.template, f"<{id.hex}@{domain}>"))
    return found


def is_told(event: Any, line: Line) -> bool:
    """Whether a message is made at all: not where whoever did it need not be told."""
    return event.actor_role is None or line.unless_by != event.actor_role


async def addresses_of(
    lines: Sequence[tuple[Any, Line]],
) -> dict[tuple[Recipient, UUID], Found]:
    """For each recipient and event the accounts and addresses that are written to, one statement a recipient (ID-7)."""
    found: dict[tuple[Recipient, UUID], Found] = {}
    for recipient in dict.fromkeys(line.recipient for _, line in lines):
        ids = list(dict.fromkeys(event.id for event, line in lines if line.recipient == recipient))
        for row in await recipient.found(ids):
            if row.address and not row.address.endswith(NOWHERE):
                found.setdefault((recipient, row.event_id), []).append((row.account_id, row.address))
    return found
