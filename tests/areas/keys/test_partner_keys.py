"""Partner keys: made by a school or OPS, shown once, scoped, expiring, rotated with an overlap, revoked (ID-5)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio

from models.accounts.accounts import token_hash
from models.base import clock
from models.base.events import Event
from models.base.statements import execute, fetch
from models.keys import partner_keys
from models.keys.partner_keys import PartnerKey
from tests.support.accounts import WHO, Person
from tests.support.api import Api, api_on
from tests.support.databases import own_database

KEY = "partnerKey { id name expiresAt revokedAt school { name } } secret"
REVOKED = "partnerKey { id revokedAt }"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of this module's own."""
    async with own_database(postgres) as settings, api_on(settings) as client:
        yield client


async def created(api: Api, *, role: str = "SCHOOL", **fields: Any) -> Any:
    """The payload of a new key."""
    answer = await api.do("createPartnerKey", role=role, selection=KEY, name="Portal", **fields)
    assert answer["userErrors"] == []
    return answer


def machine(api: Api, secret: str) -> Person:
    """The machine that holds a key."""
    return Person(api=api, email="", access=secret, refresh="")


def codes(answer: Any) -> list[tuple[str, str]]:
    """The codes and rules of an answer's user errors."""
    return [(error["code"], error["rule"]) for error in answer["userErrors"]]


async def test_a_key_acts_as_partner_within_its_school(api: Api) -> None:
    made = await created(api)
    assert made["secret"].startswith("fc_partner_")
    portal = machine(api, made["secret"])
    asked = "{ viewer { role account { name } school { name } } students(first: 50) { totalCount } }"
    assert await portal.ask(asked) == {
        "viewer": {"role": "PARTNER", "account": None, "school": {"name": "Lakeview University"}},
        "students": {"totalCount": 4},
    }
    assert await portal.code("{ ledgerProof { agrees } }") == "FORBIDDEN"
    assert await portal.code("{ signInSessions(first: 1) { nodes { id } } }") == "FORBIDDEN"


async def test_a_key_sees_nothing_of_another_school(api: Api) -> None:
    elm = await api.do("openSchool", role="OPS", selection="school { id }", name="Elm", timeZone="America/New_York")
    made = await created(api, role="OPS", schoolId=elm["school"]["id"])
    assert made["partnerKey"]["school"] == {"name": "Elm"}
    assert (await machine(api, made["secret"]).ask("{ students(first: 5) { totalCount } }")) == {
        "students": {"totalCount": 0}
    }
    refused = await api.do("createPartnerKey", role="SCHOOL", selection=KEY, name="Sly", schoolId=elm["school"]["id"])
    assert [error["code"] for error in refused["userErrors"]] == ["NOT_FOUND"]
    other = await api.do("revokePartnerKey", role="SCHOOL", selection=REVOKED, partnerKeyId=made["partnerKey"]["id"])
    assert [error["code"] for error in other["userErrors"]] == ["NOT_FOUND"]


async def test_a_key_is_shown_once_and_kept_as_its_hash_alone(api: Api) -> None:
    made = await created(api)
    rows = await fetch("SELECT row_to_json(k)::text AS row FROM partner_keys k")
    assert rows
    assert not any(made["secret"] in row.row for row in rows)
    told = await fetch("SELECT data::text AS data FROM events WHERE subject_type = 'key'")
    assert told
    assert not any(made["secret"] in row.data for row in told)
    assert await PartnerKey.filter(key_hash=token_hash(made["secret"])).exists()


async def test_both_keys_work_for_the_overlap_and_then_the_new_one_alone(api: Api) -> None:
    made = await created(api)
    id = made["partnerKey"]["id"]
    following = await api.do("rotatePartnerKey", role="SCHOOL", selection=KEY, partnerKeyId=id, overlapHours=2)
    assert following["userErrors"] == []
    for secret in (made["secret"], following["secret"]):
        assert (await machine(api, secret).ask(WHO))["viewer"]["role"] == "PARTNER"
    await api.do("moveClock", role="OPS", selection="now", hours=2)
    api.tokens.clear()
    assert await machine(api, made["secret"]).code(WHO) == "UNAUTHENTICATED"
    assert (await machine(api, following["secret"]).ask(WHO))["viewer"]["role"] == "PARTNER"


async def test_a_key_is_rotated_once(api: Api) -> None:
    id = (await created(api))["partnerKey"]["id"]
    rotation = {"role": "SCHOOL", "selection": "secret", "partnerKeyId": id}
    assert codes(await api.do("rotatePartnerKey", **rotation)) == []
    again = await api.do("rotatePartnerKey", **rotation)
    assert again["secret"] is None
    assert codes(again) == [("CONFLICT", "ID-5")]


async def test_a_revoked_key_ends_at_once(api: Api) -> None:
    made = await created(api)
    id = made["partnerKey"]["id"]
    answer = await api.do("revokePartnerKey", role="SCHOOL", selection=REVOKED, partnerKeyId=id)
    assert answer["partnerKey"]["revokedAt"] is not None
    (told,) = (await machine(api, made["secret"]).send(WHO))["errors"]
    assert (told["extensions"]["code"], told["extensions"]["rule"]) == ("UNAUTHENTICATED", "ID-5")
    assert "session" not in told["message"], "a machine has none"
    again = await api.do("revokePartnerKey", role="SCHOOL", selection=REVOKED, partnerKeyId=id)
    assert codes(again) == [("NOT_OPEN", "ID-5")]
    assert await Event.filter(verb="partner_key.revoked").count() == 1


async def test_a_key_expires_within_a_year(api: Api) -> None:
    for days in (0, 367, -1):
        answer = await api.do("createPartnerKey", role="SCHOOL", selection=KEY, name="Portal", days=days)
        assert codes(answer) == [("OUT_OF_BOUNDS", "ID-5")]
    made = await created(api, days=1)
    ends = datetime.fromisoformat(made["partnerKey"]["expiresAt"])
    assert await partner_keys.viewer_of(made["secret"], at=ends) is None


@pytest.mark.parametrize("role", ["STUDENT", "PROVIDER", "FINANCE"])
async def test_keys_are_for_schools_and_ops(api: Api, role: str) -> None:
    errors = await api.fail("{ partnerKeys(first: 1) { nodes { id } } }", role=role)
    assert [error["extensions"]["code"] for error in errors] == ["FORBIDDEN"]


async def test_a_machines_changes_carry_the_key_in_their_history(api: Api) -> None:
    made = await created(api)
    viewer = await partner_keys.viewer_of(made["secret"], at=await clock.demo_now())
    assert viewer is not None
    assert viewer.account_id == (await PartnerKey.get(key_hash=token_hash(made["secret"]))).id
    assert viewer.membership_id is None


async def test_the_database_lets_no_key_last_longer_than_a_year(api: Api) -> None:
    with pytest.raises(Exception, match="partner_keys_expire"):
        await execute("UPDATE partner_keys SET expires_at = created_at + interval '3 years'")
