"""Times: wall clocks with an IANA zone become instants in UTC, on the days of a clock change too (AV-1)."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

YEAR_MIN, YEAR_MAX = 1900, 2999
"""Far from both ends of what Python and PostgreSQL can tell, so that adding days or a zone's offset never fails."""

NOWHERE = frozenset({"localtime", "Factory"})
"""Names that some machines list: the one means another zone on each of them, the other none."""


def is_time_zone(name: str) -> bool:
    """Whether `name` is an IANA time zone."""
    return name in zones()


@cache
def zones() -> frozenset[str]:
    """All IANA time zones; to list them takes a walk through many files."""
    return frozenset(available_timezones() - NOWHERE)


def instant(day: date, clock: time, zone: ZoneInfo) -> datetime | None:
    """The instant at which a wall clock in `zone` shows this time, in UTC.

    None for a time that the clock skips; the first of the two for a time that it shows twice (AV-1).
    """
    local = datetime.combine(day, clock, tzinfo=zone)
    found = local.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        return None
    return found


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """The calendar day that it is in `zone` at this instant."""
    return at.astimezone(zone).date()


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which `day` ends in `zone`: the first one that belongs to the next day."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=zone).astimezone(UTC)
