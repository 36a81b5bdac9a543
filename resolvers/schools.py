"""How requests about schools and students are answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from execution import Batched, Selection
from models.base.access import EVERYTHING
from models.base.statements import fetch
from models.base.text import EmailAddress, StateCode, TimeZone
from models.schools.schools import TYPICAL_CREDITS_MAX, TYPICAL_CREDITS_MIN, School
from models.schools.students import Student
from operations.arguments import NAME, Text
from operations.context import Context, bad_input
from operations.reads.pages import Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import row
from operations.reads.rows import find
from operations.reads.searching import BY_NAME, like

SMALLEST_GROUP = 11
YEAR_MIN, YEAR_MAX = 2000, 2100


async def one(context: Context, selection: Selection, *, id: Annotated[UUID, School, "The school's id."]) -> Any:
    """One school, if you may see it."""
    return await row(context, School, selection, id)


async def many(context: Context, selection: Selection, *, page: PageRequest) -> Page:
    """The schools that you may see, by name."""
    return await page_of(context, School, selection, page, order=BY_NAME)


async def students(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    search: Annotated[str | None, Text(200), "A part of the name or of the e-mail address."] = None,
) -> Page:
    """The students that you may see, by name."""
    where, values = matching(search)
    return await page_of(context, Student, selection, page, order=BY_NAME, where=where, values=values)


def matching(search: str | None) -> tuple[str, list[Any]]:
    """The condition of a search among students."""
    if not search:
        return EVERYTHING, []
    return "(students.name ILIKE $1 OR students.email ILIKE $1)", [like(search)]


async def student(context: Context, selection: Selection, *, id: Annotated[UUID, Student, "The student's id."]) -> Any:
    """One student, if you may see them."""
    return await row(context, Student, selection, id)


async def open_school(
    context: Context,
    *,
    name: Annotated[str, NAME, "The school's full name; no other school has it."],
    time_zone: Annotated[TimeZone, "The time zone of its calendar."],
    credits_min: Annotated[int, "The fewest credits of one grant (CR-2)."] = TYPICAL_CREDITS_MIN,
    credits_max: Annotated[int, "The most credits of one grant (CR-2)."] = TYPICAL_CREDITS_MAX,
) -> School:
    """Enter a school that sponsors credits, with its own limits for one grant (CR-2)."""
    return await School.open(
        name=name,
        time_zone=time_zone,
        credits_min=credits_min,
        credits_max=credits_max,
        by=context.viewer,
        at=context.now,
    )


async def enter_student(
    context: Context,
    *,
    name: Annotated[str, NAME, "The student's name."],
    email: Annotated[EmailAddress, "The address that the invitation and all messages go to."],
    state: Annotated[StateCode, "The state where the student usually is."],
    time_zone: Annotated[TimeZone, "The student's time zone."],
    school_id: Annotated[
        UUID | None, School, "The school; needed from OPS, a school's own staff may leave it out."
    ] = None,
) -> Student:
    """Enter a student of a school, with an empty wallet."""
    school: School = await find(context, School, school_id or context.viewer.school_id, path="schoolId")
    return await Student.enroll(
        school, name=name, email=email, state=state, time_zone=time_zone, by=context.viewer, at=context.now
    )


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
         LEFT JOIN claims ON claims.appointment_id = appointments.id AND claims.status <> 'VOID'
              AND claims.school_id = schools.id
              AND claims.submitted_at >= make_timestamptz($2, 1, 1, 0, 0, 0, 'UTC') - interval '1 day'
        WHERE appointments.school_id = schools.id
          AND appointments.starts_at >= make_timestamptz($2, 1, 1, 0, 0, 0, schools.time_zone)
          AND (appointments.starts_at < make_timestamptz($2 + 1, 1, 1, 0, 0, 0, schools.time_zone)) IS TRUE
        GROUP BY 1) figures
 WHERE schools.id = ANY ($1) ORDER BY 1, 2
"""


async def monthly(
    context: Context,
    parents: list[Any],
    selection: Selection,
    *,
    year: Annotated[int, "The calendar year, in the school's time zone."],
) -> list[Any]:
    """For each school the figures of the months of a year that had sessions."""
    if not YEAR_MIN <= year <= YEAR_MAX:
        raise bad_input(f"The year is {YEAR_MIN} to {YEAR_MAX}.", argument="year")
    found: dict[UUID, list[MonthlyFigures]] = {}
    for month in await fetch(FIGURES, [parent.id for parent in parents], year):
        found.setdefault(month.school_id, []).append(figures(month))
    return [found.get(parent.id, []) for parent in parents]


def figures(row: Mapping[str, Any]) -> MonthlyFigures:
    """The figures of one month; a group of fewer than 11 students is suppressed (CL-9)."""
    if row["students"] < SMALLEST_GROUP:
        return MonthlyFigures(month=row["month"], suppressed=True)
    told = {
        name: row[name] for name in ("month", "requested", "completed", "no_shows", "settled_credits", "amount_cents")
    }
    return MonthlyFigures(suppressed=False, **told)


MONTHLY = Batched(monthly, needs=("id",))
