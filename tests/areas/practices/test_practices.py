"""Practices: an owner looks after its office users, who lapse after 90 days, schedule, and never attest (ID-4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from models.accounts import office_users
from models.availability import openings
from models.base import clock
from models.base.events import Event
from models.base.statements import execute, fetch
from tests.support.accounts import PASSWORD, SIGN_IN, WHO, Person, invited, mailed_token, signed_in, signed_up
from tests.support.api import Api, api_on
from tests.support.databases import own_database

NUMBER = iter(range(1, 1000))
USER = "officeUser { id title isOwner revalidateBy }"
DIRECTORY = """
query { providers(filter: {state: "MA"}, first: 5) { nodes { id name openings(first: 5) { nodes { id } } } } }
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of this module's own."""
    async with own_database(postgres) as settings, api_on(settings) as client:
        yield client


class Office:
    """A practice with an owner and one office user."""

    practice: str
    owner: Person
    user: Person
    user_id: str


@pytest_asyncio.fixture(loop_scope="session")
async def office(api: Api) -> Office:
    """A practice of this test's own."""
    made = Office()
    number = next(NUMBER)
    opened = await api.do("openPractice", role="OPS", selection="practice { id }", name=f"Harbor {number}")
    made.practice = opened["practice"]["id"]
    place = {"role": "OFFICE", "practiceId": made.practice}
    made.owner = await signed_up(api, f"owner{number}@people.test", **place, isOwner=True)
    made.user = await signed_up(api, f"desk{number}@people.test", **place, title="Front desk")
    made.user_id = (await made.user.ask(WHO))["viewer"]["id"]
    return made


def codes(answer: Any) -> list[tuple[str, str]]:
    """The codes and rules of an answer's user errors."""
    return [(error["code"], error["rule"]) for error in answer["userErrors"]]


async def pass_days(api: Api, days: int) -> None:
    """Move the server's clock."""
    await api.do("moveClock", role="OPS", selection="now", hours=24 * days)
    api.tokens.clear()


async def test_the_owner_invites_office_users_and_nobody_else_does(api: Api, office: Office) -> None:
    fields = {"role": "OFFICE", "email": "new@people.test", "title": "Billing"}
    assert codes(await office.user.do("invite", "invitation { id }", **fields)) == [("NOT_ELIGIBLE", "ID-4")]
    assert codes(await office.owner.do("invite", "invitation { id }", isOwner=True, **fields)) == [
        ("NOT_ELIGIBLE", "ID-4")
    ]
    assert codes(await office.owner.do("invite", "invitation { id }", **fields)) == []
    assert await mailed_token("new@people.test")


async def test_the_owner_of_one_practice_has_no_say_in_another(api: Api, office: Office) -> None:
    other = await api.do("openPractice", role="OPS", selection="practice { id }", name=f"Pier {next(NUMBER)}")
    place = {"role": "OFFICE", "practiceId": other["practice"]["id"]}
    stranger = await signed_up(api, f"pier{next(NUMBER)}@people.test", **place, isOwner=True)
    for mutation in ("removeOfficeUser", "revalidateOfficeUser", "handOverPractice"):
        answer = await stranger.do(mutation, USER, membershipId=office.user_id)
        assert codes(answer) == [("NOT_FOUND", "ID-4")]
    assert (await stranger.ask("query ($id: ID!) { node(id: $id) { id } }", id=office.user_id))["node"] is None
    assert (await office.user.ask(WHO))["viewer"] is not None


async def test_the_owner_modifies_and_removes_an_office_user(api: Api, office: Office) -> None:
    modified = await office.owner.do("modifyOfficeUser", USER, membershipId=office.user_id, title="Billing")
    assert modified["officeUser"]["title"] == "Billing"
    seen = await office.user.ask("{ viewer { practice { officeUsers { title isOwner account { email } } } } }")
    assert {(one["title"], one["isOwner"]) for one in seen["viewer"]["practice"]["officeUsers"]} == {
        ("Billing", False), (None, True)
    }  # fmt: skip
    assert codes(await office.user.do("removeOfficeUser", USER, membershipId=office.user_id)) == [
        ("NOT_ELIGIBLE", "ID-4")
    ]
    assert codes(await office.owner.do("removeOfficeUser", USER, membershipId=office.user_id)) == []
    assert await office.user.code(WHO) == "UNAUTHENTICATED"
    assert codes(await office.owner.do("removeOfficeUser", USER, membershipId=office.user_id)) == [
        ("NOT_FOUND", "ID-4")
    ]


async def test_an_owner_removes_themselves_only_after_handing_over(api: Api, office: Office) -> None:
    own = (await office.owner.ask(WHO))["viewer"]["id"]
    assert codes(await office.owner.do("removeOfficeUser", USER, membershipId=own)) == [("NOT_ELIGIBLE", "ID-4")]
    handed = await office.owner.do("handOverPractice", USER, membershipId=office.user_id)
    assert (handed["officeUser"]["isOwner"], handed["officeUser"]["revalidateBy"]) == (True, None)
    assert codes(await office.owner.do("removeOfficeUser", USER, membershipId=own)) == [("NOT_ELIGIBLE", "ID-4")]
    assert codes(await office.user.do("removeOfficeUser", USER, membershipId=own)) == []


async def test_a_practice_has_one_owner(api: Api, office: Office) -> None:
    token = await invited(api, "second@people.test", role="OFFICE", practiceId=office.practice, isOwner=True)
    assert token
    with pytest.raises(Exception, match="memberships_one_owner"):
        await execute(
            "UPDATE memberships SET is_owner = true, validated_at = NULL, revalidate_by = NULL WHERE practice_id IN"
            " (SELECT practice_id FROM memberships WHERE practice_id IS NOT NULL)"
        )


async def test_an_office_user_lapses_after_90_days_until_the_owner_revalidates_them(api: Api, office: Office) -> None:
    await pass_days(api, 89)
    user = await signed_in(api, office.user.email)
    assert (await user.ask(WHO))["viewer"]["role"] == "OFFICE"
    await pass_days(api, 1)
    assert await user.code(WHO) == "UNAUTHENTICATED"
    sent = {"email": office.user.email, "password": PASSWORD}
    assert codes((await api.ask(SIGN_IN, input=sent))["signIn"]) == [("NOT_ELIGIBLE", "ID-4")]
    owner = await signed_in(api, office.owner.email)
    assert codes(await owner.do("revalidateOfficeUser", USER, membershipId=office.user_id)) == []
    assert (await (await signed_in(api, office.user.email)).ask(WHO))["viewer"]["role"] == "OFFICE"


async def test_a_revalidation_is_announced_once_two_weeks_before(api: Api, office: Office) -> None:
    async def announced() -> int:
        await office_users.remind(at=await clock.demo_now())
        events = await Event.filter(verb="office_user.revalidation_due").order_by("-id")
        return sum(1 for event in events if event.subject_id in mine)

    mine = {row.id for row in await fetch(
        "SELECT m.id FROM memberships m JOIN accounts a ON a.id = m.account_id WHERE a.email = $1", office.user.email
    )}  # fmt: skip
    assert await announced() == 0
    await pass_days(api, 77)
    assert await announced() == 1
    assert await announced() == 1
    owner = await signed_in(api, office.owner.email)
    await owner.do("revalidateOfficeUser", USER, membershipId=office.user_id)
    assert await announced() == 1
    await pass_days(api, 77)
    assert await announced() == 2


async def test_an_office_does_not_get_a_clinicians_past(api: Api, office: Office) -> None:
    _, before = await a_request(api, office)
    other = await api.do("openPractice", role="OPS", selection="practice { id }", name=f"Quay {next(NUMBER)}")
    place = {"role": "OFFICE", "practiceId": other["practice"]["id"], "isOwner": True}
    new = await signed_up(api, f"quay{next(NUMBER)}@people.test", **place)
    provider = (await api.ask(SEEN.replace("provider { name }", "provider { id }"), role="OPS", id=before))[
        "appointment"
    ]
    await api.do(
        "setPractice", role="OPS", selection="provider { id }", providerId=provider["provider"]["id"],
        practiceId=other["practice"]["id"],
    )  # fmt: skip
    assert (await new.ask(SEEN, id=before))["appointment"] is None
    assert (await new.ask("{ students(first: 5) { totalCount } }"))["students"]["totalCount"] == 0
    old = await signed_in(api, office.user.email)
    assert (await old.ask(SEEN, id=before))["appointment"]["id"] == before
    withdrawn = await api.do(
        "withdrawAppointment", role="STUDENT", selection="appointment { status }", appointmentId=before
    )
    assert withdrawn["userErrors"] == []


async def a_request(api: Api, office: Office) -> tuple[str, str]:
    """A provider of the practice, and a student's request to them."""
    await openings.extend_openings(at=await clock.demo_now())
    directory = await api.ask(DIRECTORY, role="STUDENT")
    provider = next(one for one in directory["providers"]["nodes"] if one["name"] == "Noor Haddad")
    linked = await api.do(
        "setPractice", role="OPS", selection="provider { id }", providerId=provider["id"], practiceId=office.practice
    )
    assert linked["userErrors"] == []
    request = await api.do(
        "requestAppointment", role="STUDENT", selection="appointment { id }",
        openingId=provider["openings"]["nodes"][0]["id"], state="MA", acceptsMissedAppointmentPolicy=True,
    )  # fmt: skip
    assert request["userErrors"] == []
    return provider["id"], request["appointment"]["id"]


SEEN = """
query ($id: ID!) { appointment(id: $id) {
  id status startsAt student { name } provider { name } claim { id } history(first: 5) { nodes { id } } } }
"""


async def test_an_office_user_sees_and_schedules_for_the_practices_clinicians_and_never_attests(
    api: Api, office: Office
) -> None:
    user = await signed_in(api, office.user.email)
    assert (await user.ask("{ appointments(first: 5) { totalCount } }"))["appointments"]["totalCount"] == 0
    provider, appointment = await a_request(api, office)
    seen = (await user.ask(SEEN, id=appointment))["appointment"]
    assert seen == {
        "id": appointment, "status": "REQUESTED", "startsAt": seen["startsAt"], "student": {"name": "Ana Reyes"},
        "provider": {"name": "Noor Haddad"}, "claim": None, "history": {"nodes": []},
    }  # fmt: skip
    confirmed = await user.do("confirmAppointment", "appointment { status }", appointmentId=appointment)
    assert confirmed["appointment"] == {"status": "CONFIRMED"}
    attest = (
        "mutation ($id: ID!) { attestSession(input: {appointmentId: $id, presentingConcern: ANXIETY})"
        " { claim { id } } }"
    )
    assert await user.code(attest, id=appointment) == "FORBIDDEN"
    assert await user.code("mutation ($id: ID!) { markNoShow(input: {appointmentId: $id}) { appointment { id } } }",
                           id=appointment) == "FORBIDDEN"  # fmt: skip
    for query in ("{ claims(first: 1) { nodes { id } } }", "{ ledgerProof { agrees } }"):
        assert await user.code(query) == "FORBIDDEN"
    hours = [{"weekday": 1, "starts": "10:00", "ends": "12:00"}]
    week = await user.do("setWeeklyHours", "provider { weeklyHours { starts } }", providerId=provider, hours=hours)
    assert week["provider"] == {"weeklyHours": [{"starts": "10:00"}]}
    cancelled = await user.do("cancelAppointment", "appointment { status }", appointmentId=appointment)
    assert cancelled["appointment"] == {"status": "CANCELLED"}
    await api.do("setPractice", role="OPS", selection="provider { id }", providerId=provider)
    # What was made with the practice stays the practice's; the clinician does not (ID-8).
    left = (await user.ask(SEEN, id=appointment))["appointment"]
    assert (left["student"], left["provider"]) == ({"name": "Ana Reyes"}, None)
    assert await user.ask("query ($id: ID!) { provider(id: $id) { name } }", id=provider) == {"provider": None}
