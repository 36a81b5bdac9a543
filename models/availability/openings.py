"""Openings: the bookable start times that weekly hours make (AV-2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from tortoise import fields

from models.availability.hours import Hours, WeeklyHours, hours_of, hours_refusals
from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.errors import refuse_if_any
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.ids import new_id
from models.base.personal import Kept
from models.base.scopes import Needed, Scope
from models.base.statements import execute, transaction, write
from models.base.times import instant, local_day
from models.directory.providers import Provider, of_practice

HORIZON_DAYS = 60
NOTICE_HOURS_MIN = 24
OPENING_MINUTES = 60


class Opening(Entity):
    """One bookable start time: an hour that weekly hours make and nothing has taken (FHIR Slot)."""

    PREFIX: ClassVar[str] = "opn"
    SCOPE: ClassVar[Needed] = Scope.SCHEDULE_READ
    REACH: ClassVar[Reach] = {
        Role.OPS: EVERYTHING,
        Role.SCHOOL: EVERYTHING,
        Role.STUDENT: EVERYTHING,
        Role.PROVIDER: "openings.provider_id = {provider}",
        Role.OFFICE: of_practice("openings"),
    }

    provider: fields.ForeignKeyRelation[Provider] = fields.ForeignKeyField(
        "models.Provider", related_name="openings", on_delete=fields.RESTRICT
    )
    provider_id: UUID
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()

    KEPT: ClassVar[Kept] = Kept(
        long="a day after their start",
        why="what can be booked; what was booked is an appointment",
        over="openings.starts_at < {at} - interval '1 day'",
    )

    class Meta:
        """Derived from weekly hours; one for a provider and start."""

        table = "openings"
        unique_together = (("provider_id", "starts_at"),)


def bookable_from(at: datetime) -> datetime:
    """The earliest start that may be requested now: there is a minimum notice (AV-2)."""
    return at + timedelta(hours=NOTICE_HOURS_MIN)


def bookable_until(at: datetime) -> datetime:
    """The end of the booking horizon; what starts before it may be requested (AV-2)."""
    return at + timedelta(days=HORIZON_DAYS)


def starts_of(weekly: Iterable[Hours], zone: ZoneInfo, *, first: date, days: int) -> Iterator[datetime]:
    """The start of every opening that these hours make on `days` days from `first`, in UTC and in order (AV-1)."""
    by_weekday: dict[int, list[Hours]] = {}
    for hours in sorted(weekly, key=lambda block: block.starts):
        by_weekday.setdefault(hours.weekday, []).append(hours)
    for offset in range(days):
        day = first + timedelta(days=offset)
        for hours in by_weekday.get(day.isoweekday(), ()):
            yield from starts_in(hours, day, zone)


def starts_in(hours: Hours, day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """The openings of one block on one day: whole hours of it that fit on the wall clock before its end."""
    minutes = hours.starts.hour * 60 + hours.starts.minute
    last = hours.ends.hour * 60 + hours.ends.minute - OPENING_MINUTES
    while minutes <= last:
        found = instant(day, time(minutes // 60, minutes % 60), zone)
        if found is not None:
            yield found
        minutes += OPENING_MINUTES


async def set_weekly_hours(provider: Provider, weekly: Sequence[Hours], *, by: Viewer | None, at: datetime) -> Provider:
    """Replace a provider's weekly hours and derive the openings anew; appointments are left as they stand."""
    refuse_if_any(hours_refusals(weekly))
    await execute("SELECT 1 FROM providers WHERE id = $1 FOR NO KEY UPDATE", provider.id)
    await WeeklyHours.filter(provider_id=provider.id).delete()
    rows = [
        WeeklyHours(
            provider_id=provider.id,
            weekday=block.weekday,
            starts=block.starts,
            ends=block.ends,
            time_zone=provider.time_zone,
        )
        for block in weekly
    ]
    await write(*rows, new_event(EventVerb.AVAILABILITY_SET, provider, by=by, at=at))
    await derive_openings(provider.id, weekly, ZoneInfo(provider.time_zone), at=at)
    return provider


async def derive_openings(provider_id: UUID, weekly: Sequence[Hours], zone: ZoneInfo, *, at: datetime) -> None:
    """Make the future openings those of the weekly hours; the ones that stay keep their ids."""
    first = local_day(at, zone)
    starts = [start for start in starts_of(weekly, zone, first=first, days=HORIZON_DAYS + 2) if start > at]
    await execute(
        "DELETE FROM openings WHERE provider_id = $1 AND starts_at > $2 AND starts_at <> ALL ($3::timestamptz[])",
        provider_id, at, starts,
    )  # fmt: skip
    await execute(
        "INSERT INTO openings (id, provider_id, starts_at, ends_at)"
        " SELECT new.id, $1, new.starts_at, new.starts_at + make_interval(mins => $4)"
        " FROM unnest($2::uuid[], $3::timestamptz[]) AS new (id, starts_at)"
        " ON CONFLICT (provider_id, starts_at) DO NOTHING",
        provider_id, [new_id() for _ in starts], starts, OPENING_MINUTES,
    )  # fmt: skip
    await Provider.filter(id=provider_id).update(openings_until=first + timedelta(days=HORIZON_DAYS + 1))


async def extend_openings(*, at: datetime, providers_max: int = 200) -> int:
    """Derive openings for providers whose horizon has moved on; the worker calls it. Returns how many it did."""
    stale = (
        await Provider.filter(openings_until__lt=bookable_until(at).date())
        .order_by("openings_until")
        .limit(providers_max)
    )
    for provider in stale:
        async with transaction():
            await execute("SELECT 1 FROM providers WHERE id = $1 FOR NO KEY UPDATE", provider.id)
            await derive_openings(provider.id, await hours_of(provider.id), ZoneInfo(provider.time_zone), at=at)
    return len(stale)
