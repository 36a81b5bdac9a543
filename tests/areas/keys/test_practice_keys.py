"""A practice's keys: made by its owner for chosen scopes, kept by rotation, ended with the owner (ID-4, ID-5)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from tests.support.accounts import WHO, Person, signed_up
from tests.support.api import Api, api_on
from tests.support.databases import own_database

KEY = "partnerKey { id name scopes school { id } practice { name } expiresAt } secret"
NUMBER = iter(range(1, 1000))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of this module's own."""
    async with own_database(postgres, pool_size=20) as settings, api_on(settings) as client:
        yield client


class Office:
    """A practice with its owner and an office user."""

    id: str
    name: str
    owner: Person
    user: Person


@pytest_asyncio.fixture(loop_scope="session")
async def office(api: Api) -> Office:
    """A practice of this test's own."""
    made, number = Office(), next(NUMBER)
    made.name = f"Harbor {number}"
    opened = await api.do("openPractice", role="OPS", selection="practice { id }", name=made.name)
    made.id = opened["practice"]["id"]
    place = {"role": "OFFICE", "practiceId": made.id}
    made.owner = await signed_up(api, f"owner{number}@people.test", **place, isOwner=True)
    made.user = await signed_up(api, f"desk{number}@people.test", **place)
    return made


async def created(owner: Person, *scopes: str) -> Any:
    """The payload of a new key."""
    answer = await owner.do("createPartnerKey", KEY, name="Calendar", scopes=list(scopes))
    assert answer["userErrors"] == []
    return answer


def codes(answer: Any) -> list[tuple[str, str]]:
    """The codes and rules of an answer's user errors."""
    return [(error["code"], error["rule"]) for error in answer["userErrors"]]


def machine(api: Api, secret: str) -> Person:
    """The machine that holds a key."""
    return Person(api=api, email="", access=secret, refresh="")


async def test_the_owner_makes_a_key_and_its_machine_knows_where_it_is(api: Api, office: Office) -> None:
    made = await created(office.owner, "SCHEDULE_READ", "APPOINTMENTS_READ")
    key = made["partnerKey"]
    assert (key["scopes"], key["school"]) == (["APPOINTMENTS_READ", "SCHEDULE_READ"], None)
    assert key["practice"] == {"name": office.name}
    calendar = machine(api, made["secret"])
    assert await calendar.ask(
        "{ viewer { role account { id } practice { name } } appointments(first: 5) { totalCount } }"
    ) == {
        "viewer": {"role": "OFFICE", "account": None, "practice": {"name": office.name}},
        "appointments": {"totalCount": 0},
    }
    assert await calendar.code("{ students(first: 1) { nodes { id } } }") == "INSUFFICIENT_SCOPE"


async def test_nobody_but_the_owner_and_ops_looks_after_a_practices_keys(api: Api, office: Office) -> None:
    key = (await created(office.owner, "SCHEDULE_READ"))["partnerKey"]
    user = office.user
    for answer in (
        await user.do("createPartnerKey", KEY, name="Mine", scopes=["SCHEDULE_READ"]),
        await user.do("rotatePartnerKey", KEY, partnerKeyId=key["id"]),
        await user.do("revokePartnerKey", "__typename", partnerKeyId=key["id"]),
    ):
        assert codes(answer) == [("NOT_ELIGIBLE", "ID-4")]
    school = await api.do(
        "createPartnerKey", role="SCHOOL", selection=KEY, name="Sly", practiceId=office.id, scopes=["SCHEDULE_READ"]
    )
    assert [(error["code"], error["field"]) for error in school["userErrors"]] == [
        ("NOT_FOUND", ["input", "practiceId"])
    ]
    by_ops = await api.do(
        "createPartnerKey", role="OPS", selection=KEY, name="Desk", practiceId=office.id, scopes=["SCHEDULE_READ"]
    )
    assert codes(by_ops) == []
    revoked = await office.owner.do("revokePartnerKey", "__typename", partnerKeyId=by_ops["partnerKey"]["id"])
    assert codes(revoked) == []


async def test_a_key_says_what_it_is_for_and_what_would_do_is_told(api: Api, office: Office) -> None:
    for scopes, words in (
        (None, "Say what the key is for."),
        ([], "Say what the key is for."),
        (["CLAIMS_READ", "SCHEDULE_READ"], "A practice's key is not for CLAIMS_READ."),
        (["SCHEDULE_WRITE"], "These scopes need SCHEDULE_READ as well."),
    ):
        answer = await office.owner.do("createPartnerKey", KEY, name="Calendar", scopes=scopes)
        (error,) = answer["userErrors"]
        assert (error["code"], error["field"], error["message"]) == ("INVALID", ["input", "scopes"], words)
        assert "SCHEDULE_READ" in error["fix"]
    school = await api.do("createPartnerKey", role="SCHOOL", selection=KEY, name="Portal", scopes=["SCHEDULE_READ"])
    assert codes(school) == [("INVALID", "ID-5")]
    school = await api.do("createPartnerKey", role="SCHOOL", selection=KEY, name="Portal")
    assert len(school["partnerKey"]["scopes"]) == 6


async def test_rotating_keeps_owner_and_scopes(api: Api, office: Office) -> None:
    made = await created(office.owner, "SCHEDULE_READ", "SCHEDULE_WRITE")
    id = made["partnerKey"]["id"]
    following = await office.owner.do("rotatePartnerKey", KEY, partnerKeyId=id, overlapHours=1)
    kept = {name: following["partnerKey"][name] for name in ("scopes", "practice", "school")}
    assert kept == {name: made["partnerKey"][name] for name in kept}
    for secret in (made["secret"], following["secret"]):
        assert (await machine(api, secret).ask(WHO))["viewer"]["role"] == "OFFICE"


async def test_many_who_rotate_one_key_at_once_make_one_that_follows(api: Api, office: Office) -> None:
    id = (await created(office.owner, "SCHEDULE_READ"))["partnerKey"]["id"]
    rotations = [office.owner.do("rotatePartnerKey", KEY, partnerKeyId=id) for _ in range(6)]
    answers = await asyncio.gather(*rotations)
    assert sorted(codes(answer) for answer in answers) == [[], *[[("CONFLICT", "ID-5")]] * 5]


async def test_a_key_that_is_rotated_and_revoked_at_once_is_over_in_either_order(api: Api, office: Office) -> None:
    for _ in range(3):
        made = await created(office.owner, "SCHEDULE_READ")
        id = made["partnerKey"]["id"]
        rotated, revoked = await asyncio.gather(
            office.owner.do("rotatePartnerKey", KEY, partnerKeyId=id, overlapHours=0),
            office.owner.do("revokePartnerKey", "__typename", partnerKeyId=id),
        )
        assert await machine(api, made["secret"]).code(WHO) == "UNAUTHENTICATED"
        assert {tuple(codes(rotated)), tuple(codes(revoked))} <= {(), (("NOT_OPEN", "ID-5"),)}


async def test_a_practice_without_its_owner_has_no_machines(api: Api, office: Office) -> None:
    calendar = machine(api, (await created(office.owner, "SCHEDULE_READ"))["secret"])
    assert (await calendar.ask(WHO))["viewer"]["role"] == "OFFICE"
    account = (await office.owner.ask("{ viewer { account { id } } }"))["viewer"]["account"]["id"]
    assert codes(await api.do("disableAccount", role="OPS", selection="__typename", accountId=account)) == []
    assert await calendar.code(WHO) == "UNAUTHENTICATED"


async def test_a_practice_that_is_handed_over_keeps_its_machines(api: Api, office: Office) -> None:
    calendar = machine(api, (await created(office.owner, "SCHEDULE_READ"))["secret"])
    user = (await office.user.ask(WHO))["viewer"]["id"]
    assert codes(await office.owner.do("handOverPractice", "__typename", membershipId=user)) == []
    assert (await calendar.ask(WHO))["viewer"]["role"] == "OFFICE"
    assert codes(await office.owner.do("createPartnerKey", KEY, name="Late", scopes=["SCHEDULE_READ"])) == [
        ("NOT_ELIGIBLE", "ID-4")
    ]


async def test_each_key_has_a_budget_of_its_own(api: Api, office: Office) -> None:
    one, two = [machine(api, (await created(office.owner, "SCHEDULE_READ"))["secret"]) for _ in range(2)]
    spent = [(await person.send(WHO))["extensions"]["cost"]["remaining"] for person in (one, one, two)]
    assert spent[0] > spent[1]
    assert spent[2] == spent[0]


async def test_an_owner_whom_ops_removes_leaves_no_machine_behind(api: Api, office: Office) -> None:
    calendar = machine(api, (await created(office.owner, "SCHEDULE_READ"))["secret"])
    owner = (await office.owner.ask(WHO))["viewer"]["id"]
    removed = await api.do("removeOfficeUser", role="OPS", selection="__typename", membershipId=owner)
    assert codes(removed) == []
    assert await calendar.code(WHO) == "UNAUTHENTICATED"
