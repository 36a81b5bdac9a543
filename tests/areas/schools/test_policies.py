"""A school's policies have days; grants go by that of their day, sessions by that of their request (CR-12)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from models.appointments.appointments import Appointment
from models.base import clock
from models.base.event_verbs import EventVerb
from models.base.events import Event
from models.base.statements import transaction
from models.base.times import local_day
from models.credits.ledger import Transfer, TransferKind
from models.schools import policies
from models.schools.policies import LATE_NOTICE_HOURS_MAX, PolicyTerms
from models.schools.schools import MissedSessionPolicy, School
from settings import Settings
from tests.support.api import Api, api_on
from tests.support.databases import own_database, undone
from tests.support.world import AT, Pair, as_student, confirmed, pair_of

POLICY = "schoolPolicy { effectiveFrom effectiveUntil creditsMin creditsMax missedSessionPolicy lateNoticeHours }"
TODAY = "{ viewer { school { creditsMin creditsMax missedSessionPolicy lateNoticeHours policies { creditsMax } } } }"
DAYS = "{ viewer { school { policies { effectiveFrom effectiveUntil creditsMax } } } }"


@pytest_asyncio.fixture(loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of its own, whose school has its first policy alone."""
    async with own_database(postgres) as settings, api_on(settings) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def pair(database: Settings) -> AsyncIterator[Pair]:
    """A student and a provider, in a transaction that leaves nothing behind."""
    async with undone():
        yield await pair_of(credits=4)


def day(days: int) -> str:
    """So many days from today, where the demo's school is."""
    return (local_day(clock.real_now(), ZoneInfo("America/New_York")) + timedelta(days=days)).isoformat()


async def announced(api: Api, role: str = "SCHOOL", **fields: Any) -> Any:
    """The payload of an announcement."""
    return await api.do("announceSchoolPolicy", role=role, selection=POLICY, **fields)


async def test_a_school_announces_what_changes_and_keeps_the_rest(api: Api) -> None:
    answer = await announced(api, effectiveFrom=day(0), creditsMax=3, missedSessionPolicy="FORFEIT")
    assert answer == {
        "schoolPolicy": {
            "effectiveFrom": day(0), "effectiveUntil": None, "creditsMin": 2, "creditsMax": 3,
            "missedSessionPolicy": "FORFEIT", "lateNoticeHours": 24,
        },
        "userErrors": [],
    }  # fmt: skip
    school = (await api.ask(TODAY, role="STUDENT"))["viewer"]["school"]
    assert school == {
        "creditsMin": 2, "creditsMax": 3, "missedSessionPolicy": "FORFEIT", "lateNoticeHours": 24,
        "policies": [{"creditsMax": 12}, {"creditsMax": 3}],
    }  # fmt: skip
    event = await Event.get(verb=EventVerb.SCHOOL_POLICY_ANNOUNCED)
    assert (event.actor_role, event.data) == ("SCHOOL", {"effective_from": day(0)})
    student = (await api.ask("{ students { nodes { id } } }", role="SCHOOL"))["students"]["nodes"][0]["id"]
    refused = await api.do("grantCredits", role="SCHOOL", selection="grant { id }", studentId=student, credits=4)
    assert [(error["rule"], error["field"]) for error in refused["userErrors"]] == [("CR-2", ["input", "credits"])]


async def test_what_is_announced_for_later_ends_what_holds_and_changes_nothing_today(api: Api) -> None:
    await announced(api, effectiveFrom=day(30), creditsMax=30)
    await announced(api, effectiveFrom=day(10), creditsMax=10)
    assert (await api.ask(TODAY, role="SCHOOL"))["viewer"]["school"]["creditsMax"] == 12
    assert (await api.ask(DAYS, role="SCHOOL"))["viewer"]["school"]["policies"] == [
        {"effectiveFrom": None, "effectiveUntil": day(9), "creditsMax": 12},
        {"effectiveFrom": day(10), "effectiveUntil": day(29), "creditsMax": 10},
        {"effectiveFrom": day(30), "effectiveUntil": None, "creditsMax": 30},
    ]


async def test_everything_that_is_wrong_with_a_policy_is_told_at_once(api: Api) -> None:
    answer = await announced(
        api, effectiveFrom=day(-1), creditsMin=9, creditsMax=8, lateNoticeHours=LATE_NOTICE_HOURS_MAX + 1
    )
    assert [(error["code"], error["field"][-1], error["rule"]) for error in answer["userErrors"]] == [
        ("TOO_LATE", "effectiveFrom", "CR-12"),
        ("OUT_OF_BOUNDS", "creditsMin", "CR-2"),
        ("OUT_OF_BOUNDS", "lateNoticeHours", "CR-5"),
    ]


async def test_of_two_who_announce_for_the_same_day_one_is_refused(api: Api) -> None:
    answers = await asyncio.gather(*(announced(api, effectiveFrom=day(5), creditsMax=12 + n) for n in range(5)))
    refused = [error["code"] for answer in answers for error in answer["userErrors"]]
    assert refused == ["CONFLICT"] * 4


async def forfeiting(school: School, *, since: int, hours: int) -> None:
    """From so many days after `AT` on the school takes the credit of a session that is missed or cancelled late."""
    async with transaction():
        terms = PolicyTerms(
            effective_from=AT.date() + timedelta(days=since),
            missed_session_policy=MissedSessionPolicy.FORFEIT,
            late_notice_hours=hours,
        )
        await policies.announce(school, terms, by=None, at=AT)


async def end_of(session: Appointment) -> TransferKind:
    """What became of the credit."""
    return (await Transfer.filter(appointment_id=session.id).exclude(kind=TransferKind.HOLD).get()).kind


@pytest.mark.parametrize(("since", "ends_with"), [(0, TransferKind.FORFEIT), (1, TransferKind.RELEASE)])
async def test_a_session_is_judged_by_the_policy_of_its_request(
    pair: Pair, since: int, ends_with: TransferKind
) -> None:
    await forfeiting(pair.school, since=since, hours=24)
    session = await confirmed(pair.student, pair.openings[20])
    await session.cancel(by=as_student(pair.student), at=session.starts_at - timedelta(hours=1))
    assert await end_of(session) is ends_with


@pytest.mark.parametrize(("hours", "ends_with"), [(48, TransferKind.FORFEIT), (47, TransferKind.RELEASE)])
async def test_how_late_is_late_is_for_the_school_to_say(pair: Pair, hours: int, ends_with: TransferKind) -> None:
    await forfeiting(pair.school, since=0, hours=hours)
    session = await confirmed(pair.student, pair.openings[20])
    await session.cancel(by=as_student(pair.student), at=session.starts_at - timedelta(hours=47, seconds=1))
    assert await end_of(session) is ends_with
