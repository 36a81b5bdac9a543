"""Business and banking days: the holidays that are loaded, and the same answers by Python and by the database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta

import asyncpg
import pytest
import pytest_asyncio

from models.base.business_days import BusinessDays, Holiday, HolidayKind, UnknownYearError, business_days
from models.base.statements import fetch, fetch_one
from settings import Settings

DAY = timedelta(days=1)
YEARS = range(2026, 2036)
SATURDAY, SUNDAY = 6, 7


@pytest_asyncio.fixture(loop_scope="session")
async def calendar(database: Settings) -> AsyncIterator[BusinessDays]:
    """The days as the migrations load them."""
    yield await business_days()


def nth(year: int, month: int, weekday: int, number: int) -> date:
    """The so-manieth such weekday of a month; the last for -1."""
    days = [day for day in (date(year, month, 1) + DAY * n for n in range(31)) if day.month == month]
    return [day for day in days if day.isoweekday() == weekday][number if number < 0 else number - 1]


def holidays_by_law(year: int) -> set[date]:
    """The eleven holidays of 5 U.S.C. 6103, on the days that the law names."""
    fixed = {(1, 1), (6, 19), (7, 4), (11, 11), (12, 25)}
    moving = {nth(year, 1, 1, 3), nth(year, 2, 1, 3), nth(year, 5, 1, -1), nth(year, 9, 1, 1), nth(year, 10, 1, 2)}
    return {date(year, month, day) for month, day in fixed} | moving | {nth(year, 11, 4, 4)}


def observed(day: date, *, saturday_on: timedelta | None) -> date | None:
    """When a holiday is kept; None for not at all."""
    if day.isoweekday() == SUNDAY:
        return day + DAY
    if day.isoweekday() == SATURDAY:
        return None if saturday_on is None else day + saturday_on
    return day


@pytest.mark.parametrize(("kind", "saturday_on"), [(HolidayKind.FEDERAL, -DAY), (HolidayKind.BANK, None)])
async def test_the_holidays_of_ten_years_are_those_of_the_law_as_they_are_kept(
    calendar: BusinessDays, kind: HolidayKind, saturday_on: timedelta | None
) -> None:
    by_law = {day for year in range(2025, 2038) for day in holidays_by_law(year)}
    kept = {found for day in by_law if (found := observed(day, saturday_on=saturday_on)) and found.year in YEARS}
    loaded = calendar.federal if kind is HolidayKind.FEDERAL else calendar.bank
    assert loaded == kept
    assert len(loaded) == await Holiday.filter(kind=kind).count()


@pytest.mark.parametrize(
    ("day", "works", "settles"),
    [
        (date(2026, 7, 3), False, True),  # Independence Day is a Saturday: the government rests on Friday, banks do not
        (date(2026, 7, 4), False, False),
        (date(2026, 7, 6), True, True),
        (date(2027, 7, 5), False, False),  # Independence Day is a Sunday: both rest on Monday
        (date(2027, 12, 24), False, True),  # Christmas is a Saturday
        (date(2027, 12, 31), False, True),  # New Year's Day of 2028 is a Saturday
        (date(2028, 11, 10), False, True),  # Veterans Day is a Saturday
        (date(2028, 6, 19), False, False),
        (date(2029, 1, 20), False, False),  # a Saturday; Inauguration Day is none of ours
        (date(2033, 1, 20), True, True),  # Inauguration Day on a Thursday
        (date(2026, 11, 27), True, True),  # the day after Thanksgiving is an ordinary one
    ],
)
async def test_days_that_people_get_wrong(calendar: BusinessDays, day: date, works: bool, settles: bool) -> None:
    assert (calendar.is_business_day(day), calendar.is_banking_day(day)) == (works, settles)


async def test_three_banking_days_pass_over_a_weekend_and_a_holiday(calendar: BusinessDays) -> None:
    wednesday = date(2026, 11, 25)
    assert calendar.next_banking_day(wednesday) == date(2026, 11, 27)
    assert calendar.add_banking_days(wednesday, 3) == date(2026, 12, 1)
    assert calendar.add_banking_days(date(2026, 11, 26), 0) == date(2026, 11, 27)
    assert calendar.add_business_days(date(2026, 7, 2), 1) == date(2026, 7, 6)
    assert calendar.banking_days_between(wednesday, date(2026, 12, 1)) == 3
    assert calendar.banking_days_between(date(2026, 12, 1), wednesday) == 0


EACH_DAY = """
SELECT day::date AS day, is_working_day('FEDERAL', day::date) AS works, is_working_day('BANK', day::date) AS settles
  FROM generate_series('2026-01-01'::date, '2035-12-31', interval '1 day') day
"""
ADDED = """
SELECT day::date AS day, kind, ARRAY(SELECT add_working_days(kind, day::date, n) FROM unnest($1::int[]) n) AS later,
       day::date + span AS until, working_days_between(kind, day::date, day::date + span) AS between
  FROM unnest(ARRAY['FEDERAL', 'BANK']) kind,
       generate_series('2026-01-03'::date, '2035-11-30', interval '11 days') day,
       LATERAL (SELECT (extract(day FROM day))::int - 3 AS span) spans
"""
NUMBERS = [0, 1, 3, 7]


async def test_python_and_the_database_agree_on_each_day_of_ten_years(calendar: BusinessDays) -> None:
    rows = await fetch(EACH_DAY)
    assert len(rows) == 3_652
    told = [(calendar.is_business_day(row.day), calendar.is_banking_day(row.day)) for row in rows]
    assert told == [(row.works, row.settles) for row in rows]


async def test_python_and_the_database_agree_on_what_they_add_and_count(calendar: BusinessDays) -> None:
    rows = await fetch(ADDED, NUMBERS)
    assert len(rows) > 600
    for row in rows:
        if row.kind == "BANK":
            add, between = calendar.add_banking_days, calendar.banking_days_between
        else:
            add, between = calendar.add_business_days, calendar.business_days_between
        assert [add(row.day, number) for number in NUMBERS] == row.later, row
        assert between(row.day, row.until) == row.between, row


async def test_adding_and_counting_undo_each_other(calendar: BusinessDays) -> None:
    for offset in range(0, 3_000, 7):
        day = date(2026, 1, 1) + DAY * offset
        for number in (1, 2, 5, 20):
            until = calendar.add_banking_days(day, number)
            assert calendar.is_banking_day(until)
            assert calendar.banking_days_between(day, until) == number
            assert calendar.next_banking_day(until - DAY) == until


async def test_no_date_is_promised_in_a_year_whose_holidays_nobody_loaded(calendar: BusinessDays) -> None:
    last = date(2035, 12, 31)
    for ask in (calendar.is_banking_day, calendar.is_business_day):
        with pytest.raises(UnknownYearError, match="2025"):
            ask(date(2025, 12, 31))
    with pytest.raises(UnknownYearError, match="2036"):
        calendar.next_banking_day(last)
    with pytest.raises(asyncpg.DataError, match="2036"):
        await fetch_one("SELECT add_working_days('BANK', $1, 1)", last)


async def test_days_are_not_taken_away(calendar: BusinessDays) -> None:
    with pytest.raises(ValueError, match="not taken away"):
        calendar.add_banking_days(date(2026, 3, 2), -1)
    with pytest.raises(asyncpg.DataError, match="not taken away"):
        await fetch_one("SELECT add_working_days('BANK', $1, -1)", date(2026, 3, 2))
