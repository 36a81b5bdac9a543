"""How requests about weekly hours are answered."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated
from uuid import UUID

import strawberry

from models.availability import openings
from models.availability.hours import Hours, WeeklyHours, hours_refusals
from models.base.errors import Code, Refusal, refuse_if_any
from models.directory.providers import Provider
from operations.context import Context
from operations.reads.relations import to_all
from operations.reads.rows import find

WALL_CLOCK = re.compile("([01][0-9]|2[0-3]):[0-5][0-9]")


class HoursInput:
    """One block of a provider's week, as a client sends it; an input type of the schema."""

    weekday: int = strawberry.field(description="ISO weekday: 1 is Monday, 7 is Sunday.")
    starts: str = strawberry.field(description="Start in the provider's time zone, HH:MM.")
    ends: str = strawberry.field(description="End in the provider's time zone, HH:MM.")


async def set_weekly_hours(
    context: Context,
    *,
    hours: Annotated[
        list[HoursInput], "The whole week, in the provider's time zone. It replaces the hours set before."
    ],
    provider_id: Annotated[UUID | None, Provider, "Provider; default yourself."] = None,
) -> Provider:
    """Set a provider's weekly hours. Openings of 60 minutes are derived from them for the next 60 days (AV-1, AV-2)."""
    provider = await find(context, Provider, provider_id or context.viewer.provider_id, path="providerId")
    week, refusals = week_of(hours)
    refuse_if_any(refusals)
    return await openings.set_weekly_hours(
        provider, [block for block in week if block is not None], by=context.viewer, at=context.now
    )


async def check_hours(context: Context, *, hours: list[HoursInput] | None) -> list[Refusal]:
    """What speaks against a week, whoever's it is."""
    return week_of(hours or [])[1]


def week_of(hours: list[HoursInput]) -> tuple[list[Hours | None], list[Refusal]]:
    """The blocks of a week, None for one whose times cannot be read, and everything that speaks against it."""
    unread = [
        not_a_time(index, name)
        for index, block in enumerate(hours)
        for name, text in (("starts", block.starts), ("ends", block.ends))
        if WALL_CLOCK.fullmatch(text) is None
    ]
    left_out = {refusal.path[1] for refusal in unread}
    week = [
        None
        if str(index) in left_out
        else Hours(weekday=block.weekday, starts=time.fromisoformat(block.starts), ends=time.fromisoformat(block.ends))
        for index, block in enumerate(hours)
    ]
    return week, [*unread, *hours_refusals(week)]


def not_a_time(index: int, name: str) -> Refusal:
    """A text that is no time of day."""
    return Refusal(
        Code.INVALID,
        "A time of day is written HH:MM.",
        rule="AV-1",
        path=["hours", str(index), name],
        fix="Write it like 09:00.",
    )


WEEKLY_HOURS = to_all(WeeklyHours, by="provider_id", order="weekday")
