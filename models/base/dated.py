"""Dated facts: what holds from a day until another, one at a time for each key: rates, a school's policies (CR-12).

One form for all of them: a column `during DATERANGE`; `EXCLUDE USING gist (key WITH =, during WITH &&)`, so that there
is never more than one on a day; and a trigger `<table>_supersede` (`SUPERSEDE` of migration 0034), by which what is
announced ends what held before it, the day before, and ends itself where the next begins that was announced already. So
they are announced in any order, one or thousands in a statement, by any version of the program, and never edited.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from asyncpg import Range
from tortoise.fields.base import Field

from models.base.errors import Code, Refusal

DAY = timedelta(days=1)


class During(NamedTuple):
    """The days on which something holds: from `since` on, until the day before `until`; None where it has no bound."""

    since: date | None
    until: date | None = None

    @classmethod
    def of(cls, first: date, last: date | None) -> During:
        """The days from the first to the last, both included; none, or the last of all days, for what is open."""
        return cls(first, None if last is None or last == date.max else last + DAY)


class DuringField(Field[During], During):  # type: ignore[misc]  # Tortoise fields are of the type that they hold
    """A column DATERANGE."""

    SQL_TYPE = "DATERANGE"

    def to_db_value(self, value: During | None, instance: Any) -> Range | None:
        """The range as the driver takes it."""
        return None if value is None else Range(value.since, value.until)

    def to_python_value(self, value: Any) -> During | None:
        """The range as the driver gives it, in PostgreSQL's one form: with its first day, without its end."""
        return During(value.lower, value.upper) if isinstance(value, Range) else value


def last_day(during: During | Range) -> date | None:
    """The last day of a column's value, as the driver or as a model gives it; None for what is open."""
    end: date | None = during.upper if isinstance(during, Range) else during.until
    return None if end is None else end - DAY


def first_day(during: During | Range) -> date | None:
    """The first day of a column's value, as the driver or as a model gives it; None since ever."""
    day: date | None = during.lower if isinstance(during, Range) else during.since
    return day


def holds_on(table: str, day: str) -> str:
    """The condition of the one row of each key that holds on a day; both are SQL."""
    return f"{table}.during @> {day}"


def instants_of(table: str, zone: str) -> str:
    """The instants of a row's days on the calendar of a time zone, as TSTZRANGE; both are SQL."""
    first, end = (f"{bound}({table}.during)::timestamp AT TIME ZONE {zone}" for bound in ("lower", "upper"))
    return f"tstzrange({first}, {end})"


def announcement_refusals(
    during: During, *, today: date, what: str, rule: str, path: Sequence[str] = (), notice_days: int = 0
) -> list[Refusal]:
    """What speaks against these days of something that is announced: it begins so many days from now, or later.

    `today` is the day where it ends last for those concerned. Faults stand at `effectiveFrom` and `effectiveUntil`.
    """
    found = []
    earliest = today + timedelta(days=notice_days)
    if during.since is None or during.since < earliest:
        found.append(
            Refusal(
                Code.TOO_LATE,
                f"{what} is announced before it applies.",
                rule=rule,
                path=[*path, "effectiveFrom"],
                fix="Choose today or a later day." if not notice_days else f"Choose {earliest} or a later day.",
            )
        )
    if during.since is not None and during.until is not None and during.until <= during.since:
        found.append(
            Refusal(
                Code.OUT_OF_BOUNDS,
                "The last day is before the first one.",
                rule=rule,
                path=[*path, "effectiveUntil"],
                fix="Choose the first day or a later one, or leave it out.",
            )
        )
    return found
