"""Sign-up by invitation: whom one may invite, what a link is good for, and what is accepted with it (PR-1, ID-3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from models.accounts import links
from models.accounts.accounts import Account
from models.accounts.agreements import Acceptance
from models.base import clock
from models.base.access import Role
from models.base.events import Event
from models.base.statements import fetch
from models.invitations import invitations
from models.records.retention import remove_old_of
from tests.support.accounts import (
    ERRORS,
    PASSWORD,
    SIGN_UP,
    WHO,
    accepts,
    invited,
    mailed_token,
    person,
    signed_in,
    signed_up,
)
from tests.support.api import Api, api_on
from tests.support.databases import own_database

INVITE = f"mutation ($input: InviteInput!) {{ invite(input: $input) {{ invitation {{ id role email }} {ERRORS} }} }}"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of this module's own."""
    async with own_database(postgres) as settings, api_on(settings) as client:
        yield client


async def sign_up(api: Api, token: str, **changes: Any) -> Any:
    """The answer to a sign-up as OPS with this link."""
    sent = {"token": token, "name": "Robin Vale", "password": PASSWORD, "accepts": accepts(Role.OPS), **changes}
    return (await api.ask(SIGN_UP, input=sent))["signUp"]


def codes(answer: Any) -> list[tuple[str, str | None]]:
    """The codes and rules of an answer's user errors."""
    return [(error["code"], error["rule"]) for error in answer["userErrors"]]


DEAD = [("NOT_FOUND", "ID-3")]


async def test_an_invitation_makes_an_account_that_is_signed_in_and_verified(api: Api) -> None:
    robin = await signed_up(api, "robin@people.test")
    viewer = (await robin.ask(WHO))["viewer"]
    assert (viewer["role"], viewer["account"]) == ("OPS", {"email": "robin@people.test", "name": "Robin Vale"})
    account = await Account.get(email="robin@people.test")
    assert account.email_verified_at is not None
    kept = await Acceptance.filter(account_id=account.id)
    assert {(row.document.value, row.version) for row in kept} == {
        (one["document"], one["version"]) for one in accepts(Role.OPS)
    }
    assert await Event.filter(subject_id=account.id, verb="account.signed_up").count() == 1
    assert (await (await signed_in(api, "Robin@People.test ")).ask(WHO))["viewer"]["role"] == "OPS"


async def test_a_link_works_once(api: Api) -> None:
    token = await invited(api, "once@people.test")
    assert codes(await sign_up(api, token)) == []
    assert codes(await sign_up(api, token)) == DEAD


async def test_a_link_that_never_was_one_that_ended_and_one_for_a_known_address_are_answered_alike(api: Api) -> None:
    await signed_up(api, "known@people.test")
    known = await sign_up(api, await invited(api, "known@people.test"))
    never = await sign_up(api, "fc_link_no-such-token")
    late_token = await invited(api, "late@people.test")
    await api.do("moveClock", role="OPS", selection="now", hours=24 * 15)
    api.tokens.clear()
    late = await sign_up(api, late_token)
    assert codes(never) == DEAD
    assert known == never == late


async def test_the_newest_invitation_is_the_one_that_works(api: Api) -> None:
    first = await invited(api, "twice@people.test")
    second = await invited(api, "twice@people.test")
    assert codes(await sign_up(api, first)) == DEAD
    assert codes(await sign_up(api, second)) == []


async def test_a_withdrawn_invitation_works_no_more(api: Api) -> None:
    token = await invited(api, "gone@people.test")
    seen = await api.ask("{ invitations(first: 1, filter: {open: true}) { nodes { id email } } }", role="OPS")
    node = seen["invitations"]["nodes"][0]
    assert node["email"] == "gone@people.test"
    await api.do("withdrawInvitation", role="OPS", selection="invitation { id }", invitationId=node["id"])
    assert codes(await sign_up(api, token)) == DEAD


async def test_a_sign_up_tells_everything_that_is_missing_at_once_and_leaves_the_link_alone(api: Api) -> None:
    token = await invited(api, "short@people.test")
    answer = await sign_up(api, token, password="xq7#v", name=" ", accepts=[])
    assert codes(answer) == [("INVALID", "ID-1"), ("INVALID", "PR-2"), ("INVALID", "PR-1"), ("INVALID", "PR-1")]
    assert codes(await sign_up(api, token)) == []


async def test_an_outdated_version_is_not_accepted(api: Api) -> None:
    token = await invited(api, "old@people.test")
    outdated = [{**one, "version": "2019-01"} for one in accepts(Role.OPS)]
    assert codes(await sign_up(api, token, accepts=outdated)) == [("INVALID", "PR-1")] * 2


async def test_clinicians_and_offices_accept_the_business_associate_agreement_too(api: Api) -> None:
    asked = await api.ask("{ agreements(role: PROVIDER) { document version } }")
    assert asked["agreements"] == accepts(Role.PROVIDER)
    assert "BUSINESS_ASSOCIATE_AGREEMENT" in {one["document"] for one in asked["agreements"]}
    assert len((await api.ask("{ agreements(role: STUDENT) { document } }"))["agreements"]) == 2


async def test_a_school_invites_its_own_students_at_their_own_address(api: Api) -> None:
    entered = await api.do(
        "enterStudent", role="SCHOOL", selection="student { id }",
        name="Kit Marlow", email="kit@people.test", state="MA", timeZone="America/New_York",
    )  # fmt: skip
    student = entered["student"]["id"]
    answer = (await api.ask(INVITE, role="SCHOOL", input={"role": "STUDENT", "studentId": student}))["invite"]
    assert answer["invitation"]["email"] == "kit@people.test"
    sent = {
        "token": await mailed_token("kit@people.test"),
        "password": "eight ch",
        "accepts": accepts(Role.STUDENT),
    }
    kit = person(api, "kit@people.test", (await api.ask(SIGN_UP, input=sent))["signUp"])
    seen = await kit.ask("{ viewer { role account { name } student { id } } wallet { available } }")
    assert seen == {
        "viewer": {"role": "STUDENT", "account": {"name": "Kit Marlow"}, "student": {"id": student}},
        "wallet": {"available": 0},
    }


@pytest.mark.parametrize("role", ["OPS", "FINANCE", "OFFICE", "PROVIDER", "PARTNER"])
async def test_a_school_invites_nobody_but_students_and_staff(api: Api, role: str) -> None:
    before = await fetch("SELECT count(*) AS n FROM invitations")
    answer = (await api.ask(INVITE, role="SCHOOL", input={"role": role, "email": "x@people.test"}))["invite"]
    assert codes(answer) == [("NOT_ELIGIBLE", "ID-4")]
    assert await fetch("SELECT count(*) AS n FROM invitations") == before


async def test_a_school_invites_no_staff_for_another_school(api: Api) -> None:
    other = await api.do("openSchool", role="OPS", selection="school { id }", name="Elm", timeZone="America/New_York")
    sent = {"role": "SCHOOL", "email": "x@people.test", "schoolId": other["school"]["id"]}
    assert [error["code"] for error in (await api.ask(INVITE, role="SCHOOL", input=sent))["invite"]["userErrors"]] == [
        "NOT_FOUND"
    ]
    mine = {"role": "SCHOOL", "email": "colleague@people.test"}
    assert (await api.ask(INVITE, role="SCHOOL", input=mine))["invite"]["userErrors"] == []


async def test_an_invitation_names_whom_its_role_is_for_and_nobody_else(api: Api) -> None:
    answer = (await api.ask(INVITE, role="OPS", input={"role": "PROVIDER", "email": "x@people.test"}))["invite"]
    assert [error["field"] for error in answer["userErrors"]] == [["input", "providerId"]]
    machine = (await api.ask(INVITE, role="OPS", input={"role": "PARTNER", "email": "x@people.test"}))["invite"]
    assert codes(machine) == [("INVALID", "ID-5")]


async def test_a_person_takes_a_second_membership_into_their_account_and_acts_under_it(api: Api) -> None:
    robin = await signed_up(api, "both@people.test")
    token = await invited(api, "both@people.test", role="FINANCE")
    other = await signed_up(api, "thief@people.test")
    fields = {"token": token, "accepts": []}
    assert codes(await other.do("acceptInvitation", "membership { id }", **fields)) == DEAD
    accepted = await robin.do("acceptInvitation", "membership { id role }", **fields)
    assert accepted["membership"]["role"] == "FINANCE"
    acts = await robin.do(
        "actAs", "accessToken refreshToken viewer { role }", membershipId=accepted["membership"]["id"]
    )
    assert acts["viewer"]["role"] == "FINANCE"
    assert await robin.code(WHO) == "UNAUTHENTICATED"
    again = person(api, robin.email, acts)
    held = await again.ask("{ viewer { role account { memberships { role } } } }")
    assert held["viewer"] == {"role": "FINANCE", "account": {"memberships": [{"role": "OPS"}, {"role": "FINANCE"}]}}


async def test_no_event_carries_a_links_token(api: Api) -> None:
    token = await invited(api, "quiet@people.test")
    told = await fetch("SELECT data::text AS data FROM events")
    assert [row.data for row in told if token in row.data] == []
    sealed = await fetch("SELECT sealed_token FROM secret_links WHERE sealed_token IS NOT NULL")
    assert [row.sealed_token for row in sealed if token in row.sealed_token] == []


async def test_ended_invitations_and_their_sealed_tokens_are_forgotten(api: Api) -> None:
    await invited(api, "idle@people.test")
    later = await clock.demo_now() + timedelta(days=15)
    await remove_old_of(invitations.Invitation, at=later)
    await remove_old_of(links.SecretLink, at=later)
    assert await fetch("SELECT 1 AS one FROM secret_links WHERE sealed_token IS NOT NULL") == []
    left = await fetch("SELECT 1 AS one FROM invitations WHERE accepted_at IS NULL AND withdrawn_at IS NULL")
    assert left == []
