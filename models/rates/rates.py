"""Rates: what a session is reimbursed with, by what it was, who gave it and when (CL-5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from tortoise import fields

from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.amounts import Money
from models.base.errors import CONSTRAINTS, Code, Refusal, refuse_if_any
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.personal import Kept
from models.base.statements import fetch, write
from models.base.times import local_day
from models.base.words import Words
from models.directory.licenses import LicenseClass
from models.directory.providers import DegreeLevel, Service

LATEST_ZONE = ZoneInfo("Pacific/Honolulu")
"""Where a day ends last among the states: until then it is still today for somebody."""
AMOUNT_MAX = Money(10_000_00)
"""Far above what a session costs: a larger amount is a slip of the finger."""


class VisitType(Words):
    """The first completed session of a student with a provider is the intake; all others are follow-ups (AP-2)."""

    INTAKE = "INTAKE", "First session with this provider, 60 minutes."
    FOLLOW_UP = "FOLLOW_UP", "Any later session, 50 minutes."


class Rate(Entity):
    """An amount for one kind of session from a day on; a state's own rate goes before the general one."""

    PREFIX: ClassVar[str] = "rat"
    REACH: ClassVar[Reach] = {Role.OPS: EVERYTHING, Role.FINANCE: EVERYTHING}

    visit_type = fields.CharEnumField(VisitType, max_length=10)
    service = fields.CharEnumField(Service, max_length=30)
    degree_level = fields.CharEnumField(DegreeLevel, max_length=10)
    license_class = fields.CharEnumField(LicenseClass, max_length=40)
    state = fields.CharField(max_length=2, null=True)
    amount_cents = fields.BigIntField()
    effective_from = fields.DateField()

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"state"})
    KEPT: ClassVar[Kept] = Kept(long="for good", why="under which terms sessions were paid for")

    class Meta:
        """UNIQUE NULLS NOT DISTINCT: one amount for a kind of session, a state and a day."""

        table = "rates"


RATE_OF = """
SELECT rates.id, rates.amount_cents FROM rates
 WHERE rates.visit_type = {visit_type} AND rates.service = {service} AND rates.degree_level = {degree_level}
   AND rates.license_class = {license_class} AND (rates.state IS NULL OR rates.state = {state})
   AND rates.effective_from <= {day}
 ORDER BY rates.state NULLS LAST, rates.effective_from DESC LIMIT 1
"""
"""The one rate that is effective on a session's day, as a sub-select over the caller's columns (CL-5)."""


def rated_from(
    *, visit_type: str, service: str, degree_level: str, license_class: str, state: str, time_zone: str
) -> str:
    """The instant `since` which there is a rate for sessions of a kind; no row without one. Rates never end (CL-5)."""
    return f"""
SELECT (rates.effective_from::timestamp AT TIME ZONE {time_zone}) AS since FROM rates
 WHERE rates.visit_type = {visit_type} AND rates.service = {service} AND rates.degree_level = {degree_level}
   AND rates.license_class = {license_class} AND (rates.state IS NULL OR rates.state = {state})
 ORDER BY rates.effective_from LIMIT 1
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class RateTerms:
    """One row of an announcement: a kind of session, the amount, and its first day."""

    visit_type: VisitType
    service: Service
    degree_level: DegreeLevel
    license_class: LicenseClass
    state: str | None
    amount: Money | None
    """None if it could not be read."""
    effective_from: date

    @property
    def key(self) -> tuple[object, ...]:
        """What no two rates share: the kind of session, the state and the first day."""
        kind = (self.visit_type, self.service, self.degree_level, self.license_class)
        return (*kind, self.state, self.effective_from)


async def announce(announced: Sequence[RateTerms], *, by: Viewer | None, at: datetime) -> list[Rate]:
    """Announce rates from today or a later day on, all of them or none (CL-5)."""
    refuse_if_any([*terms_refusals(announced, at), *await taken_refusals(announced)])
    rates = [
        Rate(
            visit_type=terms.visit_type,
            service=terms.service,
            degree_level=terms.degree_level,
            license_class=terms.license_class,
            state=terms.state,
            amount_cents=cents_of(terms),
            effective_from=terms.effective_from,
        )
        for terms in announced
    ]
    ids = [rate.type_id for rate in rates]
    await write(*rates, new_event(EventVerb.RATES_ANNOUNCED, rates[0], by=by, at=at, rates=ids))
    return rates


def cents_of(terms: RateTerms) -> int:
    """The amount of a row that was not refused, in cents."""
    assert terms.amount is not None, "a row without an amount is refused"
    return terms.amount.cents


def terms_refusals(announced: Sequence[RateTerms], at: datetime) -> Iterator[Refusal]:
    """What is wrong with the rows by themselves."""
    if not announced:
        yield Refusal(Code.INVALID, "No rate is given.", rule="CL-5", path=["rates"], fix="Give at least one row.")
    today = local_day(at, LATEST_ZONE)
    times = Counter(terms.key for terms in announced)
    for index, terms in enumerate(announced):
        path = ["rates", str(index)]
        if terms.amount is None:
            yield Refusal(
                Code.INVALID,
                "An amount has dollars, a point and two digits of cents.",
                rule="CL-5",
                path=[*path, "amount"],
                fix="Write it like 95.00.",
            )
        elif not Money(0) < terms.amount <= AMOUNT_MAX:
            yield Refusal(
                Code.OUT_OF_BOUNDS,
                f"A rate is more than nothing and at most {AMOUNT_MAX} dollars.",
                rule="CL-5",
                path=[*path, "amount"],
                fix="Give the amount in dollars and cents.",
            )
        if terms.effective_from < today:
            yield Refusal(
                Code.TOO_LATE,
                "A rate is announced before it applies.",
                rule="CL-5",
                path=[*path, "effectiveFrom"],
                fix="Choose today or a later day.",
            )
        if times[terms.key] > 1:
            yield Refusal(
                Code.CONFLICT,
                "Two rows are about the same kind of session, state and day.",
                rule="CL-5",
                path=path,
                fix="Leave one of them out.",
            )


async def taken_refusals(announced: Sequence[RateTerms]) -> list[Refusal]:
    """For each row whose kind of session, state and day has a rate already, that it has one."""
    rows = await fetch(RATES_FROM_DAYS, sorted({terms.effective_from for terms in announced}))
    taken = {tuple(row) for row in rows}
    return [
        Refusal(ALREADY.code, ALREADY.message, rule=ALREADY.rule, path=["rates", str(index)], fix=ALREADY.fix)
        for index, terms in enumerate(announced)
        if terms.key in taken
    ]


RATES_FROM_DAYS = """
SELECT visit_type, service, degree_level, license_class, state, effective_from
  FROM rates WHERE effective_from = ANY ($1::date[])
"""
"""The keys of all rates that begin on one of these days."""

ALREADY = Refusal(
    Code.CONFLICT,
    "There is a rate for this kind of session, state and day already.",
    rule="CL-5",
    path=["rates"],
    fix="Announce the change from a later day on.",
)
CONSTRAINTS["rates_one_for_a_day"] = ALREADY
