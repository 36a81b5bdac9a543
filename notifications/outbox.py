"""The outbox: events become mail rows by the policy, in the transaction that takes them out of it (NO-2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog

from models.base.ids import new_id
from models.base.statements import execute, fetch, transaction
from models.base.text import NOWHERE
from notifications.facts import LINK_ID
from notifications.policy import POLICY

log = structlog.get_logger()

AT_ONCE_MAX = 200

WAITING = f"""
SELECT e.id, e.verb, e.actor_role,
       students.email AS student_address, providers.email AS provider_address,
       accounts.email AS account_address, secret_links.email AS link_address,
       secret_links.replaced_email AS former_address, owners.email AS owner_address
  FROM outbox o
  JOIN events e ON e.id = o.event_id
  LEFT JOIN students ON students.id = e.student_id
  LEFT JOIN providers ON providers.id = e.provider_id
  LEFT JOIN accounts ON accounts.id = e.subject_id AND e.subject_type = 'acc'
  LEFT JOIN secret_links ON secret_links.id = {LINK_ID}
  LEFT JOIN memberships members ON members.id = e.subject_id AND e.subject_type = 'mem'
  LEFT JOIN memberships owning ON owning.practice_id = members.practice_id AND owning.is_owner
        AND owning.ended_at IS NULL
  LEFT JOIN accounts owners ON owners.id = owning.account_id
 ORDER BY o.event_id LIMIT $1 FOR UPDATE OF o SKIP LOCKED
"""

INSERT = """
INSERT INTO mails (id, event_id, recipient, address, template, status, attempts, next_at, message_id, fault)
SELECT new.id, new.event_id, new.recipient, new.address, new.template, 'PENDING', 0, $7, new.message_id, ''
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
       AS new (id, event_id, recipient, address, template, message_id)
    ON CONFLICT ON CONSTRAINT mails_once DO NOTHING
"""


async def write_mails(*, at: datetime, domain: str, most: int = AT_ONCE_MAX) -> int:
    """Write the mails of the events that wait, oldest first; returns how many events were taken.

    Nothing here depends on what an event holds, so no event can hold up the others.
    """
    async with transaction():
        events = await fetch(WAITING, most)
        if not events:
            return 0
        mails = [mail for event in events for mail in mails_of(event, domain)]
        if mails:
            await execute(INSERT, *map(list, zip(*mails, strict=True)), at)
        await execute("DELETE FROM outbox WHERE event_id = ANY ($1)", [event.id for event in events])
        return len(events)


def mails_of(event: Any, domain: str) -> list[tuple[Any, ...]]:
    """The columns of each mail that the policy makes of an event."""
    found = []
    for line in POLICY.get(event.verb, ()):
        if event.actor_role is not None and line.unless_by == event.actor_role:
            continue
        address = event[f"{line.recipient.value.lower()}_address"]
        if not address or address.endswith(NOWHERE):
            log.warning("mail.no_address", event_id=str(event.id), template=line.template)
            continue
        id = new_id()
        found.append((id, event.id, line.recipient.value, address, line.template, f"<{id.hex}@{domain}>"))
    return found
