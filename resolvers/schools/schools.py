"""How requests about schools and students are answered."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.base.text import TimeZone
from models.schools.schools import CRISIS_LINE_LENGTH_MAX, TYPICAL_CREDITS_MAX, TYPICAL_CREDITS_MIN, School
from operations.arguments import NAME, Text
from operations.context import Context
from operations.reads.pages import Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import row, to_one
from operations.reads.rows import find_locked
from operations.reads.searching import BY_NAME


async def one(context: Context, selection: Selection, *, id: Annotated[UUID, School, "The school's id."]) -> Any:
    """One school, if you may see it."""
    return await row(context, School, selection, id)


async def many(context: Context, selection: Selection, *, page: PageRequest) -> Page:
    """The schools that you may see, by name."""
    return await page_of(context, School, selection, page, order=BY_NAME)


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


async def update_school(
    context: Context,
    *,
    crisis_line: Annotated[
        str, Text(CRISIS_LINE_LENGTH_MAX, one_line=True, needed=True), "Whom its students call in an acute crisis."
    ],
    school_id: Annotated[
        UUID | None, School, "The school; needed from OPS, a school's own staff may leave it out."
    ] = None,
) -> School:
    """Change what a school's students are told: its crisis line, beside 988 (AP-8)."""
    school = await find_locked(context, School, school_id or context.viewer.school_id, path="schoolId")
    await school.update(crisis_line=crisis_line, by=context.viewer, at=context.now)
    return school


SCHOOL = to_one(School, by="school_id")
