"""Recipients: who is found for an event by what they are to it, and who stands in where there is nobody (ID-7)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from models.accounts.accounts import Account, Membership
from models.accounts.recipients import FINANCE, OPS
from models.appointments.recipients import OFFICE, PRACTICE
from models.base.access import Role
from models.base.event_verbs import EventVerb
from models.base.events import Event, new_event
from models.base.recipients import RECIPIENTS, Recipient, recipient
from models.base.statements import execute, fetch, write
from models.practices.practices import Practice
from models.schools.recipients import SCHOOL
from notifications import policy
from notifications.outbox import write_mails
from notifications.policy import POLICY, Line
from tests.notifications.work import forget_mails_so_far, mails
from tests.support.databases import own_database, undone
from tests.support.two_sides import SOMEBODY
from tests.support.world import AT, as_staff, confirmed, pair_of, school_of, student_of

NUMBERS = count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def database_of_module(postgres: str) -> AsyncIterator[None]:
    """A database of this module's own."""
    async with own_database(postgres):
        yield


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def nothing_stays(database_of_module: None) -> AsyncIterator[None]:
    """A transaction around each test that is rolled back."""
    async with undone():
        yield


async def staff(role: Role, *, verified: bool = True, **more: Any) -> Account:
    """Somebody of this role with an account."""
    email = f"{role.lower()}{next(NUMBERS)}@example.test"
    account = Account(email=email, name="Kim", email_verified_at=AT if verified else None, created_at=AT)
    await write(account, Membership(account_id=account.id, role=role, created_at=AT, **more))
    return account


async def found(who: Recipient, *events: Event) -> dict[UUID, set[str]]:
    """The addresses of a recipient for each event; asked of all at once."""
    addresses: dict[UUID, set[str]] = {}
    for row in await who.found([event.id for event in events]):
        addresses.setdefault(row.event_id, set()).add(row.address)
    return addresses


async def event_of(subject: Any, verb: EventVerb = EventVerb.SCHOOL_UPDATED) -> Event:
    """An event about this."""
    event = new_event(verb, subject, by=None, at=AT)
    await write(event)
    return event


async def test_each_recipient_is_one_that_a_mail_may_name() -> None:
    [row] = await fetch("SELECT pg_get_constraintdef(oid) AS says FROM pg_constraint WHERE conname = 'mails_recipient'")
    assert set(re.findall(r"'(\w+)'", row.says)) == set(RECIPIENTS)


async def test_the_staff_of_each_events_own_school_are_found_at_once() -> None:
    here, there = await school_of(), await school_of()
    kim, lee = (await staff(Role.SCHOOL, school_id=here.id), await staff(Role.SCHOOL, school_id=here.id))
    mia = await staff(Role.SCHOOL, school_id=there.id)
    of_student = await event_of(await student_of(there), EventVerb.STUDENT_ENTERED)
    of_school = await event_of(here)
    assert await found(SCHOOL, of_school, of_student) == {
        of_school.id: {kim.email, lee.email},
        of_student.id: {mia.email},
    }


async def test_who_is_shut_unverified_or_gone_is_not_written_to_and_ops_stands_in() -> None:
    school, ops = await school_of(), await staff(Role.OPS)
    shut, gone = (await staff(Role.SCHOOL, school_id=school.id), await staff(Role.SCHOOL, school_id=school.id))
    await staff(Role.SCHOOL, school_id=school.id, verified=False)
    await execute("UPDATE accounts SET disabled_at = now() WHERE id = $1", shut.id)
    await execute("UPDATE memberships SET ended_at = now() WHERE account_id = $1", gone.id)
    event = await event_of(school)
    assert await found(SCHOOL, event) == {event.id: {ops.email}}


async def test_a_practices_office_is_its_owner_and_its_users_who_have_not_lapsed() -> None:
    pair = await pair_of()
    practice = await Practice.open(name="Harbor", by=None, at=AT)
    owner = await staff(Role.OFFICE, practice_id=practice.id, is_owner=True)
    user = await staff(Role.OFFICE, practice_id=practice.id, validated_at=AT, revalidate_by=AT + timedelta(days=90))
    long_ago, lapsed = AT - timedelta(days=95), AT - timedelta(days=5)
    await staff(Role.OFFICE, practice_id=practice.id, validated_at=long_ago, revalidate_by=lapsed)
    await pair.provider.set_practice(practice.id, by=SOMEBODY, at=AT)
    ops = await staff(Role.OPS)
    with_it = await confirmed(pair.student, pair.openings[0])
    await pair.provider.set_practice(None, by=SOMEBODY, at=AT)
    of_session = await event_of(with_it, EventVerb.APPOINTMENT_PROVIDER_UNAVAILABLE)
    of_practice = await event_of(practice, EventVerb.PRACTICE_OPENED)
    of_provider = await event_of(pair.provider, EventVerb.PROVIDER_JOINED)
    office = {owner.email, user.email}
    assert await found(PRACTICE, of_session, of_practice, of_provider) == {
        of_session.id: office,  # what was made with the practice is the practice's (ID-8)
        of_practice.id: office,
        of_provider.id: {ops.email},
    }
    assert await found(OFFICE, of_session) == {of_session.id: {owner.email}}


async def test_the_practice_of_a_lapsed_session_is_told_and_without_one_nobody_stands_in_for_it() -> None:
    pair, alone = await pair_of(), await pair_of()
    practice = await Practice.open(name="Harbor", by=None, at=AT)
    owner, ops = await staff(Role.OFFICE, practice_id=practice.id, is_owner=True), await staff(Role.OPS)
    await pair.provider.set_practice(practice.id, by=SOMEBODY, at=AT)
    sessions = [await confirmed(one.student, one.openings[0]) for one in (pair, alone)]
    await forget_mails_so_far()
    for session in sessions:
        await session.lapse(at=session.attest_by)
    await write_mails(at=AT, domain="mail.test")
    office = {(mail.template, mail.address) for mail in await mails() if mail.recipient in ("PRACTICE", "OPS")}
    assert office == {("lapsed_for_practice", owner.email), ("lapsed_for_ops", ops.email)}
    assert len([mail for mail in await mails() if mail.recipient == "OPS"]) == len(sessions)


async def test_finance_is_everybody_of_finance_and_one_with_two_memberships_is_one() -> None:
    event, ops = await event_of(await school_of()), await staff(Role.OPS)
    assert await found(FINANCE, event) == {event.id: {ops.email}}
    ada, bo = await staff(Role.FINANCE), await staff(Role.FINANCE)
    await write(Membership(account_id=ops.id, role=Role.FINANCE, created_at=AT))
    assert await found(FINANCE, event) == {event.id: {ada.email, bo.email, ops.email}}
    rows = await OPS.found([event.id])
    assert [row.account_id for row in rows] == [ops.id]


async def test_a_later_area_registers_who_is_written_to_and_the_policy_names_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stand-in for what a later area will be: its own SQL, its own name, the same way out."""
    monkeypatch.setattr("models.base.recipients.RECIPIENTS", {})
    stand_in = recipient(
        "STAND_IN",
        "SELECT e.id AS event_id, NULL::uuid AS account_id, 'care@example.test' AS address FROM events e"
        " WHERE e.id = ANY ($1) AND e.data ->> 'asks' = 'somebody'",
        instead=OPS,
    )
    await execute("ALTER TABLE mails DROP CONSTRAINT mails_recipient")  # its migration's, which comes with it
    monkeypatch.setitem(POLICY, EventVerb.SCHOOL_UPDATED, (Line(stand_in, "person_conflict"),))
    ops, school = await staff(Role.OPS), await school_of()
    await forget_mails_so_far()
    asks, does_not = (
        new_event(EventVerb.SCHOOL_UPDATED, school, by=None, at=AT, **data) for data in ({"asks": "somebody"}, {})
    )
    await write(asks, does_not)
    assert await write_mails(at=AT, domain="mail.test") == 2
    assert {(mail.event_id, mail.recipient, mail.address) for mail in await mails()} == {
        (asks.id, "STAND_IN", "care@example.test"),
        (does_not.id, "STAND_IN", ops.email),
    }
    assert policy.POLICY[EventVerb.SCHOOL_UPDATED][0].recipient is stand_in
    with pytest.raises(ValueError, match="already"):
        recipient("STAND_IN", "SELECT 1")


async def test_what_waits_for_a_shut_account_goes_to_those_who_are_left() -> None:
    pair = await pair_of()
    practice = await Practice.open(name="Harbor", by=None, at=AT)
    owner, ops = await staff(Role.OFFICE, practice_id=practice.id, is_owner=True), await staff(Role.OPS)
    await pair.provider.set_practice(practice.id, by=SOMEBODY, at=AT)
    session = await confirmed(pair.student, pair.openings[0])
    await forget_mails_so_far()
    await event_of(session, EventVerb.APPOINTMENT_PROVIDER_UNAVAILABLE)
    await write_mails(at=AT, domain="mail.test")
    assert [(mail.address, mail.status) for mail in await mails()] == [(owner.email, "PENDING")]
    await forget_mails_so_far()
    account = await Account.get(id=owner.id)
    await account.disable(by=as_staff(Role.OPS), at=AT)
    await write_mails(at=AT, domain="mail.test")
    assert {(mail.address, mail.status) for mail in await mails() if mail.recipient == "OFFICE"} == {
        (owner.email, "DROPPED"),
        (ops.email, "PENDING"),
    }
