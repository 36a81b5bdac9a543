"""Alternatives: other openings for a student whose request nobody answered (AP-3).

An opening is offered only if the same student could request it now, in the same state and for the same service.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.appointments.bookable import (
    IS_OFFERED,
    bookable_times,
    credits_of,
    has_live_intake,
    is_busy,
    is_current_client,
    visit_type,
)
from models.availability.openings import bookable_from, bookable_until
from models.base.statements import fetch
from models.directory.licenses import is_licensed

ALTERNATIVES = 3
PROVIDERS_LOOKED_AT_MAX = 50

ASKED = f"""
SELECT a.student_id, a.person_id, a.provider_id, a.starts_at, a.state, a.service, credits.until AS credits_until
  FROM appointments a CROSS JOIN LATERAL ({credits_of("a.student_id", at="$5")}) credits
 WHERE a.id = $1 AND credits.available > 0
"""
"""What the student asked for; nothing without a credit for another session (CR-4)."""

CAN_BE_ASKED = f"""
(providers.accepting_new_clients OR {is_current_client("asked.person_id")})
AND NOT {has_live_intake("asked.person_id")}
AND providers.person_id <> asked.person_id
"""
"""A provider with whom nothing in the student stands against a request (PR-5, AP-2)."""

TIMES = bookable_times(
    provider="askable.id",
    state="asked.state",
    service="asked.service",
    visit_type=visit_type("asked.person_id"),
    begin="$2",
    end="$3",
    credits_until="asked.credits_until",
)

OTHER_OPENINGS = f"""
WITH asked AS MATERIALIZED ({ASKED}),
askable AS (
    SELECT found.* FROM asked
     CROSS JOIN LATERAL (
           SELECT providers.id, providers.name, providers.id = asked.provider_id AS let_it_expire FROM providers
            WHERE providers.searchable AND {CAN_BE_ASKED}
              AND {is_licensed(state="asked.state", service="asked.service", at="$5")}
            ORDER BY let_it_expire DESC, providers.confirmed_at DESC, providers.id
            LIMIT {PROVIDERS_LOOKED_AT_MAX}) found)
SELECT free.id, free.starts_at, askable.name AS provider_name
  FROM asked CROSS JOIN askable
 CROSS JOIN LATERAL ({TIMES}) bookable
 CROSS JOIN LATERAL (
       SELECT openings.id, openings.starts_at, row_number() OVER (ORDER BY openings.starts_at) AS turn FROM openings
        WHERE openings.provider_id = askable.id AND {IS_OFFERED} AND NOT {is_busy("asked.person_id")}
          AND NOT (askable.let_it_expire AND openings.starts_at = asked.starts_at)
        ORDER BY openings.starts_at LIMIT $4) free
 ORDER BY free.turn + askable.let_it_expire::int, askable.let_it_expire, free.starts_at, free.id LIMIT $4
"""
"""One opening of each provider, then a second one; who let the request expire comes one turn later, and last in it.

So there are two providers where two can be booked, and two others where there are (AP-3).
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """One other opening."""

    opening_id: UUID
    starts_at: datetime
    provider_name: str


async def other_openings(appointment_id: UUID, *, at: datetime, most: int = ALTERNATIVES) -> list[Alternative]:
    """Other openings in the same state, in order of time: one of each provider, then more; never the expired one."""
    rows = await fetch(OTHER_OPENINGS, appointment_id, bookable_from(at), bookable_until(at), most, at)
    found = [Alternative(opening_id=row.id, starts_at=row.starts_at, provider_name=row.provider_name) for row in rows]
    return sorted(found, key=lambda opening: opening.starts_at)
