"""How requests about schools and students are answered."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.base.access import EVERYTHING
from models.base.errors import Refusal, not_found
from models.base.text import TimeZone
from models.base.words import Words
from models.schools.schools import (
    CRISIS_LINE_LENGTH_MAX,
    TYPICAL_CREDITS_MAX,
    TYPICAL_CREDITS_MIN,
    School,
    limits_refusals,
)
from operations.arguments import NAME, Filter, Text
from operations.context import Context
from operations.reads.pages import Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import row, to_one
from operations.reads.rows import find_locked
from operations.reads.searching import BY_NAME, NEWEST_FIRST, SEARCH, containing


async def one(context: Context, selection: Selection, *, id: Annotated[UUID, School, "Id of the school."]) -> Any:
    """A school you may see."""
    return await row(context, School, selection, id)


class SchoolOrder(Words):
    """The order of a list of schools."""

    NAME_ASC = "NAME_ASC", "By name."
    CREATED_AT_DESC = "CREATED_AT_DESC", "Newest first."


ORDERS = {SchoolOrder.NAME_ASC: BY_NAME, SchoolOrder.CREATED_AT_DESC: NEWEST_FIRST}


class SchoolFilter(Filter):
    """Conditions on a list of schools; all must hold."""

    search: Annotated[str | None, SEARCH, "Part of the name."] = None


async def many(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    filter: Annotated[SchoolFilter | None, "Which schools."] = None,
    order_by: Annotated[SchoolOrder, "The order of the list."] = SchoolOrder.NAME_ASC,
) -> Page:
    """The schools you may see."""
    where, values = (EVERYTHING, []) if filter is None else containing(filter.search, "schools.name")
    return await page_of(context, School, selection, page, order=ORDERS[order_by], where=where, values=values)


async def open_school(
    context: Context,
    *,
    name: Annotated[str, NAME, "School's full name; must be unique."],
    time_zone: Annotated[TimeZone, "Time zone of its calendar."],
    credits_min: Annotated[int, "Minimum credits in one grant (CR-2)."] = TYPICAL_CREDITS_MIN,
    credits_max: Annotated[int, "Maximum credits in one grant (CR-2)."] = TYPICAL_CREDITS_MAX,
) -> School:
    """Add a school that sponsors credits, with its limits for one grant (CR-2)."""
    return await School.open(
        name=name,
        time_zone=time_zone,
        credits_min=credits_min,
        credits_max=credits_max,
        by=context.viewer,
        at=context.now,
    )


async def check_school(context: Context, *, credits_min: int, credits_max: int) -> list[Refusal]:
    """What speaks against a school's limits, whatever it is called."""
    return limits_refusals(credits_min, credits_max)


async def check_update(context: Context, *, school_id: UUID | None) -> list[Refusal]:
    """What speaks against the school that is to be changed."""
    if school_id is None or await School.visible(context.viewer, school_id) is not None:
        return []
    return [not_found("school", path=["schoolId"])]


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
