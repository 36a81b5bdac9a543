"""Figures: a school in numbers, month by month; small groups are suppressed (CL-9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from models.base.statements import fetch

SMALLEST_GROUP = 11
YEAR_MIN, YEAR_MAX = 2000, 2100


@dataclass(frozen=True, kw_only=True, slots=True)
class MonthlyFigures:
    """One month of a school in numbers; None where a group is too small to be told (CL-9)."""

    month: date
    suppressed: bool
    requested: int | None = None
    completed: int | None = None
    no_shows: int | None = None
    settled_credits: int | None = None
    amount_cents: int | None = None


# School by school, so that each year's appointments are found by their start. Claims are found by their school and the
# time since when they can have been submitted, behind their sessions (CL-1, `claims_after_session`): by appointments it
# would be thousands of searches. The end of the year stands in a form that no index takes: of two bounds that it does
# not know PostgreSQL expects one row in two hundred between them, and then makes those searches after all.
FIGURES = """
SELECT schools.id AS school_id, figures.*
  FROM schools CROSS JOIN LATERAL (
       SELECT date_trunc('month', appointments.starts_at AT TIME ZONE schools.time_zone)::date AS month,
              count(DISTINCT appointments.student_id) AS students, count(*) AS requested,
              count(*) FILTER (WHERE appointments.status = 'COMPLETED') AS completed,
              count(*) FILTER (WHERE appointments.status = 'NO_SHOW') AS no_shows,
              count(*) FILTER (WHERE claims.status = 'ACCEPTED') AS settled_credits,
              coalesce(sum(claims.amount_cents) FILTER (WHERE claims.status = 'ACCEPTED'), 0)::bigint AS amount_cents
         FROM appointments
         LEFT JOIN claims ON claims.appointment_id = appointments.id AND claims.status NOT IN ('VOID', 'REPLACED')
              AND claims.school_id = schools.id
              AND claims.submitted_at >= make_timestamptz($2, 1, 1, 0, 0, 0, 'UTC') - interval '1 day'
        WHERE appointments.school_id = schools.id
          AND appointments.starts_at >= make_timestamptz($2, 1, 1, 0, 0, 0, schools.time_zone)
          AND (appointments.starts_at < make_timestamptz($2 + 1, 1, 1, 0, 0, 0, schools.time_zone)) IS TRUE
        GROUP BY 1) figures
 WHERE schools.id = ANY ($1) ORDER BY 1, 2
"""


async def monthly_figures(school_ids: Sequence[UUID], year: int) -> dict[UUID, list[MonthlyFigures]]:
    """For each school the figures of the twelve months of a calendar year, in the school's time zone.

    A month without sessions is suppressed as one of few students is: that nobody came is told of a group too (CL-9).
    """
    known = {(row.school_id, row.month): figures(row) for row in await fetch(FIGURES, school_ids, year)}
    months = [date(year, number, 1) for number in range(1, 13)]
    return {
        id: [known.get((id, month), MonthlyFigures(month=month, suppressed=True)) for month in months]
        for id in school_ids
    }


def figures(row: Mapping[str, Any]) -> MonthlyFigures:
    """The figures of one month; a group of fewer than 11 students is suppressed (CL-9)."""
    if row["students"] < SMALLEST_GROUP:
        return MonthlyFigures(month=row["month"], suppressed=True)
    told = {
        name: row[name] for name in ("month", "requested", "completed", "no_shows", "settled_credits", "amount_cents")
    }
    return MonthlyFigures(suppressed=False, **told)
