"""How requests about weekly hours are answered."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated
from uuid import UUID

import strawberry

from models.availability import openings
from models.availability.hours import Hours, WeeklyHours
from models.base.errors import Code, Refusal
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


WEEKLY_HOURS = to_all(WeeklyHours, by="provider_id", order="weekday")
