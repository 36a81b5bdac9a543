"""Alternatives: other openings for a student whose request nobody answered (AP-3).

An opening is offered only if the same student could request it now, in the same state and for the same service: by the
conditions that a request itself depends on (AP-1, EN-2, PR-5, CR-3, CL-5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.appointments.booking import (
    CURRENT_CLIENT,
    INTAKE_LIVE,
    LICENSED,
    STUDENT_BUSY,
    USABLE,
    VISIT_TYPE,
)
from models.availability.openings import OFFERED, bookable_from, bookable_until
from models.base.statements import fetch
from models.directory.licenses import COVERED
from models.rates.rates import RATE_OF

ALTERNATIVES = 3
PROVIDERS_LOOKED_AT_MAX = 50

ASKED = """
SELECT a.student_id, a.person_id, a.provider_id, a.state, a.service,
       ARRAY(SELECT covered.license_class FROM unnest($5::text[], $6::text[]) AS covered (service, license_class)
              WHERE covered.service = a.service) AS classes
  FROM appointments a WHERE a.id = $1
"""
"""What the student asked for; the license classes that cover it come with the statement (EN-2)."""

ASKABLE = f"""
SELECT providers.id, providers.name, providers.time_zone, providers.degree_level,
       {VISIT_TYPE.format(person="asked.person_id")} AS visit_type
  FROM providers
 WHERE {{which}} AND providers.searchable AND asked.service = ANY (providers.services)
   AND (providers.accepting_new_clients OR {CURRENT_CLIENT.format(person="asked.person_id")})
   AND NOT {INTAKE_LIVE.format(person="asked.person_id")} AND providers.person_id <> asked.person_id
"""
"""A provider of whom the student may ask anything at all."""

HAS_LICENSE = """
EXISTS (SELECT 1 FROM licenses held WHERE held.provider_id = providers.id AND held.state = asked.state
           AND held.verified_at IS NOT NULL AND held.license_class = ANY (asked.classes))
"""
"""Few providers of all; each opening asks again whether the license is still valid on its day."""

FREE = f"""
SELECT openings.id, openings.starts_at
  FROM openings
 CROSS JOIN LATERAL ({LICENSED.format(state="asked.state", classes="asked.classes")}) licensed
 CROSS JOIN LATERAL ({
    RATE_OF.format(
        visit_type="providers.visit_type",
        service="asked.service",
        degree_level="providers.degree_level",
        license_class="licensed.license_class",
        state="asked.state",
        day="(openings.starts_at AT TIME ZONE providers.time_zone)::date",
    )
}) paid
 WHERE openings.provider_id = providers.id AND openings.starts_at BETWEEN $2 AND $3 AND {OFFERED}
   AND NOT {STUDENT_BUSY.format(person="asked.person_id")}
   AND EXISTS ({USABLE.format(student="asked.student_id")})
 ORDER BY openings.starts_at LIMIT $4
"""

OTHER_OPENINGS = f"""
WITH asked AS MATERIALIZED ({ASKED}),
same AS MATERIALIZED (
    SELECT free.id, free.starts_at, providers.name, 0 AS turn
      FROM asked
     CROSS JOIN LATERAL ({ASKABLE.format(which="providers.id = asked.provider_id")}) providers
     CROSS JOIN LATERAL ({FREE}) free),
others AS (
    SELECT free.id, free.starts_at, providers.name,
           row_number() OVER (PARTITION BY providers.id ORDER BY free.starts_at) AS turn
      FROM asked
     CROSS JOIN LATERAL (
           {ASKABLE.format(which=f"providers.id <> asked.provider_id AND {HAS_LICENSE}")}
            ORDER BY providers.confirmed_at DESC, providers.id LIMIT {PROVIDERS_LOOKED_AT_MAX}) providers
     CROSS JOIN LATERAL ({FREE}) free
     WHERE (SELECT count(*) FROM same) < $4)
SELECT id, starts_at, name AS provider_name
  FROM (SELECT * FROM same UNION ALL SELECT * FROM others) found
 ORDER BY turn, starts_at, id LIMIT $4
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """One other opening."""

    opening_id: UUID
    starts_at: datetime
    provider_name: str


async def other_openings(appointment_id: UUID, *, at: datetime, most: int = ALTERNATIVES) -> list[Alternative]:
    """The next openings of the same provider, then those of others in the same state: first one of each, then more."""
    covered = [(service.value, one.value) for service, classes in COVERED.items() for one in classes]
    services, classes = zip(*covered, strict=True)
    rows = await fetch(
        OTHER_OPENINGS, appointment_id, bookable_from(at), bookable_until(at), most, list(services), list(classes)
    )
    return [Alternative(opening_id=row.id, starts_at=row.starts_at, provider_name=row.provider_name) for row in rows]
