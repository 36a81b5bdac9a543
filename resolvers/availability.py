"""How requests about weekly hours and openings are answered."""

from __future__ import annotations

import re
from datetime import datetime, time
from typing import Annotated, Any
from uuid import UUID

import strawberry

from execution import Batched, Selection
from models.availability import openings
from models.availability.hours import Hours, WeeklyHours
from models.availability.openings import OFFERED, Opening, bookable_from, bookable_until, overlaps
from models.base.access import Role
from models.base.errors import Code, Refusal
from models.directory.providers import Provider
from operations.context import Context
from operations.reads.pages import Order, PageRequest
from operations.reads.relations import pages, row, to_all
from operations.reads.rows import find

BY_START = Order("starts_at")
WALL_CLOCK = re.compile("([01][0-9]|2[0-3]):[0-5][0-9]")
FOR_STUDENT = f"""
 AND EXISTS (
     SELECT 1 FROM providers host WHERE host.id = openings.provider_id AND host.searchable
        AND (host.accepting_new_clients OR EXISTS (
             SELECT 1 FROM appointments met WHERE met.provider_id = host.id AND met.student_id = $4
                AND met.confirmed_at IS NOT NULL)))
 AND NOT EXISTS (
     SELECT 1 FROM appointments own WHERE own.student_id = $4 AND {overlaps("own")})
"""
"""What a student is offered of what is free: with whom they may book, at a time when they are free too (AV-4)."""


class HoursInput:
    """One block of a provider's week, as a client sends it; an input type of the schema."""

    weekday: int = strawberry.field(description="The ISO weekday: 1 is Monday, 7 is Sunday.")
    starts: str = strawberry.field(description="When it begins on the wall clock, HH:MM.")
    ends: str = strawberry.field(description="When it ends on the wall clock, HH:MM.")


async def opening(context: Context, selection: Selection, *, id: Annotated[UUID, Opening, "The opening's id."]) -> Any:
    """One opening, whether it is still offered or not."""
    return await row(context, Opening, selection, id)


async def offered(
    context: Context,
    parents: list[Any],
    selection: Selection,
    *,
    page: PageRequest,
    since: Annotated[datetime | None, "Only openings from this instant on."] = None,
    until: Annotated[datetime | None, "Only openings before this instant."] = None,
) -> list[Any]:
    """For each provider the openings that a request would get now, soonest first (AV-4)."""
    begin = max(filter(None, (bookable_from(context.now), since)))
    end = min(filter(None, (bookable_until(context.now), until)))
    where = f"openings.starts_at >= $2 AND openings.starts_at < $3 AND {OFFERED}"
    values: list[Any] = [begin, end]
    if context.viewer.role is Role.STUDENT:
        where += FOR_STUDENT
        values.append(context.viewer.student_id)
    found = await pages(
        context, Opening, selection, page, parents, by="provider_id", order=BY_START, where=where, values=values
    )
    return list(found)


async def set_weekly_hours(
    context: Context,
    *,
    hours: Annotated[list[HoursInput], "The whole week, in the provider's own time zone; it replaces the last one."],
    provider_id: Annotated[UUID | None, Provider, "Whose week; a provider may leave it out."] = None,
) -> Provider:
    """Set a provider's weekly hours; openings of 60 minutes are derived from them for 60 days (AV-1, AV-2)."""
    provider: Provider = await find(context, Provider, provider_id or context.viewer.provider_id, path="providerId")
    week = [
        Hours(
            weekday=block.weekday,
            starts=wall_clock(block.starts, ["hours", str(index), "starts"]),
            ends=wall_clock(block.ends, ["hours", str(index), "ends"]),
        )
        for index, block in enumerate(hours)
    ]
    return await openings.set_weekly_hours(provider, week, by=context.viewer, at=context.now)


def wall_clock(text: str, path: list[str]) -> time:
    """A time of day. Raises INVALID."""
    if WALL_CLOCK.fullmatch(text) is None:
        raise Refusal(
            Code.INVALID, "A time of day is written HH:MM.", rule="AV-1", path=path, fix="Write it like 09:00."
        )
    return time.fromisoformat(text)


OPENINGS = Batched(offered, needs=("id",))
WEEKLY_HOURS = to_all(WeeklyHours, by="provider_id", order="weekday")
