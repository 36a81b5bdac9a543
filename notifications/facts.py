"""What a message may say: the facts of its event, read by ids at sending, and nothing clinical among them (NO-2).

The list of columns is the guarantee: a template can show only what stands here, and no concern, diagnosis, service,
specialty or free text of a person does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from models.alternatives import other_openings
from models.amounts import Money
from models.ids import encode
from models.statements import fetch
from notifications.policy import Recipient

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
NAME_LENGTH_MAX = 80

FACTS = """
SELECT m.id AS mail_id, m.recipient, e.id AS event_id, e.provider_id, e.actor_role, e.data,
       a.id AS appointment_id, a.status, a.starts_at, a.ends_at, a.requested_at, a.confirm_by, a.attest_by,
       a.expected_cents, a.telehealth_link,
       s.name AS student_name, s.time_zone AS student_zone,
       p.name AS provider_name, p.time_zone AS provider_zone, p.searchable,
       schools.name AS school_name,
       c.amount_cents AS claim_cents, g.expires_at AS credits_expire_at, w.available AS credits_available
  FROM mails m
  JOIN events e ON e.id = m.event_id
  LEFT JOIN appointments a ON a.id = e.appointment_id
  LEFT JOIN students s ON s.id = e.student_id
  LEFT JOIN providers p ON p.id = e.provider_id
  LEFT JOIN schools ON schools.id = e.school_id
  LEFT JOIN claims c ON c.id = e.subject_id AND e.subject_type = 'clm'
  LEFT JOIN grants g ON g.id = e.subject_id AND e.subject_type = 'grt'
  LEFT JOIN wallets w ON w.id = g.wallet_id
 WHERE m.id = ANY ($1)
"""

BECAME_SEARCHABLE = """
SELECT 1 FROM events e
 WHERE e.id = $1
   AND EXISTS (SELECT 1 FROM events other WHERE other.provider_id = e.provider_id AND other.id < e.id
                  AND other.verb IN ('license.verified', 'enrollment.activated') AND other.verb <> e.verb)
   AND NOT EXISTS (SELECT 1 FROM events same WHERE same.provider_id = e.provider_id AND same.id < e.id
                      AND same.verb = e.verb)
"""


async def facts_of(mail_ids: Sequence[UUID]) -> dict[UUID, Any]:
    """The facts of several mails at once, by the id of the mail."""
    return {row.mail_id: row for row in await fetch(FACTS, list(mail_ids))}


async def is_still_true(template: str, facts: Any, at: datetime) -> bool:
    """Whether the message is still worth reading: a reminder of what was done meanwhile is not."""
    if template == "profile_live":
        return bool(facts.searchable and await fetch(BECAME_SEARCHABLE, facts.event_id))
    condition = STILL_TRUE.get(template)
    return condition is None or condition(facts, at)


STILL_TRUE: Mapping[str, Callable[[Any, datetime], bool]] = {
    "request_reminder": lambda facts, at: facts.status == "REQUESTED" and at < facts.confirm_by,
    "session_reminder_for_student": lambda facts, at: facts.status == "CONFIRMED" and at < facts.starts_at,
    "session_reminder_for_provider": lambda facts, at: facts.status == "CONFIRMED" and at < facts.starts_at,
    "attestation_due": lambda facts, at: facts.status == "CONFIRMED" and at < facts.attest_by,
}
"""What must hold at sending. A message that is not named here is sent however late it is."""


async def words_of(template: str, facts: Any, *, at: datetime, address: str) -> dict[str, Any]:
    """Everything that a template may show, each name on one line, and the recipient's time zone."""
    data = orjson.loads(facts.data) if isinstance(facts.data, str) else facts.data
    words = {
        "address": address,
        "link": address,
        "name": name_of(facts),
        "zone": zone_of(facts),
        "student": first_name(facts.student_name),
        "provider": one_line(facts.provider_name),
        "school": one_line(facts.school_name),
        "by_role": facts.actor_role,
        "credit_is_back": data.get("credit") == "RELEASE",
    }
    if facts.appointment_id is not None:
        words |= words_of_appointment(facts, address, at)
    if facts.claim_cents is not None:
        words["amount"] = dollars(facts.claim_cents)
    if facts.credits_available is not None:
        words |= {
            "credits": data["credits"],
            "credits_available": facts.credits_available,
            "credits_expire_at": facts.credits_expire_at,
        }
    if template == "expired_for_student":
        words["openings"] = [
            (opening.starts_at, one_line(opening.provider_name))
            for opening in await other_openings(facts.appointment_id, at=at)
        ]
    return words


def words_of_appointment(facts: Any, address: str, at: datetime) -> dict[str, Any]:
    """What a message says of a session: when, how long, until when an answer or an attestation is due."""
    return {
        "link": f"{address}/#{encode('apt', facts.appointment_id)}",
        "starts_at": facts.starts_at,
        "minutes": (facts.ends_at - facts.starts_at) // MINUTE,
        "confirm_by": facts.confirm_by,
        "hours_to_answer": (facts.confirm_by - facts.requested_at) // HOUR,
        "hours_left": max((facts.confirm_by - at) // HOUR, 0),
        "attest_by": facts.attest_by - MINUTE,  # the deadline is midnight; people read the day that ends there
        "expected": None if facts.expected_cents is None else dollars(facts.expected_cents),
        "telehealth_link": web_address(facts.telehealth_link),
    }


def name_of(facts: Any) -> str:
    """How the recipient is greeted: a student by the first name, a provider as their clients know them."""
    if facts.recipient == Recipient.STUDENT:
        return first_name(facts.student_name)
    return one_line(facts.provider_name)


def zone_of(facts: Any) -> ZoneInfo:
    """The recipient's time zone."""
    zone = facts.student_zone if facts.recipient == Recipient.STUDENT else facts.provider_zone
    return ZoneInfo(zone or "UTC")


def one_line(name: str | None) -> str:
    """A name as one line of printable text, so that it can forge neither a header nor the look of a message."""
    printable = "".join(character if character.isprintable() else " " for character in name or "")
    return " ".join(printable.split())[:NAME_LENGTH_MAX]


def first_name(name: str | None) -> str:
    """The first of a person's names."""
    return one_line(name).partition(" ")[0]


def dollars(cents: int) -> str:
    """An amount as people in the United States write it."""
    return f"${Money(cents)}"


def web_address(link: str | None) -> str:
    """A link that leads to the web and nowhere else, or nothing."""
    return link if link and link.startswith(("https://", "http://")) and link.isprintable() and " " not in link else ""
