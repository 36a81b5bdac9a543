"""Who may see and do what in availability, written by hand, apart from the program."""

from __future__ import annotations

from typing import Any

from models.base.access import Role
from tests.areas.vocabulary import ALL, NONE, OFFICE, OPS, OWN, PROVIDER, SCHOOL, STUDENT, Expected, Others, Seen, seen
from tests.support.two_sides import Side

QUERY: Expected = {
    "opening": {STUDENT, PROVIDER, OFFICE, SCHOOL, OPS},
}

MUTATION: Expected = {
    "setWeeklyHours": {PROVIDER, OFFICE, OPS},
}

SEEN: dict[str, Seen] = {
    "avr": seen(student=NONE, provider=OWN, office=OWN, school=NONE, partner=NONE, ops=ALL, finance=NONE),
    "opn": seen(student=ALL, provider=OWN, office=OWN, school=ALL, partner=NONE, ops=ALL, finance=NONE),
}

NARROWED: dict[str, set[Role]] = {
    "Provider.weeklyHours": {PROVIDER, OFFICE, OPS},
}


def week(other: Side) -> dict[str, Any]:
    """Their provider's week."""
    return {"providerId": other.provider.type_id, "hours": [{"weekday": 1, "starts": "09:00", "ends": "10:00"}]}


OTHERS: Others = {("setWeeklyHours", PROVIDER): week, ("setWeeklyHours", OFFICE): week}
