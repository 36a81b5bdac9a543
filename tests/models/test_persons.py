"""Persons around the API: what links move, what races leave, and that nobody sits on both sides (ID-7, ID-9)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from itertools import count
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from models.accounts import approvals
from models.accounts.accounts import Account, Membership
from models.accounts.approvals import Approval, drafted
from models.accounts.persons import PersonLink
from models.appointments.appointments import Appointment
from models.base.access import Role, Viewer
from models.base.amounts import Credits
from models.base.errors import Refusal
from models.base.ids import new_id
from models.base.statements import execute, fetch, transaction, write
from models.claims.claims import Claim
from models.credits import grants
from models.credits.ledger import Grant
from models.directory.providers import Provider
from models.schools.students import Student
from tests.support.databases import own_database
from tests.support.world import (
    AT,
    attested,
    confirmed,
    load_rates,
    openings_of,
    pair_of,
    provider_of,
    requested,
    school_of,
    student_of,
)

NUMBERS = count(1)


@pytest_asyncio.fixture(autouse=True, scope="module", loop_scope="session")
async def committed(postgres: str) -> AsyncIterator[None]:
    """A database of this module's own, with real commits."""
    async with own_database(postgres, pool_size=20):
        await load_rates()
        yield


async def new_account(*, verified: bool = False) -> Account:
    """An account that acts for nobody yet."""
    account = Account(
        email=f"one{next(NUMBERS)}@example.test",
        name="One",
        email_verified_at=AT if verified else None,
        created_at=AT,
    )
    await write(account)
    return await Account.get(id=account.id)


def membership_as(account: Account, row: Student | Provider) -> Membership:
    """A membership of the account as this student or provider."""
    if isinstance(row, Student):
        return Membership(
            account_id=account.id, role=Role.STUDENT, student_id=row.id, school_id=row.school_id, created_at=AT
        )
    return Membership(account_id=account.id, role=Role.PROVIDER, provider_id=row.id, created_at=AT)


async def linked(account: Account, row: Student | Provider) -> None:
    """Give the account a membership as this student or provider, and with it their person."""
    async with transaction():
        await write(membership_as(account, row))


async def broken_by(work: Awaitable[Any]) -> str:
    """The constraint that refuses this; nothing if none does."""
    try:
        await work
    except asyncpg.IntegrityConstraintViolationError as violation:
        return str(violation.constraint_name)
    return ""


async def test_a_link_moves_all_sessions_and_claims_of_a_student_and_is_written_down() -> None:
    pair = await pair_of()
    claim = await attested(await confirmed(pair.student, pair.openings[0]))
    live = await requested(pair.student, pair.openings[5])
    account = await new_account()
    await linked(account, pair.student)
    assert {one.person_id for one in await Appointment.filter(student_id=pair.student.id)} == {account.person_id}
    assert (await Claim.get(id=claim.id)).person_id == account.person_id
    link = await PersonLink.get(student_id=pair.student.id)
    assert (link.from_person, link.to_person, link.by_account) == (pair.student.id, account.person_id, account.id)
    later = await requested(pair.student, pair.openings[9])
    assert (await Appointment.get(id=later.id)).person_id == account.person_id
    assert live.student_id == pair.student.id


async def test_a_link_takes_the_verified_address_and_no_other() -> None:
    school, provider = await school_of(), await provider_of(week=())
    student, other = await student_of(school), await student_of(school)
    verified, unverified = await new_account(verified=True), await new_account()
    await linked(verified, student)
    await linked(verified, provider)
    await linked(unverified, other)
    assert (await Student.get(id=student.id)).email == verified.email
    assert (await Provider.get(id=provider.id)).email == verified.email
    assert (await Student.get(id=other.id)).email == other.email


@pytest.mark.parametrize(
    "second", ["same school", "overlap", "live intake", "completed intake", "half over", "address"]
)
async def test_what_does_not_go_together_is_not_linked(second: str) -> None:
    pair = await pair_of()
    account = await new_account(verified=True)
    there = await student_of(pair.school if second == "same school" else await school_of(), credits=2)
    await linked(account, pair.student)
    if second == "overlap":
        await requested(pair.student, pair.openings[0])
        await requested(there, (await openings_of(await provider_of()))[0])
    elif second == "live intake":
        await requested(pair.student, pair.openings[0])
        await requested(there, pair.openings[1])
    elif second == "completed intake":
        for student, opening in ((pair.student, pair.openings[0]), (there, pair.openings[1])):
            await attested(await confirmed(student, opening))
    elif second == "half over":
        await attested(await confirmed(pair.student, pair.openings[0]))
        await requested(there, pair.openings[1])
    elif second == "address":
        school = await school_of()
        there = await student_of(school)
        await Student.filter(id=(await student_of(school)).id).update(email=account.email)
    expected = {
        "same school": "students_one_of_person_in_school",
        "overlap": "appointments_student_free",
        "live intake": "appointments_one_live_intake",
        "completed intake": "appointments_one_completed_intake",
        "half over": "appointments_intake_over",
        "address": "students_email_in_school",
    }
    assert await broken_by(linked(account, there)) == expected[second]
    assert (await Student.get(id=there.id)).person_id == there.id, "nothing of it stays"
    assert not await Membership.filter(student_id=there.id).exists()


async def test_an_account_and_another_are_not_the_same_student_at_the_same_time() -> None:
    student = await student_of(await school_of())
    first, second = await new_account(), await new_account()
    await linked(first, student)
    assert await broken_by(linked(second, student)) == "persons_one_account"
    await Membership.filter(account_id=first.id).update(ended_at=AT)
    assert await broken_by(linked(second, student)) == ""
    assert (await Student.get(id=student.id)).person_id == second.person_id


async def test_of_two_links_of_one_student_at_once_one_succeeds() -> None:
    student = await student_of(await school_of())
    accounts = [await new_account() for _ in range(8)]
    found = await asyncio.gather(*(broken_by(linked(account, student)) for account in accounts))
    assert sorted(found) == ["", *["persons_one_account"] * 7]
    assert await PersonLink.filter(student_id=student.id).count() == 1


async def test_of_two_links_of_one_provider_at_once_one_succeeds() -> None:
    provider = await provider_of(week=())
    accounts = [await new_account() for _ in range(8)]
    found = await asyncio.gather(*(broken_by(linked(account, provider)) for account in accounts))
    assert sorted(found) == ["", *["persons_one_account"] * 7]


async def test_links_of_one_account_to_two_students_of_a_school_at_once_leave_one() -> None:
    school, account = await school_of(), await new_account()
    students = [await student_of(school) for _ in range(6)]
    found = await asyncio.gather(*(broken_by(linked(account, student)) for student in students))
    assert sorted(found) == ["", *["students_one_of_person_in_school"] * 5]


async def test_whoever_books_while_a_link_is_made_one_of_both_gives_way() -> None:
    for _ in range(6):
        pair = await pair_of()
        account = await new_account()
        await linked(account, pair.student)
        await requested(pair.student, pair.openings[0])
        there, other = await student_of(await school_of(), credits=1), await provider_of()
        same_time = (await openings_of(other))[0]
        assert same_time.starts_at == pair.openings[0].starts_at

        async def book(there: Student = there, opening: Any = same_time) -> None:
            await requested(there, opening)

        async def refusing(work: Awaitable[None]) -> bool:
            try:
                return await broken_by(work) != ""
            except Refusal:
                return True
            except Exception as refused:
                return type(refused).__name__ == "Refused"

        gave_way = await asyncio.gather(refusing(linked(account, there)), refusing(book()))
        assert sum(gave_way) == 1
        own = await Student.get(id=there.id)
        persons = {one.person_id for one in await Appointment.filter(student_id=there.id)}
        assert persons <= {own.person_id}


async def test_whoever_becomes_a_provider_while_booking_with_them_is_not_both() -> None:
    for _ in range(6):
        pair = await pair_of()
        account = await new_account()
        await linked(account, pair.student)

        async def book(pair: Any = pair) -> None:
            await requested(pair.student, pair.openings[0])

        found = await asyncio.gather(
            broken_by(linked(account, pair.provider)), broken_by(book()), return_exceptions=True
        )
        assert sum(one != "" for one in found) == 1, found
        both = await fetch(
            "SELECT 1 AS one FROM appointments a JOIN providers p ON p.id = a.provider_id"
            " WHERE p.person_id = a.person_id"
        )
        assert both == []


async def test_nothing_waits_for_a_provider_who_is_shut_while_they_are_booked() -> None:
    for _ in range(4):
        pair = await pair_of()
        account = await new_account()
        await linked(account, pair.provider)
        students = [await student_of(pair.school, credits=1) for _ in range(6)]

        async def shut(account: Account = account) -> None:
            async with transaction():
                locked = await Account.filter(id=account.id).select_for_update(no_key=True).get()
                await locked.disable(by=Viewer(account_id=new_id(), role=Role.OPS), at=AT)

        bookings = [requested(student, pair.openings[number]) for number, student in enumerate(students)]
        found = await asyncio.gather(shut(), *bookings, return_exceptions=True)
        assert found[0] is None
        refused = [one for one in found[1:] if isinstance(one, Exception)]
        assert {type(one).__name__ for one in refused} <= {"Refused", "CheckViolationError"}
        assert not await Appointment.filter(provider_id=pair.provider.id, status="REQUESTED").exists()
        assert await Appointment.filter(provider_id=pair.provider.id, status="DECLINED").count() == 6 - len(refused)
        assert not (await Provider.get(id=pair.provider.id)).searchable


async def test_nobody_is_linked_into_both_sides_of_what_there_is() -> None:
    pair = await pair_of(credits=0)
    account = await new_account()
    async with transaction():
        by = Viewer(account_id=account.id, role=Role.SCHOOL)
        await grants.grant(pair.student, Credits(3), expires_at=None, note="", by=by, at=AT)
    assert await broken_by(linked(account, pair.student)) == "grants_not_to_oneself"
    other = await new_account()
    await linked(other, pair.student)
    appointment = await requested(pair.student, pair.openings[0])
    assert await broken_by(linked(other, pair.provider)) == "appointments_not_with_oneself"
    assert appointment.provider_id == pair.provider.id
    assert (await Grant.get(student_id=pair.student.id)).granted_by == account.id


async def approved(subject_id: Any, by: Account) -> bool:
    """Whether this account's approval was taken."""
    try:
        async with transaction():
            await approvals.approve(subject_id, by=Viewer(account_id=by.id, role=Role.FINANCE), at=AT)
    except Refusal:
        return False
    return True


async def test_of_any_number_at_once_one_second_person_approves_and_never_the_first() -> None:
    first, others = await new_account(), [await new_account() for _ in range(5)]
    subject = await student_of(await school_of())
    await write(drafted(subject, by=Viewer(account_id=first.id, role=Role.FINANCE), at=AT))
    taken = await asyncio.gather(*(approved(subject.id, one) for one in [first, *others, first]))
    assert sum(taken) == 1
    assert not taken[0]
    assert not taken[-1]
    assert (await Approval.get(subject_id=subject.id)).approved_by != first.id
    assert not await approved(new_id(), first)


async def test_the_database_lets_nobody_approve_their_own_draft() -> None:
    first = await new_account()
    subject = await student_of(await school_of())
    approval = drafted(subject, by=Viewer(account_id=first.id, role=Role.FINANCE), at=AT)
    await write(approval)
    change = "UPDATE approvals SET approved_by = $2, approved_at = $3 WHERE id = $1"
    assert await broken_by(execute(change, approval.id, first.id, AT)) == "approvals_second_person"
    await execute(change, approval.id, (await new_account()).id, AT + timedelta(hours=1))
    assert await broken_by(execute(change, approval.id, (await new_account()).id, AT)) == "approvals_once"
