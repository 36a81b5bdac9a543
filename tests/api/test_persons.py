"""One person, one set of facts (ID-7 to ID-9): as people and OPS live through it, by the API alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest_asyncio

from models.accounts.accounts import Account, Membership
from models.accounts.links import Purpose
from models.accounts.persons import PersonConflict, unless_conflict
from models.appointments.appointments import Appointment
from models.availability import openings
from models.base import clock
from models.base.access import Role
from models.base.errors import Refused
from models.base.statements import fetch, transaction, write
from notifications.outbox import write_mails
from tests.support.accounts import PASSWORD, Person, accepts, invited, mailed_token, signed_in, signed_up
from tests.support.api import Api, api_on
from tests.support.databases import own_database
from tests.support.world import AT, as_staff, openings_of, pair_of, provider_of, school_of, student_of
from tests.support.world import requested as requested_at

NUMBERS = count(1)
DIRECTORY = """
query { providers(filter: {state: "MA"}, first: 10) {
  nodes { id name openings(first: 10) { nodes { id startsAt } } } } }
"""
CONTACT = "query ($id: ID!) { student(id: $id) { name email phone state } }"
APPOINTMENT = "query ($id: ID!) { appointment(id: $id) { status visitType provider { name } } }"
CONFLICTS = "{ personConflicts(filter: {open: true}, first: 10) { nodes { id why student { id } account { email } } } }"
SETTLED = "personConflict { outcome reason resolvedAt }"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of this module's own, with openings for the weeks to come."""
    async with own_database(postgres, pool_size=20) as settings, api_on(settings) as client:
        await openings.extend_openings(at=await clock.demo_now())
        yield client


def rules(answer: Any) -> list[tuple[str, str]]:
    """The codes and rules of an answer's user errors."""
    return [(error["code"], error["rule"]) for error in answer["userErrors"]]


async def entered(api: Api, email: str, *, school: str | None = None) -> str:
    """A student whom a school has entered."""
    answer = await api.do(
        "enterStudent", role="OPS" if school else "SCHOOL", selection="student { id }", name=f"Kai {email}",
        email=email, state="MA", timeZone="America/New_York", **({"schoolId": school} if school else {}),
    )  # fmt: skip
    assert answer["userErrors"] == []
    return str(answer["student"]["id"])


async def new_student(api: Api, *, credits: int = 3) -> tuple[Person, str]:
    """A student of the demo's school with an account and credits."""
    email = f"kai{next(NUMBERS)}@people.test"
    student = await entered(api, email)
    who = await signed_up(api, email, role="STUDENT", studentId=student)
    given = await api.do("grantCredits", role="SCHOOL", selection="grant { id }", studentId=student, credits=credits)
    assert given["userErrors"] == []
    return who, student


async def requested(who: Person, opening: str) -> Any:
    """The answer to a request."""
    return await who.do(
        "requestAppointment", "appointment { id }", openingId=opening, state="MA", acceptsMissedAppointmentPolicy=True
    )


async def of(who: Person, name: str) -> Any:
    """A provider of the directory with their openings."""
    return next(one for one in (await who.ask(DIRECTORY))["providers"]["nodes"] if one["name"] == name)


async def changed_address(api: Api, who: Person, email: str) -> Any:
    """The answer to the link that a new address was verified by."""
    await who.do("requestEmailVerification", "account { id }", currentPassword=PASSWORD, email=email)
    query = "mutation ($t: String!) { verifyEmail(input: {token: $t}) { userErrors { code rule message } } }"
    return (await api.ask(query, t=await mailed_token(email, Purpose.EMAIL_VERIFICATION)))["verifyEmail"]


async def test_a_changed_address_is_the_one_that_everything_goes_to(api: Api) -> None:
    who, student = await new_student(api)
    old, new = who.email, f"new.{who.email}"
    assert (await changed_address(api, who, new))["userErrors"] == []
    seen = (await api.ask(CONTACT, role="SCHOOL", id=student))["student"]
    assert seen["email"] == new
    given = await api.do("grantCredits", role="SCHOOL", selection="grant { id }", studentId=student, credits=2)
    assert given["userErrors"] == []
    await write_mails(at=await clock.demo_now(), domain="demo.test")
    written = await fetch(
        "SELECT address FROM mails WHERE template = 'credits_granted' AND address = ANY ($1)", [old, new]
    )
    assert {row.address for row in written} == {new}, "what waited for the old address goes to the new one too"
    fields = {"name": "Second", "state": "MA", "timeZone": "America/New_York"}
    again = await api.do("enterStudent", role="SCHOOL", selection="student { id }", email=new, **fields)
    assert [code for code, _ in rules(again)] == ["CONFLICT"]
    freed = await api.do("enterStudent", role="SCHOOL", selection="student { id }", email=old, **fields)
    assert freed["userErrors"] == []


async def test_mail_that_waits_when_the_address_changes_is_written_again(api: Api) -> None:
    who, _ = await new_student(api)
    await write_mails(at=await clock.demo_now(), domain="demo.test")
    new = f"moved.{who.email}"
    assert (await changed_address(api, who, new))["userErrors"] == []
    await write_mails(at=await clock.demo_now(), domain="demo.test")
    rows = await fetch("SELECT address, status FROM mails WHERE template = 'credits_granted' AND address LIKE $1",
                       f"%{who.email}")  # fmt: skip
    assert {(row.address, row.status) for row in rows} == {(who.email, "DROPPED"), (new, "PENDING")}


async def test_an_address_that_another_student_of_the_school_has_is_refused_at_the_change(api: Api) -> None:
    who, student = await new_student(api)
    taken = f"taken{next(NUMBERS)}@people.test"
    await entered(api, taken)
    refused = await changed_address(api, who, taken)
    assert rules(refused) == [("CONFLICT", "ID-7")]
    assert (await api.ask(CONTACT, role="SCHOOL", id=student))["student"]["email"] == who.email
    assert (await signed_in(api, who.email)).access


async def second_school(api: Api, who: Person) -> tuple[str, str]:
    """The same person entered by another school, invited, and with credits there: the school's and the student's id."""
    number = next(NUMBERS)
    opened = await api.do(
        "openSchool", role="OPS", selection="school { id }", name=f"Hilltop College {number}",
        timeZone="America/New_York", creditsMin=1, creditsMax=12,
    )  # fmt: skip
    assert opened["userErrors"] == []
    school = opened["school"]["id"]
    student = await entered(api, who.email, school=school)
    token = await invited(api, who.email, role="STUDENT", studentId=student)
    taken = await who.do("acceptInvitation", "membership { id }", token=token, accepts=accepts(Role.STUDENT))
    assert taken["userErrors"] == []
    staff = await signed_up(api, f"staff{number}@people.test", role="SCHOOL", schoolId=school)
    given = await staff.do("grantCredits", "grant { id }", studentId=student, credits=3)
    assert given["userErrors"] == []
    return taken["membership"]["id"], student


async def acting(who: Person, membership: str) -> Person:
    """The same person under another membership."""
    answer = await who.do("actAs", "accessToken refreshToken", membershipId=membership)
    assert answer["userErrors"] == []
    return Person(api=who.api, email=who.email, access=answer["accessToken"], refresh=answer["refreshToken"])


async def test_a_student_of_two_schools_has_one_calendar_and_one_intake_with_a_provider(api: Api) -> None:
    who, _ = await new_student(api)
    noor, daniel = await of(who, "Noor Haddad"), await of(who, "Daniel Okafor")
    first = noor["openings"]["nodes"][0]
    same_time = next(one for one in daniel["openings"]["nodes"] if one["startsAt"] == first["startsAt"])
    assert rules(await requested(who, first["id"])) == []
    membership, _ = await second_school(api, who)
    there = await acting(who, membership)
    assert ("CONFLICT", "AP-4") in rules(await requested(there, same_time["id"]))
    assert ("CONFLICT", "AP-2") in rules(await requested(there, noor["openings"]["nodes"][1]["id"]))
    assert (await there.ask("{ wallet { available } }"))["wallet"]["available"] == 3


async def a_conflict(api: Api) -> tuple[PersonConflict, Any]:
    """An account with sessions in one school, refused another student with one at the same time; and that session."""
    pair = await pair_of()
    elsewhere, other = await school_of(), await provider_of()
    second = await student_of(elsewhere, credits=1)
    await requested_at(pair.student, pair.openings[0])
    overlapping = await requested_at(second, (await openings_of(other))[0])
    account = Account(email=f"two{next(NUMBERS)}@people.test", name="Two", created_at=AT)
    of_first, of_second = (
        Membership(account_id=account.id, role=Role.STUDENT, student_id=one.id, school_id=one.school_id, created_at=AT)
        for one in (pair.student, second)
    )
    await write(account, of_first)
    async with transaction():
        answer = await unless_conflict(
            lambda: write(of_second), account_id=account.id, student_id=second.id, provider_id=None, by=None, at=AT
        )
    assert isinstance(answer, Refused)
    assert [refusal.rule for refusal in answer.refusals] == ["ID-7"]
    assert not await Membership.filter(id=of_second.id).exists()
    return await PersonConflict.get(student_id=second.id), overlapping


async def test_ops_link_two_that_did_not_go_together_once_nothing_stands_in_the_way(api: Api) -> None:
    conflict, overlapping = await a_conflict(api)
    listed = (await api.ask(CONFLICTS, role="OPS"))["personConflicts"]["nodes"]
    assert [(one["id"], one["why"]) for one in listed] == [(conflict.type_id, "SESSIONS_OVERLAP")]
    tried = await api.do("linkPerson", role="OPS", selection=SETTLED, personConflictId=conflict.type_id)
    assert rules(tried) == [("CONFLICT", "ID-7")]
    async with transaction():
        live = await Appointment.locked(overlapping.id)
        await live.withdraw(by=as_staff(Role.OPS), at=AT)
    linked = await api.do("linkPerson", role="OPS", selection=SETTLED, personConflictId=conflict.type_id)
    assert linked["userErrors"] == []
    assert linked["personConflict"]["outcome"] == "LINKED"
    persons = await fetch("SELECT DISTINCT person_id FROM appointments WHERE student_id = $1 UNION"
                          " SELECT person_id FROM accounts WHERE id = $2",
                          conflict.student_id, conflict.account_id)  # fmt: skip
    assert len(persons) == 1
    assert (await api.ask(CONFLICTS, role="OPS"))["personConflicts"]["nodes"] == []
    again = await api.do("linkPerson", role="OPS", selection=SETTLED, personConflictId=conflict.type_id)
    assert rules(again) == [("NOT_OPEN", "ID-7")]


async def test_ops_leave_two_apart_for_a_reason_and_are_told_of_each_by_mail(api: Api) -> None:
    conflict, _ = await a_conflict(api)
    await write_mails(at=AT, domain="demo.test")
    told = await fetch(
        "SELECT address FROM mails m JOIN events e ON e.id = m.event_id WHERE e.subject_id = $1", conflict.id
    )
    assert [row.address for row in told] == ["ops@demo.test"]
    without = await api.do(
        "dismissPersonConflict", role="OPS", selection=SETTLED, personConflictId=conflict.type_id, reason=" "
    )
    assert rules(without) == [("INVALID", "ID-7")]
    settled = await api.do(
        "dismissPersonConflict", role="OPS", selection=SETTLED, personConflictId=conflict.type_id, reason="Two people."
    )
    assert settled["userErrors"] == []
    assert (settled["personConflict"]["outcome"], settled["personConflict"]["reason"]) == ("DISMISSED", "Two people.")


async def enrolled(api: Api, email: str, name: str) -> str:
    """A provider who may be booked, entered by OPS."""
    joined = await api.do(
        "joinProvider", role="OPS", selection="provider { id }", name=name, title="LICSW", email=email,
        degreeLevel="MASTERS", services=["THERAPY"], timeZone="America/New_York",
    )  # fmt: skip
    provider = joined["provider"]["id"]
    license = await api.do(
        "enterLicense", role="OPS", selection="license { id }", providerId=provider,
        licenseClass="CLINICAL_SOCIAL_WORKER", title="LICSW", number=f"P-{next(NUMBERS)}", state="MA",
        expiresOn="2035-01-01",
    )  # fmt: skip
    await api.do("verifyLicense", role="OPS", selection="license { id }", licenseId=license["license"]["id"])
    await api.do("enrollProvider", role="OPS", selection="provider { id }", providerId=provider)
    week = [{"weekday": day, "starts": "09:00", "ends": "13:00"} for day in range(1, 6)]
    hours = await api.do("setWeeklyHours", role="OPS", selection="provider { id }", providerId=provider, hours=week)
    assert hours["userErrors"] == []
    return str(provider)


BLOCKED = "query ($id: ID!) { provider(id: $id) { bookingBlockedBy { rule } } }"
OPENINGS = "query ($id: ID!) { provider(id: $id) { searchable openings(first: 5) { nodes { id } } } }"


async def test_nobody_books_a_session_with_themselves(api: Api) -> None:
    who, _ = await new_student(api)
    provider = await enrolled(api, who.email, f"Kai Both {who.email}")
    stranger, _ = await new_student(api)
    opening = (await stranger.ask(OPENINGS, id=provider))["provider"]["openings"]["nodes"][0]["id"]
    token = await invited(api, who.email, role="PROVIDER", providerId=provider)
    taken = await who.do("acceptInvitation", "membership { id }", token=token, accepts=accepts(Role.PROVIDER))
    assert taken["userErrors"] == []
    assert rules(await requested(who, opening)) == [("NOT_ELIGIBLE", "ID-9")]
    blocked = (await who.ask(BLOCKED, id=provider))["provider"]["bookingBlockedBy"]
    assert "ID-9" in {blocker["rule"] for blocker in blocked}
    assert rules(await requested(stranger, opening)) == []


async def test_nobody_grants_credits_to_themselves(api: Api) -> None:
    email = f"counsellor{next(NUMBERS)}@people.test"
    school = (await api.ask("{ viewer { school { id } } }", role="SCHOOL"))["viewer"]["school"]["id"]
    staff = await signed_up(api, email, role="SCHOOL", schoolId=school)
    student = await entered(api, email)
    token = await invited(api, email, role="STUDENT", studentId=student)
    taken = await staff.do("acceptInvitation", "membership { id }", token=token, accepts=accepts(Role.STUDENT))
    assert taken["userErrors"] == []
    refused = await staff.do("grantCredits", "grant { id }", studentId=student, credits=3)
    assert rules(refused) == [("NOT_ELIGIBLE", "ID-9")]
    given = await api.do("grantCredits", role="SCHOOL", selection="grant { id }", studentId=student, credits=3)
    assert given["userErrors"] == []


async def test_who_granted_to_a_student_does_not_become_them(api: Api) -> None:
    email = f"counsellor{next(NUMBERS)}@people.test"
    school = (await api.ask("{ viewer { school { id } } }", role="SCHOOL"))["viewer"]["school"]["id"]
    staff = await signed_up(api, email, role="SCHOOL", schoolId=school)
    student = await entered(api, email)
    given = await staff.do("grantCredits", "grant { id }", studentId=student, credits=3)
    assert given["userErrors"] == []
    token = await invited(api, email, role="STUDENT", studentId=student)
    taken = await staff.do("acceptInvitation", "membership { id }", token=token, accepts=accepts(Role.STUDENT))
    assert rules(taken) == [("CONFLICT", "ID-7")]
    (conflict,) = (await api.ask(CONFLICTS, role="OPS"))["personConflicts"]["nodes"]
    assert (conflict["why"], conflict["student"]["id"], conflict["account"]["email"]) == ("BOTH_SIDES", student, email)
    again = await staff.do("acceptInvitation", "membership { id }", token=token, accepts=accepts(Role.STUDENT))
    assert rules(again) == [("CONFLICT", "ID-7")], "the invitation stays open"
    listed = (await api.ask(CONFLICTS, role="OPS"))["personConflicts"]["nodes"]
    assert len(listed) == 1
    await api.do(
        "dismissPersonConflict", role="OPS", selection=SETTLED, personConflictId=conflict["id"], reason="Staff."
    )


async def test_a_shut_account_is_not_offered_not_written_to_and_leaves_nothing_waiting(api: Api) -> None:
    email = f"shut{next(NUMBERS)}@people.test"
    provider = await enrolled(api, email, f"Shut {email}")
    clinician = await signed_up(api, email, role="PROVIDER", providerId=provider)
    account = (await clinician.ask("{ viewer { account { id } } }"))["viewer"]["account"]["id"]
    (waits, _), (sure, _), (stranger, _) = [await new_student(api) for _ in range(3)]
    free = (await stranger.ask(OPENINGS, id=provider))["provider"]["openings"]["nodes"]
    waiting = (await requested(waits, free[0]["id"]))["appointment"]["id"]
    kept = (await requested(sure, free[1]["id"]))["appointment"]["id"]
    confirmed = await clinician.do("confirmAppointment", "appointment { status }", appointmentId=kept)
    assert confirmed["userErrors"] == []
    await write_mails(at=await clock.demo_now(), domain="demo.test")

    shut = await api.do("disableAccount", role="OPS", selection="account { disabledAt }", accountId=account)
    assert shut["userErrors"] == []
    assert (await waits.ask(APPOINTMENT, id=waiting))["appointment"]["status"] == "DECLINED"
    assert (await waits.ask("{ wallet { available held } }"))["wallet"] == {"available": 3, "held": 0}
    assert (await sure.ask(APPOINTMENT, id=kept))["appointment"]["status"] == "CONFIRMED"
    assert (await stranger.ask(OPENINGS, id=provider))["provider"] is None
    listed = (await stranger.ask(DIRECTORY.replace("first: 10", "first: 40")))["providers"]["nodes"]
    assert provider not in [one["id"] for one in listed]
    assert ("NOT_ELIGIBLE", "AP-1") in rules(await requested(stranger, free[2]["id"]))
    school = "query ($id: ID!) { provider(id: $id) { name } }"
    assert (await api.ask(school, role="SCHOOL", id=provider))["provider"] is not None, "its students met them"
    await write_mails(at=await clock.demo_now(), domain="demo.test")
    to_shut = "SELECT template FROM mails WHERE address = $1 AND status = 'PENDING' AND recipient <> 'LINK'"
    assert await fetch(to_shut, email) == []
    stand_in = await fetch("SELECT address FROM mails WHERE template = 'provider_unavailable'")
    assert [row.address for row in stand_in] == ["ops@demo.test"]
    ended = await api.do("cancelAppointment", role="OPS", selection="appointment { status }", appointmentId=kept)
    assert ended["appointment"] == {"status": "CANCELLED"}

    await api.do("enableAccount", role="OPS", selection="account { id }", accountId=account)
    assert (await stranger.ask(OPENINGS, id=provider))["provider"]["searchable"]
    assert rules(await requested(stranger, free[2]["id"])) == []


async def test_schools_and_partners_do_not_see_a_profile_that_is_not_published(api: Api) -> None:
    joined = await api.do(
        "joinProvider", role="OPS", selection="provider { id }", name="Draft", title="LICSW", degreeLevel="MASTERS",
        email=f"draft{next(NUMBERS)}@people.test", services=["THERAPY"], timeZone="America/New_York",
    )  # fmt: skip
    id = joined["provider"]["id"]
    for role in ("SCHOOL", "PARTNER", "STUDENT"):
        for query in ("query ($id: ID!) { provider(id: $id) { id } }", "query ($id: ID!) { node(id: $id) { id } }"):
            assert list((await api.ask(query, role=role, id=id)).values()) == [None], role


async def test_a_provider_sees_a_students_contact_while_there_is_a_reason(api: Api) -> None:
    email = f"clinic{next(NUMBERS)}@people.test"
    provider = await enrolled(api, email, f"Clinic {email}")
    clinician = await signed_up(api, email, role="PROVIDER", providerId=provider)
    who, student = await new_student(api)
    free = (await who.ask(OPENINGS, id=provider))["provider"]["openings"]["nodes"]
    first = (await requested(who, free[0]["id"]))["appointment"]["id"]
    assert (await clinician.ask(CONTACT, id=student))["student"]["email"] == who.email
    found = "query ($s: String!) { students(first: 5, filter: {search: $s}) { nodes { id } } }"
    assert (await clinician.ask(found, s=who.email.partition("@")[0]))["students"]["nodes"] == [{"id": student}]
    await who.do("withdrawAppointment", "appointment { status }", appointmentId=first)
    after = (await clinician.ask(CONTACT, id=student))["student"]
    assert after == {"name": f"Kai {who.email}", "email": None, "phone": None, "state": None}
    below = "query ($id: ID!) { appointment(id: $id) { status student { name email state } } }"
    assert (await clinician.ask(below, id=first))["appointment"] == {
        "status": "WITHDRAWN", "student": {"name": f"Kai {who.email}", "email": None, "state": None},
    }  # fmt: skip
    assert (await api.ask(CONTACT, role="SCHOOL", id=student))["student"]["email"] == who.email
    second = (await requested(who, free[1]["id"]))["appointment"]["id"]
    await clinician.do("confirmAppointment", "appointment { status }", appointmentId=second)
    await clinician.do("cancelAppointment", "appointment { status }", appointmentId=second)
    assert (await clinician.ask(CONTACT, id=student))["student"]["email"] == who.email
