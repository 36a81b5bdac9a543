"""The outbox: events become mail rows by the policy, in the transaction that takes them out of it (NO-2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog

from models.base.ids import new_id
from models.base.statements import execute, fetch, transaction
from models.base.text import NOWHERE
from notifications.facts import LINK_ID
from notifications.policy import POLICY, Recipient

log = structlog.get_logger()

AT_ONCE_MAX = 200

ADDRESS_OF_PERSON = """
CASE WHEN {table}_account.disabled_at IS NOT NULL THEN NULL
     WHEN {table}_account.email_verified_at IS NOT NULL AND EXISTS (
          SELECT 1 FROM memberships held WHERE held.account_id = {table}_account.id
             AND held.{column} = {table}.id AND held.ended_at IS NULL) THEN {table}_account.email
     ELSE {table}.email END
"""
"""The verified address of the account that acts for a student or provider, or their own; none if it is shut (ID-7)."""

OFFICE_ADDRESSES = """
ARRAY(SELECT keeper.email FROM appointments a
        JOIN memberships owning ON owning.practice_id = a.practice_id AND owning.is_owner AND owning.ended_at IS NULL
        JOIN accounts keeper ON keeper.id = owning.account_id AND keeper.disabled_at IS NULL
       WHERE a.id = e.appointment_id)
"""
OPS_ADDRESSES = """
ARRAY(SELECT staff.email FROM memberships m JOIN accounts staff ON staff.id = m.account_id
       WHERE m.role = 'OPS' AND m.ended_at IS NULL AND staff.disabled_at IS NULL)
"""
STAND_INS = [
    verb for verb, lines in POLICY.items() if any(line.recipient in (Recipient.OFFICE, Recipient.OPS) for line in lines)
]
"""The events that somebody else than the people in them is told of."""

WAITING = f"""
SELECT e.id, e.verb, e.actor_role,
       {ADDRESS_OF_PERSON.format(table="students", column="student_id")} AS student_address,
       {ADDRESS_OF_PERSON.format(table="providers", column="provider_id")} AS provider_address,
       CASE WHEN accounts.disabled_at IS NULL THEN accounts.email END AS account_address,
       secret_links.email AS link_address, secret_links.replaced_email AS former_address,
       CASE WHEN owners.disabled_at IS NULL THEN owners.email END AS owner_address,
       CASE WHEN e.verb = ANY ($2) THEN {OFFICE_ADDRESSES} END AS office_addresses,
       CASE WHEN e.verb = ANY ($2) THEN {OPS_ADDRESSES} END AS ops_addresses
  FROM outbox o
  JOIN events e ON e.id = o.event_id
  LEFT JOIN students ON students.id = e.student_id
  LEFT JOIN accounts students_account ON students_account.person_id = students.person_id
  LEFT JOIN providers ON providers.id = e.provider_id
  LEFT JOIN accounts providers_account ON providers_account.person_id = providers.person_id
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
        events = await fetch(WAITING, most, STAND_INS)
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
        addresses = [one for one in addresses_of(event, line.recipient) if not one.endswith(NOWHERE)]
        if not addresses:
            log.warning("mail.no_address", event_id=str(event.id), template=line.template)
        for address in addresses:
            id = new_id()
            found.append((id, event.id, line.recipient.value, address, line.template, f"<{id.hex}@{domain}>"))
    return found


def addresses_of(event: Any, recipient: Recipient) -> list[str]:
    """Where this recipient of an event is written to; nowhere if the account is shut (ID-7)."""
    if recipient is Recipient.OPS:
        return list(event["ops_addresses"])
    if recipient is Recipient.OFFICE:
        return list(event["office_addresses"] or event["ops_addresses"])
    address = event[f"{recipient.value.lower()}_address"]
    return [address] if address else []
