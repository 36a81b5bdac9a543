"""Alternatives: other openings for a student whose request nobody answered (AP-3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.availability import OFFERED, bookable_from, bookable_until
from models.statements import fetch

ALTERNATIVES = 3
PROVIDERS_LOOKED_AT_MAX = 50

FREE = f"""
SELECT openings.id, openings.starts_at FROM openings
 WHERE openings.provider_id = p.id AND openings.starts_at BETWEEN $2 AND $3 AND {OFFERED}
   AND NOT EXISTS (SELECT 1 FROM appointments own WHERE own.student_id = a.student_id
                      AND own.status IN ('REQUESTED', 'CONFIRMED')
                      AND tstzrange(own.starts_at, own.ends_at) && tstzrange(openings.starts_at, openings.ends_at))
   AND EXISTS (SELECT 1 FROM licenses l WHERE l.provider_id = p.id AND l.state = a.state
                  AND l.verified_at IS NOT NULL
                  AND l.expires_on >= (openings.starts_at AT TIME ZONE p.time_zone)::date)
 ORDER BY openings.starts_at
"""

SAME_PROVIDER = f"""
SELECT free.id, free.starts_at, p.name AS provider_name
  FROM appointments a JOIN providers p ON p.id = a.provider_id AND p.searchable
 CROSS JOIN LATERAL ({FREE} LIMIT $4) free
 WHERE a.id = $1
"""

SAME_STATE = f"""
SELECT free.id, free.starts_at, p.name AS provider_name
  FROM appointments a
 CROSS JOIN LATERAL (
       SELECT providers.id, providers.name, providers.time_zone FROM providers
        WHERE providers.id <> a.provider_id AND providers.searchable AND providers.accepting_new_clients
          AND a.service = ANY (providers.services)
          AND EXISTS (SELECT 1 FROM licenses held WHERE held.provider_id = providers.id
                         AND held.state = a.state AND held.verified_at IS NOT NULL)
        ORDER BY providers.confirmed_at DESC, providers.id LIMIT {PROVIDERS_LOOKED_AT_MAX}) p
 CROSS JOIN LATERAL ({FREE} LIMIT $4) free
 WHERE a.id = $1
 ORDER BY row_number() OVER (PARTITION BY p.id ORDER BY free.starts_at), free.starts_at LIMIT $4
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """One other opening."""

    opening_id: UUID
    starts_at: datetime
    provider_name: str


async def other_openings(appointment_id: UUID, *, at: datetime, most: int = ALTERNATIVES) -> list[Alternative]:
    """The next openings of the same provider, then those of others in the same state: first one of each, then more."""
    bounds = (bookable_from(at), bookable_until(at))
    rows = await fetch(SAME_PROVIDER, appointment_id, *bounds, most)
    if len(rows) < most:
        rows += await fetch(SAME_STATE, appointment_id, *bounds, most - len(rows))
    return [Alternative(opening_id=row.id, starts_at=row.starts_at, provider_name=row.provider_name) for row in rows]
