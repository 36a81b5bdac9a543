"""Times as a document tells them: on somebody's clock, with the zone in full, for paper has no time zone of its own."""

from datetime import datetime
from zoneinfo import ZoneInfo

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def told(at: datetime, zone: str) -> str:
    """An instant on the clock of an IANA zone: November 29, 2026, 4:00:07 AM EST (America/New_York)."""
    local = at.astimezone(ZoneInfo(zone))
    clock = f"{local.hour % 12 or 12}:{local:%M:%S} {'AM' if local.hour < 12 else 'PM'}"
    return f"{MONTHS[local.month - 1]} {local.day}, {local.year}, {clock} {local.tzname()} ({zone})"
