"""What a session comes to, in the database: times to the second, policies, grants by their expiry, and rates."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from models.appointments.appointments import (
    NO_SHOW_AFTER,
    Appointment,
    AppointmentStatus,
    overdue,
)
from models.availability.openings import Opening
from models.base.access import Role
from models.base.errors import Code, Refusal, Refused
from models.base.statements import execute, write
from models.claims.claims import Claim, ClaimStatus
from models.credits.ledger import Grant, Transfer, TransferKind, Wallet
from models.credits.proof import grants_that_disagree, wallets_that_disagree
from models.directory.licenses import LicenseClass
from models.directory.providers import DegreeLevel, Provider, Service
from models.rates.rates import Rate
from models.schools.policies import LATE_NOTICE_HOURS
from models.schools.schools import MissedSessionPolicy
from settings import Settings
from tests.support.databases import undone
from tests.support.world import (
    AT,
    RATES_SINCE,
    Pair,
    as_provider,
    as_staff,
    as_student,
    attested,
    confirmed,
    granted,
    openings_of,
    pair_of,
    provider_of,
    requested,
    student_of,
)

SECOND = timedelta(seconds=1)


@pytest_asyncio.fixture(loop_scope="session")
async def pair(database: Settings) -> AsyncIterator[Pair]:
    """A student and a provider; whatever happens, the ledger agrees, and nothing of it stays."""
    async with undone():
        yield await pair_of()
        await execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert await wallets_that_disagree() == []
        assert await grants_that_disagree() == []


async def wallet_of(pair: Pair) -> dict[str, int]:
    """The student's balances that are not zero."""
    wallet = await Wallet.get(id=pair.student.id)
    names = ("granted", "available", "held", "settled", "expired", "revoked", "forfeited")
    return {name: value for name in names if (value := getattr(wallet, name))}


async def refused(doing: Any) -> Refusal:
    """The one refusal of a verb."""
    with pytest.raises((Refusal, Refused)) as caught:
        await doing
    error = caught.value
    if isinstance(error, Refusal):
        return error
    assert isinstance(error, Refused)
    assert len(error.refusals) == 1
    return error.refusals[0]


async def test_a_request_is_answered_until_72_hours_and_not_at_them(pair: Pair) -> None:
    session = await requested(pair.student, pair.openings[20])
    due = AT + timedelta(hours=72)
    assert session.confirm_by == due
    refusal = await refused(session.confirm(by=as_provider(pair.provider), at=due))
    assert (refusal.code, refusal.rule) == (Code.NOT_OPEN, "AP-3")
    assert (await refused(session.expire(at=due - SECOND))).code is Code.NOT_OPEN
    await session.confirm(by=as_provider(pair.provider), at=due - SECOND)
    assert session.status is AppointmentStatus.CONFIRMED
    assert session.telehealth_link == pair.provider.telehealth_link


async def test_a_request_soon_before_the_session_is_answered_until_its_start(pair: Pair) -> None:
    opening = pair.openings[0]
    session = await requested(pair.student, opening)
    assert session.confirm_by == opening.starts_at


async def test_an_overdue_request_expires_once_and_gives_the_credit_back(pair: Pair) -> None:
    session = await requested(pair.student, pair.openings[20])
    assert session.id not in await overdue(at=session.confirm_by - SECOND)
    assert session.id in await overdue(at=session.confirm_by)
    await session.expire(at=session.confirm_by)
    assert await wallet_of(pair) == {"granted": 6, "available": 6}
    assert (await refused(session.expire(at=session.confirm_by))).code is Code.NOT_OPEN


@pytest.mark.parametrize("verb", ["decline", "withdraw"])
async def test_an_answer_gives_time_and_credit_back_at_once(pair: Pair, verb: str) -> None:
    session = await requested(pair.student, pair.openings[0])
    await getattr(session, verb)(by=as_provider(pair.provider), at=AT)
    assert await wallet_of(pair) == {"granted": 6, "available": 6}
    again = await requested(pair.student, pair.openings[0])
    assert again.id != session.id


@pytest.mark.parametrize("policy", MissedSessionPolicy)
@pytest.mark.parametrize(
    ("who", "notice", "is_late"),
    [
        (Role.STUDENT, timedelta(hours=LATE_NOTICE_HOURS), False),
        (Role.STUDENT, timedelta(hours=LATE_NOTICE_HOURS) - SECOND, True),
        (Role.STUDENT, SECOND, True),
        (Role.PROVIDER, SECOND, False),
    ],
)
async def test_a_late_cancellation_by_the_student_alone_follows_the_schools_policy(
    database: Settings, policy: MissedSessionPolicy, who: Role, notice: timedelta, is_late: bool
) -> None:
    async with undone():
        pair = await pair_of(policy=policy)
        session = await confirmed(pair.student, pair.openings[8])
        by = as_student(pair.student) if who is Role.STUDENT else as_provider(pair.provider)
        await session.cancel(by=by, at=session.starts_at - notice)
        forfeits = is_late and policy is MissedSessionPolicy.FORFEIT
        lost = {"available": 5, "forfeited": 1} if forfeits else {"available": 6}
        assert await wallet_of(pair) == {"granted": 6, **lost}


@pytest.mark.parametrize(
    ("before", "cancelled_after", "is_lost"),
    [
        (timedelta(hours=5), timedelta(hours=2), False),
        (timedelta(hours=5), timedelta(hours=2) + SECOND, True),
        (timedelta(hours=2) + SECOND, timedelta(hours=2), False),
        (timedelta(hours=2) + 2 * SECOND, timedelta(hours=2) + SECOND, True),
        (timedelta(hours=2), timedelta(hours=2) - SECOND, False),
        (timedelta(minutes=1), timedelta(seconds=59), False),
    ],
)
async def test_a_student_has_two_hours_after_the_confirmation_to_cancel_without_loss(
    database: Settings, before: timedelta, cancelled_after: timedelta, is_lost: bool
) -> None:
    async with undone():
        pair = await pair_of(policy=MissedSessionPolicy.FORFEIT)
        session = await requested(pair.student, pair.openings[8])
        at = session.starts_at - before
        await Appointment.filter(id=session.id).update(confirm_by=session.starts_at, requested_at=at - SECOND)
        session = await Appointment.locked(session.id)
        await session.confirm(by=as_provider(pair.provider), at=at)
        await session.cancel(by=as_student(pair.student), at=at + cancelled_after)
        lost = {"available": 5, "forfeited": 1} if is_lost else {"available": 6}
        assert await wallet_of(pair) == {"granted": 6, **lost}


@pytest.mark.parametrize(
    ("before", "is_lost"), [(timedelta(hours=2) + SECOND, True), (timedelta(hours=2), False), (SECOND, False)]
)
async def test_a_no_show_costs_nothing_where_it_could_not_be_cancelled_freely_any_more(
    database: Settings, before: timedelta, is_lost: bool
) -> None:
    async with undone():
        pair = await pair_of(policy=MissedSessionPolicy.FORFEIT)
        session = await requested(pair.student, pair.openings[8])
        at = session.starts_at - before
        await Appointment.filter(id=session.id).update(confirm_by=session.starts_at, requested_at=at - SECOND)
        session = await Appointment.locked(session.id)
        await session.confirm(by=as_provider(pair.provider), at=at)
        await session.mark_no_show(by=as_provider(pair.provider), at=session.ends_at)
        lost = {"available": 5, "forfeited": 1} if is_lost else {"available": 6}
        assert await wallet_of(pair) == {"granted": 6, **lost}


async def test_a_session_that_has_begun_is_not_cancelled(pair: Pair) -> None:
    session = await confirmed(pair.student, pair.openings[0])
    refusal = await refused(session.cancel(by=as_student(pair.student), at=session.starts_at))
    assert refusal.code is Code.TOO_LATE


@pytest.mark.parametrize("policy", MissedSessionPolicy)
async def test_a_no_show_follows_the_schools_policy_and_is_never_claimed(
    database: Settings, policy: MissedSessionPolicy
) -> None:
    async with undone():
        pair = await pair_of(policy=policy)
        session = await confirmed(pair.student, pair.openings[0])
        await session.mark_no_show(by=as_provider(pair.provider), at=session.starts_at + NO_SHOW_AFTER)
        lost = {"available": 5, "forfeited": 1} if policy is MissedSessionPolicy.FORFEIT else {"available": 6}
        assert await wallet_of(pair) == {"granted": 6, **lost}
        assert (await refused(attested(session))).rule == "CL-2"
        assert not await Claim.filter(appointment_id=session.id).exists()


async def test_a_no_show_is_marked_from_15_minutes_after_the_start_until_the_attestation_deadline(pair: Pair) -> None:
    session, by = await confirmed(pair.student, pair.openings[0]), as_provider(pair.provider)
    early = await refused(session.mark_no_show(by=by, at=session.starts_at + NO_SHOW_AFTER - SECOND))
    late = await refused(session.mark_no_show(by=by, at=session.attest_by))
    assert (early.code, early.rule) == (Code.TOO_EARLY, "AP-7")
    assert (late.code, late.rule) == (Code.TOO_LATE, "AP-7")
    await session.mark_no_show(by=as_staff(Role.OPS), at=session.attest_by - SECOND)
    assert session.status is AppointmentStatus.NO_SHOW


async def test_a_session_is_attested_from_its_end_on(pair: Pair) -> None:
    session = await confirmed(pair.student, pair.openings[0])
    assert (await refused(attested(session, at=session.ends_at - SECOND))).code is Code.TOO_EARLY
    claim = await attested(session, at=session.ends_at)
    assert (claim.status, claim.amount_cents) == (ClaimStatus.ACCEPTED, 12_500)
    assert await wallet_of(pair) == {"granted": 6, "available": 5, "settled": 1}
    assert (await refused(attested(session))).rule == "CL-2"


@pytest.mark.parametrize(("late", "status"), [(-SECOND, ClaimStatus.ACCEPTED), (0 * SECOND, ClaimStatus.DENIED)])
async def test_a_late_attestation_is_denied_and_the_credit_given_back(
    pair: Pair, late: timedelta, status: ClaimStatus
) -> None:
    session = await confirmed(pair.student, pair.openings[0])
    claim = await attested(session, at=session.attest_by + late)
    assert claim.status is status
    settled = status is ClaimStatus.ACCEPTED
    rest = {"available": 5, "settled": 1} if settled else {"available": 6}
    assert await wallet_of(pair) == {"granted": 6, **rest}
    kinds = [transfer.kind for transfer in await Transfer.filter(appointment_id=session.id).order_by("id")]
    assert kinds == [TransferKind.HOLD, TransferKind.SETTLE if settled else TransferKind.RELEASE]


async def test_the_first_completed_session_is_the_intake_and_all_others_follow_up(pair: Pair) -> None:
    openings = pair.openings
    first = await confirmed(pair.student, openings[0])
    assert (await refused(requested(pair.student, openings[1]))).rule == "AP-2"
    await first.mark_no_show(by=as_provider(pair.provider), at=first.ends_at)
    second = await confirmed(pair.student, openings[1])
    assert second.visit_type == "INTAKE"
    await attested(second)
    third, fourth = await confirmed(pair.student, openings[2]), await confirmed(pair.student, openings[3])
    assert {third.visit_type.value, fourth.visit_type.value} == {"FOLLOW_UP"}
    assert third.ends_at - third.starts_at == timedelta(minutes=50)
    claim = await attested(third)
    assert claim.amount_cents == 9_500


async def test_the_grant_that_expires_first_is_used_first_and_only_if_it_lasts_until_the_session(pair: Pair) -> None:
    poor = await student_of(pair.school)
    opening, later = pair.openings[0], pair.openings[8]
    await granted(poor, 1)
    long = await granted(poor, 1, expires_at=later.starts_at + timedelta(days=90))
    short = await granted(poor, 1, expires_at=opening.starts_at + SECOND)
    sooner = await granted(poor, 1, expires_at=opening.starts_at)

    async def used(opening: Opening, provider: Provider | None = None) -> Any:
        session = await requested(poor, opening)
        return (await Transfer.get(appointment_id=session.id)).grant_id

    assert await used(opening) == short.id
    away = await provider_of()
    assert await used((await openings_of(away))[9]) == long.id
    further = await provider_of()
    assert await used((await openings_of(further))[10]) not in {short.id, long.id, sooner.id}
    refusal = await refused(requested(poor, (await openings_of(await provider_of()))[11]))
    assert (refusal.code, refusal.rule) == (Code.NO_CREDITS, "CR-3")


async def test_a_hold_outlives_the_expiry_of_its_grant(pair: Pair) -> None:
    poor = await student_of(pair.school)
    opening = pair.openings[0]
    await granted(poor, 1, expires_at=opening.starts_at + SECOND)
    session = await confirmed(poor, opening)
    claim = await attested(session)
    assert claim.status is ClaimStatus.ACCEPTED
    assert (await Grant.get(wallet_id=poor.id)).unused == 0


async def test_a_states_own_rate_of_the_day_goes_before_the_general_one(pair: Pair) -> None:
    day = pair.openings[0].starts_at.date()

    def rate(state: str | None, cents: int, since: Any) -> Rate:
        return Rate(
            visit_type="INTAKE", service=Service.THERAPY, degree_level=DegreeLevel.MASTERS,
            license_class=LicenseClass.CLINICAL_SOCIAL_WORKER, state=state, amount_cents=cents, effective_from=since,
        )  # fmt: skip

    await write(
        rate("MA", 11_100, RATES_SINCE), rate("MA", 13_300, day), rate("MA", 99_900, day + timedelta(days=1)),
        rate("NY", 88_800, day), rate(None, 77_700, day),
    )  # fmt: skip
    session = await confirmed(pair.student, pair.openings[0])
    assert session.expected_cents == 13_300
    assert (await attested(session)).amount_cents == 13_300


async def test_a_provider_who_takes_no_new_clients_goes_on_with_those_whom_they_treat(pair: Pair) -> None:
    treated = await confirmed(pair.student, pair.openings[0])
    await attested(treated)
    turned_down = await student_of(pair.school, credits=2)
    asked = await requested(turned_down, pair.openings[1])
    await asked.decline(by=as_provider(pair.provider), at=AT)
    await Provider.filter(id=pair.provider.id).update(accepting_new_clients=False)
    assert (await requested(pair.student, pair.openings[2])).status is AppointmentStatus.REQUESTED
    assert (await refused(requested(turned_down, pair.openings[3]))).rule == "PR-5"


async def test_a_lock_reads_the_row_as_it_is_now(pair: Pair) -> None:
    session = await requested(pair.student, pair.openings[0])
    await Appointment.filter(id=session.id).update(missed_appointment_policy="changed")
    assert (await Appointment.locked(session.id)).missed_appointment_policy == "changed"


def test_the_times_of_these_tests_are_in_order() -> None:
    assert isinstance(AT, datetime)
    assert timedelta(0) < NO_SHOW_AFTER < timedelta(hours=LATE_NOTICE_HOURS)
