"""Weekly hours: a provider's availability rules, in wall-clock time (AV-1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from models.base.access import EVERYTHING, Entity, Reach, Role
from models.base.errors import Code, Refusal
from models.base.personal import Kept
from models.base.scopes import Needed, Scope
from models.directory.providers import Provider, of_practice


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """One block of a week: an ISO weekday (1 is Monday), from and to in the provider's wall-clock time."""

    weekday: int
    starts: time
    ends: time


class WeeklyHours(Entity):
    """An availability rule: one block of a provider's week, kept in wall-clock time (AV-1)."""

    PREFIX: ClassVar[str] = "avr"
    SCOPE: ClassVar[Needed] = Scope.SCHEDULE_READ
    REACH: ClassVar[Reach] = {
        Role.OPS: EVERYTHING,
        Role.PROVIDER: "weekly_hours.provider_id = {provider}",
        Role.OFFICE: of_practice("weekly_hours"),
    }

    provider: fields.ForeignKeyRelation[Provider] = fields.ForeignKeyField(
        "models.Provider", related_name="weekly_hours", on_delete=fields.RESTRICT, db_index=True
    )
    provider_id: UUID
    weekday = fields.SmallIntField()
    starts = fields.TimeField()
    ends = fields.TimeField()
    time_zone = fields.CharField(max_length=60)

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"time_zone"})
    KEPT: ClassVar[Kept] = Kept(long="while they are offered", why="what can be booked")

    class Meta:
        """EXCLUDE: two blocks of one provider's day do not overlap."""

        table = "weekly_hours"


def hours_refusals(weekly: Sequence[Hours | None]) -> list[Refusal]:
    """Everything that is wrong with a week, at once, each with its place in the list; None is a block not known."""
    found = []
    for index, hours in enumerate(weekly):
        if hours is None:
            continue
        path = ["hours", str(index)]
        if not 1 <= hours.weekday <= 7:
            found.append(
                Refusal(
                    Code.INVALID,
                    "A weekday is 1 (Monday) to 7 (Sunday).",
                    rule="AV-1",
                    path=[*path, "weekday"],
                    fix="Correct the weekday.",
                )
            )
        if datetime.combine(date.min, hours.ends) - datetime.combine(date.min, hours.starts) < timedelta(hours=1):
            found.append(
                Refusal(
                    Code.INVALID,
                    "A block ends at least 60 minutes after it starts, so that an intake fits.",
                    rule="AV-2",
                    path=[*path, "ends"],
                    fix="Make the block longer, or leave it out.",
                )
            )
        if any(
            other is not None
            and other.weekday == hours.weekday
            and other.starts < hours.ends
            and hours.starts < other.ends
            for other in weekly[:index]
        ):
            found.append(
                Refusal(
                    Code.INVALID,
                    "Two blocks on the same day overlap.",
                    rule="AV-1",
                    path=path,
                    fix="Join the blocks, or move one.",
                )
            )
    return found


async def hours_of(provider_id: UUID) -> list[Hours]:
    """A provider's week."""
    rows = await WeeklyHours.filter(provider_id=provider_id)
    return [Hours(weekday=row.weekday, starts=as_time(row.starts), ends=as_time(row.ends)) for row in rows]


def as_time(value: time | timedelta) -> time:
    """A TIME column as a time of day, however the ORM hands it over."""
    return value.replace(tzinfo=None) if isinstance(value, time) else (datetime.min + value).time()  # noqa: DTZ901 — a time of day has no zone
