"""Wall clocks become instants in every zone, on the days of a clock change too (AV-1, CL-1)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as some

from models.appointments.appointments import ATTEST_WITHIN_DAYS, attestation_deadline
from models.availability.hours import Hours, as_time
from models.availability.openings import OPENING_MINUTES, starts_of
from models.base.times import end_of_day, instant, is_time_zone, local_day

ZONES = some.sampled_from(sorted(available_timezones() - {"localtime", "Factory"})).map(ZoneInfo)
BUSY_ZONES = some.sampled_from(
    ["America/New_York", "America/Los_Angeles", "Europe/London", "Australia/Lord_Howe", "America/Santiago",
     "Africa/Casablanca", "Asia/Beirut", "America/Havana", "Pacific/Chatham", "America/St_Johns", "Asia/Kathmandu"]
).map(ZoneInfo)  # fmt: skip
DAYS = some.dates(date(2015, 1, 1), date(2035, 12, 31))
CLOCKS = some.builds(time, some.integers(0, 23), some.integers(0, 59))
NEW_YORK = ZoneInfo("America/New_York")


@given(DAYS, CLOCKS, ZONES | BUSY_ZONES)
def test_an_instant_shows_the_wall_clock_that_it_was_made_of_and_is_the_first_to_do_so(
    day: date, clock: time, zone: ZoneInfo
) -> None:
    wall = datetime.combine(day, clock)
    showing = [
        at
        for minutes in range(-180, 181, 15)
        for guess in (wall.replace(tzinfo=zone).astimezone(UTC) + timedelta(minutes=minutes),)
        for at in (guess + (wall - guess.astimezone(zone).replace(tzinfo=None)),)
        if at.astimezone(zone).replace(tzinfo=None) == wall
    ]
    assert instant(day, clock, zone) == (min(showing) if showing else None)


@pytest.mark.parametrize(
    ("day", "clock", "zone", "expected"),
    [
        (date(2026, 3, 8), time(2, 30), "America/New_York", None),
        (date(2026, 3, 8), time(3, 0), "America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
        (date(2026, 3, 8), time(1, 59), "America/New_York", datetime(2026, 3, 8, 6, 59, tzinfo=UTC)),
        (date(2026, 11, 1), time(1, 30), "America/New_York", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
        (date(2026, 11, 1), time(2, 0), "America/New_York", datetime(2026, 11, 1, 7, tzinfo=UTC)),
        (date(2026, 10, 4), time(2, 15), "Australia/Lord_Howe", None),
        (date(2026, 7, 1), time(9, 0), "America/Phoenix", datetime(2026, 7, 1, 16, tzinfo=UTC)),
    ],
)
def test_skipped_times_are_none_and_doubled_ones_are_the_first(
    day: date, clock: time, zone: str, expected: datetime | None
) -> None:
    assert instant(day, clock, ZoneInfo(zone)) == expected


@given(DAYS, ZONES | BUSY_ZONES)
@example(date(2026, 9, 5), ZoneInfo("America/Santiago"))
@example(date(2026, 3, 28), ZoneInfo("Asia/Beirut"))
@example(date(2026, 3, 7), ZoneInfo("America/Havana"))
def test_a_day_ends_at_the_first_instant_of_the_next(day: date, zone: ZoneInfo) -> None:
    end = end_of_day(day, zone)
    assert end.tzinfo is UTC
    assert local_day(end, zone) == day + timedelta(days=1)
    assert local_day(end - timedelta(microseconds=1), zone) == day


@given(DAYS, CLOCKS, ZONES | BUSY_ZONES)
def test_a_session_is_attested_until_the_end_of_the_thirtieth_day_after_its_date(
    day: date, clock: time, zone: ZoneInfo
) -> None:
    starts_at = instant(day, clock, zone)
    assume(starts_at is not None)
    assert starts_at is not None
    deadline = attestation_deadline(starts_at, zone)
    assert local_day(deadline - timedelta(microseconds=1), zone) == day + timedelta(days=30)
    assert local_day(deadline, zone) == day + timedelta(days=31)
    days = (deadline - starts_at) / timedelta(days=1)
    assert ATTEST_WITHIN_DAYS - 0.2 < days < ATTEST_WITHIN_DAYS + 1.2


def test_a_late_evening_in_california_counts_by_its_own_date() -> None:
    starts_at = datetime(2026, 3, 3, 6, 30, tzinfo=UTC)  # 22:30 on the 2nd
    assert attestation_deadline(starts_at, ZoneInfo("America/Los_Angeles")) == datetime(2026, 4, 2, 7, tzinfo=UTC)


def hours_strategy() -> some.SearchStrategy[Hours]:
    """Blocks of at least an hour, on the quarter."""
    quarters = some.integers(0, 23 * 4 - 1)
    return some.builds(
        lambda weekday, first, length: Hours(
            weekday=weekday,
            starts=time(first // 4, first % 4 * 15),
            ends=time(min(first + length, 95) // 4, min(first + length, 95) % 4 * 15),
        ),
        some.integers(1, 7),
        quarters,
        some.integers(4, 40),
    )


def whole_hours(blocks: list[Hours]) -> list[Hours]:
    """Those of the blocks that do not overlap an earlier one."""
    kept: list[Hours] = []
    for block in blocks:
        if all(block.weekday != k.weekday or block.ends <= k.starts or k.ends <= block.starts for k in kept):
            kept.append(block)
    return kept


@given(some.lists(hours_strategy(), max_size=6).map(whole_hours), ZONES | BUSY_ZONES, DAYS, some.integers(1, 20))
def test_openings_are_sorted_real_and_within_their_hours(
    week: list[Hours], zone: ZoneInfo, first: date, days: int
) -> None:
    starts = list(starts_of(week, zone, first=first, days=days))
    assert starts == sorted(set(starts))
    for start in starts:
        local = start.astimezone(zone)
        assert first <= local.date() < first + timedelta(days=days)
        assert any(
            block.weekday == local.isoweekday()
            and block.starts <= local.time()
            and minutes(local.time()) + OPENING_MINUTES <= minutes(block.ends)
            and (minutes(local.time()) - minutes(block.starts)) % OPENING_MINUTES == 0
            for block in week
        )


def minutes(clock: time) -> int:
    """Minutes since midnight on the wall clock."""
    return clock.hour * 60 + clock.minute


@given(some.lists(hours_strategy(), max_size=6).map(whole_hours), DAYS)
def test_without_clock_changes_every_whole_hour_of_a_week_is_an_opening(week: list[Hours], first: date) -> None:
    starts = list(starts_of(week, ZoneInfo("UTC"), first=first, days=7))
    assert len(starts) == sum((minutes(block.ends) - minutes(block.starts)) // OPENING_MINUTES for block in week)
    assert all(following - start >= timedelta(hours=1) for start, following in pairwise(starts))


def test_the_openings_of_the_days_of_a_clock_change() -> None:
    nights = [Hours(weekday=7, starts=time(0), ends=time(5))]
    spring = [start.hour for start in starts_of(nights, NEW_YORK, first=date(2026, 3, 8), days=1)]
    autumn = [start.hour for start in starts_of(nights, NEW_YORK, first=date(2026, 11, 1), days=1)]
    assert spring == [5, 6, 7, 8]  # 00, 01, (02 is skipped) 03, 04
    assert autumn == [4, 5, 7, 8, 9]  # 00, 01 (once), 02, 03, 04


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("America/New_York", True), ("UTC", True), ("Mars/Olympus", False), ("", False), ("../etc/passwd", False)],
)
def test_a_zone_is_known_by_its_iana_name(name: str, is_one: bool) -> None:
    assert is_time_zone(name) is is_one


@pytest.mark.parametrize("told", [time(9, 30), time(9, 30, tzinfo=UTC), timedelta(hours=9, minutes=30)])
def test_a_time_of_day_is_the_same_however_the_driver_tells_it(told: time | timedelta) -> None:
    assert as_time(told) == time(9, 30)
    assert as_time(told).isoformat("minutes") == "09:30"
