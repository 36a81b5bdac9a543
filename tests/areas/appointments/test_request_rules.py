"""Every rule of a request, of a week and of a claim as a calculation: values in, refusals out, no database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from models.appointments.rules import BookingFacts, request_refusals
from models.availability.hours import Hours, hours_refusals
from models.availability.openings import bookable_from, bookable_until
from models.base.amounts import Credits
from models.base.errors import Code, Refusal
from models.base.ids import new_id
from models.claims.claims import Adjudication, ClaimStatus, adjudicate
from models.credits.grants import grant_refusals, grant_warnings
from models.credits.ledger import MOVES, REVERSALS, Bucket, TransferKind
from models.directory.licenses import LicenseClass, license_refusals
from models.directory.providers import DegreeLevel, Service, provider_refusals
from models.rates.rates import VisitType
from models.schools.schools import School, school_refusals

AT = datetime(2026, 3, 2, 15, tzinfo=UTC)
WELL = BookingFacts(
    student_id=new_id(),
    school_id=new_id(),
    provider_id=new_id(),
    starts_at=AT + timedelta(days=3),
    service=Service.THERAPY,
    state="MA",
    services=["THERAPY"],
    searchable=True,
    accepting_new_clients=True,
    is_current_client=False,
    is_oneself=False,
    missed_appointment_policy="Cancel a day ahead.",
    time_zone="America/New_York",
    license_id=new_id(),
    visit_type=VisitType.INTAKE,
    intake_live=False,
    taken=False,
    student_busy=False,
    available=2,
    grant_id=new_id(),
    amount_cents=12_500,
)
MINUTE = timedelta(minutes=1)

FAULTS: list[tuple[dict[str, Any], Code, str, str]] = [
    ({"is_oneself": True}, Code.NOT_ELIGIBLE, "ID-9", "openingId"),
    ({"searchable": False}, Code.NOT_ELIGIBLE, "AP-1", "openingId"),
    ({"service": Service.MEDICATION_MANAGEMENT}, Code.NOT_ELIGIBLE, "AP-1", "service"),
    ({"license_id": None}, Code.NOT_ELIGIBLE, "AP-1", "state"),
    ({"amount_cents": None}, Code.NOT_ELIGIBLE, "CL-5", "openingId"),
    ({"accepting_new_clients": False}, Code.NOT_ELIGIBLE, "PR-5", "openingId"),
    ({"starts_at": bookable_from(AT) - MINUTE}, Code.TOO_LATE, "AV-2", "openingId"),
    ({"starts_at": bookable_until(AT) + MINUTE}, Code.TOO_EARLY, "AV-2", "openingId"),
    ({"taken": True}, Code.SLOT_TAKEN, "AP-4", "openingId"),
    ({"student_busy": True}, Code.CONFLICT, "AP-4", "openingId"),
    ({"intake_live": True}, Code.CONFLICT, "AP-2", "openingId"),
    ({"grant_id": None}, Code.NO_CREDITS, "CR-3", "openingId"),
    ({"grant_id": None, "available": 0}, Code.NO_CREDITS, "CR-4", "openingId"),
]


def told(refusals: list[Refusal]) -> list[tuple[Code, str, str]]:
    """What refusals say to a program: code, rule and field."""
    return [(refusal.code, refusal.rule, ".".join(refusal.path)) for refusal in refusals]


def test_nothing_speaks_against_a_sound_request() -> None:
    assert request_refusals(WELL, accepts_policy=True, at=AT) == []


@pytest.mark.parametrize(("fault", "code", "rule", "field"), FAULTS, ids=[f"{f[2]}-{'-'.join(f[0])}" for f in FAULTS])
def test_each_fault_alone_is_refused_by_its_rule(fault: dict[str, Any], code: Code, rule: str, field: str) -> None:
    refusals = request_refusals(replace(WELL, **fault), accepts_policy=True, at=AT)
    assert told(refusals) == [(code, rule, field)]
    assert all(refusal.message and refusal.fix for refusal in refusals)


def test_a_policy_that_is_not_accepted_is_refused_and_none_needs_no_word() -> None:
    refusals = request_refusals(WELL, accepts_policy=False, at=AT)
    assert told(refusals) == [(Code.INVALID, "AP-5", "acceptsMissedAppointmentPolicy")]
    assert request_refusals(replace(WELL, missed_appointment_policy=""), accepts_policy=False, at=AT) == []


def test_all_faults_are_told_at_once() -> None:
    faults: dict[str, Any] = {}
    for fault, *_ in FAULTS:
        faults |= fault
    faults |= {"starts_at": bookable_from(AT) - MINUTE}
    refusals = request_refusals(replace(WELL, **faults), accepts_policy=False, at=AT)
    rules = [refusal.rule for refusal in refusals]
    assert rules == ["AP-1", "AP-1", "AP-1", "AV-2", "AP-4", "AP-4", "ID-9", "PR-5", "AP-2", "CR-4", "AP-5"]


FLAGS = some.fixed_dictionaries(
    {
        "searchable": some.booleans(), "accepting_new_clients": some.booleans(), "is_current_client": some.booleans(),
        "intake_live": some.booleans(), "taken": some.booleans(), "student_busy": some.booleans(),
        "license_id": some.none() | some.just(new_id()), "grant_id": some.none() | some.just(new_id()),
        "amount_cents": some.none() | some.just(9_500), "available": some.integers(0, 3),
    }
)  # fmt: skip


@given(FLAGS, some.booleans())
def test_mending_what_is_refused_leaves_nothing_refused(flags: dict[str, Any], accepts: bool) -> None:
    facts = replace(WELL, **flags)
    refused = {refusal.rule for refusal in request_refusals(facts, accepts_policy=accepts, at=AT)}
    mended: dict[str, dict[str, Any]] = {
        "AP-1": {"searchable": True, "license_id": new_id()}, "CL-5": {"amount_cents": 1},
        "PR-5": {"accepting_new_clients": True}, "AP-4": {"taken": False, "student_busy": False},
        "AP-2": {"intake_live": False}, "CR-3": {"grant_id": new_id()}, "CR-4": {"grant_id": new_id(), "available": 1},
        "AP-5": {},
    }  # fmt: skip
    for rule in refused:
        facts = replace(facts, **mended[rule])
    if facts.amount_cents is None:  # hidden until there is a license
        facts = replace(facts, amount_cents=1)
    assert request_refusals(facts, accepts_policy=True, at=AT) == []


def test_a_current_client_goes_on_with_a_provider_who_takes_no_new_ones() -> None:
    facts = replace(WELL, accepting_new_clients=False, is_current_client=True)
    assert request_refusals(facts, accepts_policy=True, at=AT) == []


@pytest.mark.parametrize(
    ("starts_at", "is_bookable"),
    [
        (bookable_from(AT), True),
        (bookable_from(AT) - timedelta(microseconds=1), False),
        (bookable_until(AT) - timedelta(microseconds=1), True),
        (bookable_until(AT), False),
    ],
)
def test_notice_and_horizon_hold_to_the_instant(starts_at: datetime, is_bookable: bool) -> None:
    assert (request_refusals(replace(WELL, starts_at=starts_at), accepts_policy=True, at=AT) == []) is is_bookable


def test_an_intake_takes_sixty_minutes_and_a_follow_up_fifty() -> None:
    lengths = {kind: replace(WELL, visit_type=kind).ends_at - WELL.starts_at for kind in VisitType}
    assert lengths == {VisitType.INTAKE: timedelta(minutes=60), VisitType.FOLLOW_UP: timedelta(minutes=50)}


# Claims.

DEADLINE = datetime(2026, 4, 2, 4, tzinfo=UTC)


@pytest.mark.parametrize("seconds", [-86_400, -1, -0.000001])
def test_a_session_attested_before_the_deadline_is_accepted_at_its_rate(seconds: float) -> None:
    decision = adjudicate(rate_cents=12_500, deadline=DEADLINE, at=DEADLINE + timedelta(seconds=seconds))
    assert decision == Adjudication(status=ClaimStatus.ACCEPTED, amount_cents=12_500, reasons=())


@pytest.mark.parametrize("seconds", [0, 0.000001, 1, 86_400])
def test_a_session_attested_at_the_deadline_or_later_is_denied_with_its_reason(seconds: float) -> None:
    decision = adjudicate(rate_cents=12_500, deadline=DEADLINE, at=DEADLINE + timedelta(seconds=seconds))
    assert (decision.status, decision.amount_cents) == (ClaimStatus.DENIED, 0)
    assert [(reason.group, reason.carc) for reason in decision.reasons] == [("CO", "29")]
    assert all(reason.text and reason.next_step for reason in decision.reasons)


# Weeks.


def block(weekday: int, starts: str, ends: str) -> Hours:
    """A block of hours."""
    return Hours(weekday=weekday, starts=time.fromisoformat(starts), ends=time.fromisoformat(ends))


@pytest.mark.parametrize(
    ("week", "faults"),
    [
        ([], []),
        ([block(1, "09:00", "10:00"), block(1, "10:00", "11:00"), block(2, "09:00", "11:00")], []),
        ([block(0, "09:00", "10:00")], ["hours.0.weekday"]),
        ([block(8, "09:00", "10:00")], ["hours.0.weekday"]),
        ([block(1, "09:00", "09:59")], ["hours.0.ends"]),
        ([block(1, "10:00", "09:00")], ["hours.0.ends"]),
        ([block(1, "09:00", "11:00"), block(1, "10:59", "12:00")], ["hours.1"]),
        ([block(1, "09:00", "11:00"), block(1, "09:00", "11:00")], ["hours.1"]),
        ([block(9, "09:00", "09:30"), block(9, "09:00", "12:00")],
         ["hours.0.weekday", "hours.0.ends", "hours.1.weekday", "hours.1"]),
    ],
)  # fmt: skip
def test_a_week_is_refused_with_the_place_of_each_fault(week: list[Hours], faults: list[str]) -> None:
    refusals = hours_refusals(week)
    assert [".".join(refusal.path) for refusal in refusals] == faults
    assert {refusal.code for refusal in refusals} <= {Code.INVALID}


# Grants, schools, providers.

SCHOOL = School(name="Lakeview", time_zone="UTC", credits_min=2, credits_max=12, created_at=AT)


@pytest.mark.parametrize(
    ("units", "code"),
    [(1, Code.OUT_OF_BOUNDS), (2, None), (12, None), (13, Code.OUT_OF_BOUNDS), (-1, Code.OUT_OF_BOUNDS)],
)
def test_a_grant_keeps_to_the_schools_limits(units: int, code: Code | None) -> None:
    refusals = grant_refusals(SCHOOL, Credits(units), None, AT)
    assert [refusal.code for refusal in refusals] == ([code] if code else [])


@pytest.mark.parametrize(("units", "refused"), [(1_000, 0), (1_001, 1), (2**31 - 1, 1)])
def test_no_grant_exceeds_a_thousand_credits_whatever_a_schools_limits_are(units: int, refused: int) -> None:
    school = School(name="Lakeview", time_zone="UTC", credits_min=1, credits_max=2**31 - 1, created_at=AT)
    refusals = grant_refusals(school, Credits(units), None, AT)
    assert [(refusal.code, refusal.rule) for refusal in refusals] == [(Code.OUT_OF_BOUNDS, "CR-2")] * refused


@pytest.mark.parametrize(("expires_at", "is_fine"), [(AT, False), (AT + timedelta(microseconds=1), True), (None, True)])
def test_a_grant_expires_in_the_future(expires_at: datetime | None, is_fine: bool) -> None:
    assert (grant_refusals(SCHOOL, Credits(3), expires_at, AT) == []) is is_fine


def test_everything_about_a_grant_is_told_at_once() -> None:
    assert [r.rule for r in grant_refusals(SCHOOL, Credits(99), AT, AT)] == ["CR-2", "CR-3"]


@pytest.mark.parametrize(("units", "warnings"), [(1, 1), (2, 0), (12, 0), (13, 1)])
def test_an_unusual_grant_is_warned_about(units: int, warnings: int) -> None:
    assert len(grant_warnings(Credits(units))) == warnings


@pytest.mark.parametrize(
    ("name", "zone", "least", "most", "fields"),
    [
        ("Lakeview", "America/New_York", 1, 1, []),
        (" ", "Mars", 0, 5, ["name", "timeZone", "creditsMin"]),
        ("Lakeview", "UTC", 5, 4, ["creditsMin"]),
    ],
)
def test_a_school_is_refused_with_all_its_faults(
    name: str, zone: str, least: int, most: int, fields: list[str]
) -> None:
    assert [".".join(refusal.path) for refusal in school_refusals(name, zone, least, most)] == fields


def test_a_profile_and_a_license_are_refused_with_all_their_faults() -> None:
    assert [r.path[0] for r in provider_refusals("", [], "Mars")] == ["name", "services", "timeZone"]
    assert provider_refusals("Noor", [Service.THERAPY], "UTC") == []
    assert [r.path[0] for r in license_refusals(" ", "WY", AT.date() - timedelta(days=1), AT)] == [
        "number", "state", "expiresOn",
    ]  # fmt: skip
    assert license_refusals("1", "MA", AT.date(), AT) == []


def test_every_kind_of_transfer_moves_between_two_buckets_and_none_into_the_void() -> None:
    assert set(MOVES) == set(TransferKind) - {TransferKind.REVERSE}
    assert all(source is not target for source, target in [*MOVES.values(), *REVERSALS])
    ends = {Bucket.EXPIRED, Bucket.REVOKED, Bucket.FORFEITED, Bucket.SETTLED}
    assert not any(source in ends for source, _ in MOVES.values()), "what has ended is only reversed"


def test_every_license_class_and_degree_is_named_once() -> None:
    assert len({c.value for c in LicenseClass}) == len(LicenseClass)
    assert len({d.value for d in DegreeLevel}) == len(DegreeLevel)
