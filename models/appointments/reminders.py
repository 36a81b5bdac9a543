"""Reminders: events that the passing of time makes, each exactly once.

The worker calls these verbs again and again. An event that is there already is not written a second time: a unique
index on events refuses it, so two workers at once make one reminder too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from models.appointments.appointments import Appointment
from models.base.event_verbs import EventVerb
from models.base.events import new_event, write_once
from models.base.statements import fetch, transaction

ANSWER_REMINDERS_HOURS = (24, 48, 70)
"""How long after a request its provider is reminded to answer (AP-3)."""

SESSION_REMINDER_HOURS = 24
"""How long before its start both sides are reminded of a session."""

ATTESTATION_REMINDERS_HOURS = tuple(days * 24 for days in (1, 7, 21, 28, 30))
"""How long after a session's end its provider is reminded to attest: the 30th day is the last one (AP-10, CL-1)."""

AT_ONCE_MAX = 100

DUE = """
SELECT a.id, due.hours, due.since
  FROM appointments a
 CROSS JOIN LATERAL ({due}) due
 WHERE {open} AND due.hours IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM events e WHERE e.appointment_id = a.id AND e.verb = '{verb}'
                      AND e.data ->> 'hours' = due.hours::text AND e.data ->> 'since' = due.since::text)
 ORDER BY a.starts_at LIMIT {most} FOR NO KEY UPDATE OF a SKIP LOCKED
"""

LATEST = """
SELECT max(hours) AS hours, floor(extract(epoch FROM a.{since}))::bigint AS since
  FROM unnest($2::int[]) AS hours WHERE a.{since} + make_interval(hours => hours) <= $1
"""

BEFORE = """
SELECT hours, floor(extract(epoch FROM a.starts_at))::bigint AS since
  FROM unnest($2::int[]) AS hours
 WHERE a.starts_at - make_interval(hours => hours) BETWEEN a.confirmed_at AND $1
"""


async def remind_of_requests(*, at: datetime) -> int:
    """A request still waits for its answer after 24, 48 or 70 hours (AP-3)."""
    return await remind(
        EventVerb.APPOINTMENT_REMINDER_DUE,
        LATEST.format(since="requested_at"),
        "a.status = 'REQUESTED' AND a.confirm_by > $1",
        ANSWER_REMINDERS_HOURS,
        at,
    )


async def remind_of_sessions(*, at: datetime) -> int:
    """A confirmed session starts within a day, unless it was confirmed in that time itself."""
    return await remind(
        EventVerb.APPOINTMENT_SESSION_DUE,
        BEFORE,
        "a.status = 'CONFIRMED' AND a.starts_at > $1",
        (SESSION_REMINDER_HOURS,),
        at,
    )


async def remind_to_attest(*, at: datetime) -> int:
    """A session is over and was neither attested nor marked as missed (CL-1)."""
    return await remind(
        EventVerb.APPOINTMENT_ATTESTATION_DUE,
        LATEST.format(since="ends_at"),
        "a.status = 'CONFIRMED' AND a.starts_at < $1 AND a.attest_by > $1",
        ATTESTATION_REMINDERS_HOURS,
        at,
    )


async def remind(verb: EventVerb, due: str, open: str, hours: Sequence[int], at: datetime) -> int:
    """Write the newest due reminder of each open appointment; one that a worker slept through is left out.

    The appointments stay locked until the events are written, so that nobody is reminded of what was just done.
    """
    async with transaction():
        statement = DUE.format(verb=verb, due=due, open=open, most=AT_ONCE_MAX)
        found = {row.id: row for row in await fetch(statement, at, list(hours))}
        written = 0
        for appointment in await Appointment.filter(id__in=list(found)):
            row = found[appointment.id]
            written += await write_once(new_event(verb, appointment, by=None, at=at, hours=row.hours, since=row.since))
        return written
