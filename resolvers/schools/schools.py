"""How requests about schools and students are answered."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.base.errors import Refusal
from models.base.text import TimeZone
from models.schools.schools import TYPICAL_CREDITS_MAX, TYPICAL_CREDITS_MIN, School, limits_refusals
from operations.arguments import NAME
from operations.context import Context
from operations.reads.pages import Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import row, to_one
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


async def check_school(context: Context, *, credits_min: int, credits_max: int) -> list[Refusal]:
    """What speaks against a school's limits, whatever it is called."""
    return limits_refusals(credits_min, credits_max)


SCHOOL = to_one(School, by="school_id")
