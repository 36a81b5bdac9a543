"""Business days and banking days of the United States: dates, without hours or zones, with their holidays as data.

A business day is one on which the federal government works, a banking day one on which the Federal Reserve settles.
They differ: a holiday on a Sunday moves to Monday for both, one on a Saturday to Friday for the government alone.
Inauguration Day is a holiday of Washington, DC only, and none here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from models.base.ids import new_id
from models.base.personal import Kept
from models.base.statements import fetch
from models.base.tables import Table

DAY = timedelta(days=1)
WORKING_WEEKDAYS = 5


class HolidayKind(StrEnum):
    """Who rests: the federal government, or the Federal Reserve."""

    FEDERAL = "FEDERAL"
    BANK = "BANK"


class Holiday(Table):
    """A day on which nobody works, as observed; a year without any is a year that is not known."""

    id: UUID = fields.UUIDField(primary_key=True, default=new_id)
    kind = fields.CharEnumField(HolidayKind, max_length=10)
    day = fields.DateField()
    name = fields.CharField(max_length=60)

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"name"})
    KEPT: ClassVar[Kept] = Kept(long="for good", why="by which days dates were promised")

    class Meta:
        """UNIQUE of kind and day; loaded by migrations, years ahead."""

        table = "holidays"
        unique_together = (("kind", "day"),)


class UnknownYearError(LookupError):
    """The holidays of a year are not loaded, so that no date in it can be promised."""


@dataclass(frozen=True, slots=True)
class BusinessDays:
    """The calendar of both kinds of days. Pure: read it once by `business_days()`, then ask as often as you like.

    The functions `is_working_day`, `add_working_days` and `working_days_between` of the database say the same. Each
    method raises UnknownYearError where it would have to look at a year whose holidays are not loaded.
    """

    federal: frozenset[date]
    bank: frozenset[date]

    def is_business_day(self, day: date) -> bool:
        """Whether the federal government works on that day."""
        return is_working(self.federal, day)

    def is_banking_day(self, day: date) -> bool:
        """Whether the Federal Reserve settles on that day."""
        return is_working(self.bank, day)

    def add_business_days(self, day: date, days: int) -> date:
        """The business day that is so many after `day`: of 0 the day itself, or the next if it is none."""
        return added(self.federal, day, days)

    def add_banking_days(self, day: date, days: int) -> date:
        """The banking day that is so many after `day`: of 0 the day itself, or the next if it is none."""
        return added(self.bank, day, days)

    def next_banking_day(self, after: date) -> date:
        """The first banking day after this day."""
        return added(self.bank, after, 1)

    def business_days_between(self, start: date, end: date) -> int:
        """How many business days there are after `start`, up to and with `end`; none if that is not later."""
        return counted(self.federal, start, end)

    def banking_days_between(self, start: date, end: date) -> int:
        """How many banking days there are after `start`, up to and with `end`; none if that is not later."""
        return counted(self.bank, start, end)


async def business_days() -> BusinessDays:
    """The calendar as it is loaded."""
    rows = await fetch("SELECT kind, day FROM holidays")
    kinds = {kind: frozenset(row.day for row in rows if row.kind == kind) for kind in HolidayKind}
    return BusinessDays(federal=kinds[HolidayKind.FEDERAL], bank=kinds[HolidayKind.BANK])


def is_working(holidays: frozenset[date], day: date) -> bool:
    """Whether a day is neither of a weekend nor a holiday."""
    if not any(holiday.year == day.year for holiday in holidays):
        raise UnknownYearError(f"the holidays of {day.year} are not loaded")
    return day.isoweekday() <= WORKING_WEEKDAYS and day not in holidays


def added(holidays: frozenset[date], day: date, days: int) -> date:
    """The working day that is so many after a day. Raises ValueError for fewer than none."""
    if days < 0:
        raise ValueError("days are added, not taken away")
    if days == 0:
        day, days = day - DAY, 1
    for following in days_after(day):
        days -= is_working(holidays, following)
        if days == 0:
            return following
    raise AssertionError("days have no end")


def counted(holidays: frozenset[date], start: date, end: date) -> int:
    """The number of working days after one day, up to and with another."""
    return sum(is_working(holidays, start + DAY * number) for number in range(1, (end - start).days + 1))


def days_after(day: date) -> Iterator[date]:
    """Each day after this one."""
    while True:
        day += DAY
        yield day
