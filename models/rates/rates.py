"""Rates: what a session is reimbursed with, by what it was, who gave it and when (CL-5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from tortoise import fields

from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.amounts import Money
from models.base.dated import During, DuringField, announcement_refusals, holds_on, instants_of
from models.base.errors import CONSTRAINTS, Code, Refusal, refuse_if_any
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.personal import Kept
from models.base.statements import execute, fetch, write
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
    """An amount for one kind of session from a day until another; a state's own rate goes before the general one."""

    PREFIX: ClassVar[str] = "rat"
    REACH: ClassVar[Reach] = {Role.OPS: EVERYTHING, Role.FINANCE: EVERYTHING}

    visit_type = fields.CharEnumField(VisitType, max_length=10)
    service = fields.CharEnumField(Service, max_length=30)
    degree_level = fields.CharEnumField(DegreeLevel, max_length=10)
    license_class = fields.CharEnumField(LicenseClass, max_length=40)
    state = fields.CharField(max_length=2, null=True)
    amount_cents = fields.BigIntField()
    effective_from = fields.DateField()
    during: During = DuringField()

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"state"})
    KEPT: ClassVar[Kept] = Kept(long="for good", why="under which terms sessions were paid for")

    class Meta:
        """UNIQUE NULLS NOT DISTINCT and EXCLUDE: one amount for a kind of session, a state and a day."""

        table = "rates"


RATE_OF = f"""
SELECT rates.id, rates.amount_cents FROM rates
 WHERE rates.visit_type = {{visit_type}} AND rates.service = {{service}} AND rates.degree_level = {{degree_level}}
   AND rates.license_class = {{license_class}} AND (rates.state IS NULL OR rates.state = {{state}})
   AND {holds_on("rates", "{day}")}
 ORDER BY rates.state NULLS LAST LIMIT 1
"""
"""The one rate that is effective on a session's day, as a sub-select over the caller's columns (CL-5)."""


def rated_times(
    *, visit_type: str, service: str, degree_level: str, license_class: str, state: str, time_zone: str
) -> str:
    """The `times` in which there is a rate for sessions of a kind, as one multirange; null for none (CL-5)."""
    return f"""
SELECT range_agg({instants_of("rates", time_zone)}) AS times FROM rates
 WHERE rates.visit_type = {visit_type} AND rates.service = {service} AND rates.degree_level = {degree_level}
   AND rates.license_class = {license_class} AND (rates.state IS NULL OR rates.state = {state})
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class RateTerms:
    """One row of an announcement: a kind of session, the amount, and the days."""

    visit_type: VisitType
    service: Service
    degree_level: DegreeLevel
    license_class: LicenseClass
    state: str | None
    amount: Money | None
    """None if it could not be read."""
    effective_from: date
    effective_until: date | None = None
    """The last day; None until another begins."""

    @property
    def kind(self) -> tuple[object, ...]:
        """What rates that follow each other share: the kind of session and the state."""
        return (self.visit_type, self.service, self.degree_level, self.license_class, self.state)

    @property
    def key(self) -> tuple[object, ...]:
        """What no two rates share: the kind of session, the state and the first day."""
        return (*self.kind, self.effective_from)

    @property
    def during(self) -> During:
        """The days on which it applies, if no other begins meanwhile."""
        return During.of(self.effective_from, self.effective_until)


async def announce(announced: Sequence[RateTerms], *, by: Viewer | None, at: datetime) -> list[Rate]:
    """Announce rates from today or a later day on, all of them or none (CL-5).

    What applied until then ends the day before; what has no last day ends where the next begins.
    """
    await execute(ONE_AT_A_TIME)
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
            during=terms.during,
        )
        for terms in announced
    ]
    ids = [rate.type_id for rate in rates]
    await write(*rates, new_event(EventVerb.RATES_ANNOUNCED, rates[0], by=by, at=at, rates=ids))
    written = await Rate.filter(id__in=[rate.id for rate in rates])
    return sorted(written, key=lambda rate: ids.index(rate.type_id))


ONE_AT_A_TIME = "LOCK TABLE rates IN SHARE ROW EXCLUSIVE MODE"
"""Announcements wait for each other, as each ends what held before it; readers and claims wait for none."""


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
        yield from announcement_refusals(terms.during, today=today, what="A rate", rule="CL-5", path=path)
        if times[terms.key] > 1:
            yield Refusal(
                Code.CONFLICT,
                "Two rows are about the same kind of session, state and day.",
                rule="CL-5",
                path=path,
                fix="Leave one of them out.",
            )


async def taken_refusals(announced: Sequence[RateTerms]) -> list[Refusal]:
    """For each row during whose days another rate begins, of those that there are or of the same announcement."""
    known = [
        (VisitType(row.visit_type), Service(row.service), DegreeLevel(row.degree_level), row.license_class, row.state,
         row.effective_from)
        for row in await fetch(RATES_SINCE_DAY, min((terms.effective_from for terms in announced), default=date.max))
    ]  # fmt: skip
    begin: dict[tuple[object, ...], list[date]] = {}
    for *kind, day in known:
        begin.setdefault(tuple(kind), []).append(day)
    found = []
    for index, terms in enumerate(announced):
        path = ["rates", str(index)]
        others = begin.get(terms.kind, [])
        if terms.effective_from in others:
            found.append(Refusal(ALREADY.code, ALREADY.message, rule=ALREADY.rule, path=path, fix=ALREADY.fix))
        same = [other.effective_from for other in announced if other.kind == terms.kind]
        if begins_within(terms, [*others, *same]):
            found.append(
                Refusal(WITHIN.code, WITHIN.message, rule=WITHIN.rule, path=[*path, "effectiveUntil"], fix=WITHIN.fix)
            )
    return found


def begins_within(terms: RateTerms, others: Iterable[date]) -> bool:
    """Whether another rate of its kind begins after a row's first day and not after the last one that it names."""
    last = terms.effective_until
    return last is not None and any(terms.effective_from < day <= last for day in others)


RATES_SINCE_DAY = """
SELECT visit_type, service, degree_level, license_class, state, effective_from
  FROM rates WHERE effective_from >= $1
"""
"""The keys of all rates that begin on a day or later."""

ALREADY = Refusal(
    Code.CONFLICT,
    "There is a rate for this kind of session, state and day already.",
    rule="CL-5",
    path=["rates"],
    fix="Announce the change from a later day on.",
)
WITHIN = Refusal(
    Code.CONFLICT,
    "Another rate for this kind of session and state begins before this one ends.",
    rule="CL-5",
    path=["rates"],
    fix="Leave the last day out: it ends where the next one begins.",
)
CONSTRAINTS["rates_one_for_a_day"] = ALREADY
CONSTRAINTS["rates_no_overlap"] = WITHIN
