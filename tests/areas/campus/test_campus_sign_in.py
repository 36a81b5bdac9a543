"""Campus sign-in against a stand-in for a school's provider: the code flow, and how it must fail (ID-1)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import pytest_asyncio
from joserfc.jwk import RSAKey

from integrations.campus import CampusError, is_sound_address
from integrations.fetching import Fetcher
from integrations.openid import Campuses
from models.accounts.accounts import Account, Session, token_hash
from models.accounts.agreements import Acceptance
from models.accounts.links import Purpose
from models.base import clock
from models.base.access import Role
from models.base.statements import execute, fetch
from models.campus import campus
from models.campus.campus import challenge_of
from models.records.retention import remove_old_of
from resolvers.campus.campus import is_sound_return
from tests.support.accounts import ERRORS, PASSWORD, SIGNED_IN, WHO, accepts, mailed_token, person, signed_up
from tests.support.api import Api, api_on
from tests.support.campus_stand_in import CLIENT_ID, CLIENT_SECRET, CampusStandIn, campus_stand_in
from tests.support.databases import own_database

RETURN_TO = "test.people.app:/signed-in"
EXCHANGE = f"mutation ($input: ExchangeCampusCodeInput!) {{ exchangeCampusCode(input: $input) {{ {SIGNED_IN} }} }}"
VERIFIER = "a-verifier-that-only-the-client-knows-0123456789"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of this module's own."""
    async with own_database(postgres, pool_size=20) as settings, api_on(settings) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def provider(api: Api) -> AsyncIterator[CampusStandIn]:
    """The stand-in, entered as the provider of the demo's school."""
    async with campus_stand_in() as stand_in:
        school = (await api.ask("{ viewer { school { id } } }", role="SCHOOL"))["viewer"]["school"]["id"]
        answer = await api.do(
            "setCampusIssuer", role="OPS", selection="campusIssuer { issuer clientId returnTo }", schoolId=school,
            issuer=stand_in.issuer, clientId=CLIENT_ID, clientSecret=CLIENT_SECRET, returnTo=[RETURN_TO],
        )  # fmt: skip
        assert answer["userErrors"] == []
        yield stand_in


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def honest(provider: CampusStandIn) -> AsyncIterator[None]:
    """The stand-in behaves, and signs in whoever comes as the demo's third student."""
    provider.signs_with = provider.key
    provider.claims = {}
    provider.person = {"sub": "priya-0001", "email": "Priya@demo.test", "email_verified": True}
    await execute("DELETE FROM throttles")
    yield


async def begun(api: Api, **changes: str) -> tuple[httpx2.Response, str]:
    """The first redirect, as a browser gets it that forgets all cookies; and the cookie."""
    found = (await api.ask('{ campuses(filter: {search: "lakeview"}) { name signInAddress } }'))["campuses"]
    assert [one["name"] for one in found] == ["Lakeview University"]
    asked = {"challenge": challenge_of(VERIFIER), "return_to": RETURN_TO, **changes}
    api.http.cookies.clear()
    answer = await api.http.get(urlsplit(found[0]["signInAddress"]).path, params=asked)
    cookie = answer.cookies.get("fc_campus") or ""
    api.http.cookies.clear()
    return answer, cookie


async def visited(answer: httpx2.Response) -> str:
    """What the provider sends the browser back with: the query of the callback."""
    async with httpx2.AsyncClient() as browser:
        back = await browser.get(answer.headers["location"])
    assert back.status_code == 302
    return urlsplit(back.headers["location"]).query


async def came_back(api: Api, query: str, cookie: str) -> httpx2.Response:
    """The second redirect, to the client."""
    answer = await api.http.get(f"/campus/callback?{query}", headers={"cookie": f"fc_campus={cookie}"})
    api.http.cookies.clear()
    return answer


def told(answer: httpx2.Response) -> dict[str, str]:
    """What the client is sent back with."""
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith(RETURN_TO + "?")
    assert answer.headers["cache-control"] == "no-store"
    return {name: values[0] for name, values in parse_qs(answer.headers["location"].partition("?")[2]).items()}


async def through(api: Api) -> dict[str, str]:
    """The whole way of a browser."""
    answer, cookie = await begun(api)
    return told(await came_back(api, await visited(answer), cookie))


async def exchanged(api: Api, code: str, **changes: Any) -> Any:
    """The answer to the exchange of a one-time code."""
    sent = {"code": code, "verifier": VERIFIER, "accepts": accepts(Role.STUDENT), "device": "Phone", **changes}
    return (await api.ask(EXCHANGE, input=sent))["exchangeCampusCode"]


def codes(answer: Any) -> list[tuple[str, str]]:
    """The codes and rules of an answer's user errors."""
    return [(error["code"], error["rule"]) for error in answer["userErrors"]]


DEAD = [("NOT_FOUND", "ID-3")]


async def test_a_student_signs_in_through_their_campus_and_has_an_account_by_it(api: Api) -> None:
    code = (await through(api))["code"]
    priya = person(api, "priya@demo.test", await exchanged(api, code))
    seen = await priya.ask("{ viewer { role account { email name emailVerifiedAt } student { name } } }")
    assert seen["viewer"].pop("account")["emailVerifiedAt"] is not None
    assert seen["viewer"] == {"role": "STUDENT", "student": {"name": "Priya Nair"}}
    account = await Account.get(email="priya@demo.test")
    assert account.password_hash is None
    assert await Acceptance.filter(account_id=account.id).count() == 2
    again = person(api, "priya@demo.test", await exchanged(api, (await through(api))["code"], accepts=[]))
    assert (await again.ask(WHO))["viewer"]["account"]["email"] == "priya@demo.test"
    assert await Account.filter(email="priya@demo.test").count() == 1


async def test_the_redirects_carry_pkce_state_and_nonce_and_never_a_token(api: Api) -> None:
    answer, cookie = await begun(api)
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["state"][0]) >= 40
    assert len(asked["nonce"][0]) >= 40
    assert asked["redirect_uri"][0].endswith("/campus/callback")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "samesite=lax" in answer.headers["set-cookie"].lower()
    location = (await came_back(api, await visited(answer), cookie)).headers["location"]
    assert "#" not in location
    assert "fc_access" not in location
    assert "fc_refresh" not in location


async def test_a_first_sign_in_accepts_the_agreements_and_the_code_is_not_used_up_by_asking(
    api: Api, provider: CampusStandIn
) -> None:
    provider.person = {"sub": "sam-0001", "email": "sam@demo.test", "email_verified": True}
    code = (await through(api))["code"]
    assert codes(await exchanged(api, code, accepts=[])) == [("INVALID", "PR-1")] * 2
    assert codes(await exchanged(api, code)) == []
    assert codes(await exchanged(api, code)) == DEAD


async def test_of_many_exchanges_of_one_code_at_once_exactly_one_succeeds(api: Api) -> None:
    code = (await through(api))["code"]
    answers = await asyncio.gather(*(exchanged(api, code) for _ in range(10)))
    assert sorted(codes(answer) for answer in answers) == [[]] + [DEAD] * 9


async def test_a_code_is_worth_nothing_without_the_verifier_of_who_began(api: Api) -> None:
    code = (await through(api))["code"]
    assert codes(await exchanged(api, code, verifier=secrets.token_urlsafe(32))) == DEAD
    assert codes(await exchanged(api, code)) == []


async def test_a_code_lasts_five_minutes(api: Api) -> None:
    code = (await through(api))["code"]
    await execute("UPDATE campus_attempts SET answered_at = answered_at - interval '5 minutes'")
    assert codes(await exchanged(api, code)) == DEAD


async def test_a_state_comes_back_once_and_to_the_browser_that_began(api: Api) -> None:
    answer, cookie = await begun(api)
    query = await visited(answer)
    for wrong in ("", "another"):
        assert (await came_back(api, query, wrong)).status_code == 400
    assert "code" in told(await came_back(api, query, cookie))
    assert (await came_back(api, query, cookie)).status_code == 400
    assert (await came_back(api, "code=x&state=invented", cookie)).status_code == 400


async def test_a_state_ends_after_ten_minutes(api: Api) -> None:
    answer, cookie = await begun(api)
    query = await visited(answer)
    await execute("UPDATE campus_attempts SET expires_at = created_at WHERE answered_at IS NULL")
    assert (await came_back(api, query, cookie)).status_code == 400


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "of another sign-in"},
        {"aud": "another-client"},
        {"aud": [CLIENT_ID, "another-client"]},
        {"iss": "https://idp.elsewhere.test"},
        {"exp": 1_000_000_000},
        {"sub": ""},
    ],
    ids=lambda claims: next(iter(claims)),
)
async def test_an_identity_token_that_is_not_for_this_sign_in_is_refused(
    api: Api, provider: CampusStandIn, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    assert await through(api) == {"error": "campus_failed"}


async def test_an_identity_token_with_another_signature_is_refused(api: Api, provider: CampusStandIn) -> None:
    provider.signs_with = RSAKey.generate_key(2048)
    assert await through(api) == {"error": "campus_failed"}


async def test_a_provider_that_sends_an_error_back_is_told_to_the_client(api: Api) -> None:
    answer, cookie = await begun(api)
    state = parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]
    back = await came_back(api, f"error=access_denied&state={state}", cookie)
    assert told(back) == {"error": "campus_failed"}


@pytest.mark.parametrize(
    "person",
    [
        {"sub": "x-1", "email": "nobody@demo.test", "email_verified": True},
        {"sub": "x-2", "email": "jordan@demo.test", "email_verified": False},
        {"sub": "x-3", "email": "jordan@demo.test", "email_verified": "true"},
        {"sub": "x-4"},
    ],
)
async def test_only_a_verified_address_that_the_school_has_entered_is_let_in(
    api: Api, provider: CampusStandIn, person: dict[str, Any]
) -> None:
    provider.person = person
    assert await through(api) == {"error": "not_a_student_here"}


async def test_after_a_change_of_address_the_campus_signs_in_who_has_it_now(api: Api, provider: CampusStandIn) -> None:
    entered = await api.do(
        "enterStudent", role="SCHOOL", selection="student { id }", name="Rui Costa", email="rui@demo.test",
        state="MA", timeZone="America/New_York",
    )  # fmt: skip
    student = entered["student"]["id"]
    rui = await signed_up(api, "rui@demo.test", role="STUDENT", studentId=student)
    await rui.do("requestEmailVerification", "account { id }", currentPassword=PASSWORD, email="rui.new@demo.test")
    token = await mailed_token("rui.new@demo.test", Purpose.EMAIL_VERIFICATION)
    await api.ask("mutation ($t: String!) { verifyEmail(input: {token: $t}) { userErrors { code } } }", t=token)
    second = {"name": "Rui Second", "email": "rui.new@demo.test", "state": "MA", "timeZone": "America/New_York"}
    refused = await api.do("enterStudent", role="SCHOOL", selection="student { id }", **second)
    assert [error["code"] for error in refused["userErrors"]] == ["CONFLICT"]
    provider.person = {"sub": "rui-0001", "email": "rui.new@demo.test", "email_verified": True}
    back = person(api, "rui.new@demo.test", await exchanged(api, (await through(api))["code"]))
    assert (await back.ask("{ viewer { student { id email } } }"))["viewer"]["student"] == {
        "id": student, "email": "rui.new@demo.test",
    }  # fmt: skip


async def test_a_campus_signs_nobody_in_who_cannot_be_the_student_and_ops_are_told(
    api: Api, provider: CampusStandIn
) -> None:
    email, school = (
        "tutor@demo.test",
        (await api.ask("{ viewer { school { id } } }", role="SCHOOL"))["viewer"]["school"],
    )
    staff = await signed_up(api, email, role="SCHOOL", schoolId=school["id"])
    entered = await api.do(
        "enterStudent", role="SCHOOL", selection="student { id }", name="Tutor", email=email, state="MA",
        timeZone="America/New_York",
    )  # fmt: skip
    student = entered["student"]["id"]
    given = await staff.do("grantCredits", "grant { id }", studentId=student, credits=2)
    assert given["userErrors"] == []
    provider.person = {"sub": "tutor-1", "email": email, "email_verified": True}
    assert await through(api) == {"error": "not_a_student_here"}
    conflicts = "{ personConflicts(filter: {open: true}) { nodes { why student { id } } } }"
    found = await api.ask(conflicts, role="OPS")
    assert found["personConflicts"]["nodes"] == [{"why": "BOTH_SIDES", "student": {"id": student}}]


async def test_another_person_of_the_campus_does_not_take_a_students_place(api: Api, provider: CampusStandIn) -> None:
    assert "code" in await through(api)
    provider.person["sub"] = "somebody-else"
    assert await through(api) == {"error": "not_a_student_here"}


async def test_a_campus_session_acts_for_its_student_and_for_nothing_else_of_the_account(api: Api) -> None:
    priya = person(api, "priya@demo.test", await exchanged(api, (await through(api))["code"]))
    session = await Session.get(access_hash=token_hash(priya.access))
    await execute(
        "INSERT INTO memberships (id, account_id, role, created_at) VALUES (gen_random_uuid(), $1, 'OPS', now())",
        session.account_id,
    )
    held = (await priya.ask("{ viewer { account { memberships { id role } } } }"))["viewer"]["account"]["memberships"]
    other = next(one["id"] for one in held if one["role"] == "OPS")
    assert codes(await priya.do("actAs", "accessToken", membershipId=other)) == [("INVALID_CREDENTIALS", "ID-2")]


@pytest.mark.parametrize(
    "changes",
    [{"return_to": "https://elsewhere.test/"}, {"return_to": RETURN_TO + "/more"}, {"challenge": "short"}],
)
async def test_a_sign_in_begins_only_for_addresses_that_were_entered(api: Api, changes: dict[str, str]) -> None:
    assert (await begun(api, **changes))[0].status_code == 404


@pytest.mark.parametrize("school", ["sch_01h455vb4pex5vsknk084sn02q", "nonsense", "stu_01h455vb4pex5vsknk084sn02q"])
async def test_an_unknown_school_has_no_campus(api: Api, school: str) -> None:
    answer = await api.http.get(f"/campus/{school}/sign-in", params={"challenge": challenge_of(VERIFIER)})
    assert answer.status_code == 404


async def test_secrets_are_sealed_and_codes_kept_as_hashes(api: Api) -> None:
    code = (await through(api))["code"]
    rows = await fetch("SELECT row_to_json(c)::text AS row FROM campus_issuers c")
    rows += await fetch("SELECT row_to_json(a)::text AS row FROM campus_attempts a")
    assert not any(secret in row.row for row in rows for secret in (code, CLIENT_SECRET))


async def test_yesterdays_attempts_are_forgotten(api: Api) -> None:
    await begun(api)
    await remove_old_of(campus.CampusAttempt, at=await clock.demo_now() + timedelta(days=2))
    assert await fetch("SELECT 1 AS one FROM campus_attempts") == []


async def test_a_closed_campus_signs_nobody_in(api: Api, provider: CampusStandIn) -> None:
    answer, cookie = await begun(api)
    query = await visited(answer)
    issuer = await campus.CampusIssuer.get(issuer=provider.issuer)
    await api.do("disableCampusIssuer", role="OPS", selection="campusIssuer { id }", campusIssuerId=issuer.type_id)
    assert (await came_back(api, query, cookie)).status_code == 400
    assert (await api.ask('{ campuses(filter: {search: "lakeview"}) { name } }'))["campuses"] == []
    await execute("UPDATE campus_issuers SET disabled_at = NULL")


async def test_an_issuer_is_reached_over_https_and_clients_are_sent_back_to_sound_addresses(api: Api) -> None:
    query = f"mutation ($input: SetCampusIssuerInput!) {{ setCampusIssuer(input: $input) {{ {ERRORS} }} }}"
    school = (await api.ask("{ viewer { school { id } } }", role="SCHOOL"))["viewer"]["school"]["id"]
    sent = {"schoolId": school, "issuer": "http://idp.test", "clientId": "x", "clientSecret": "y",
            "returnTo": ["javascript:alert(1)"]}  # fmt: skip
    answer = (await api.ask(query, role="OPS", input=sent))["setCampusIssuer"]
    assert [error["field"] for error in answer["userErrors"]] == [["input", "issuer"], ["input", "returnTo"]]
    for addresses in ([], ["test.people.app:/in"] * 11):
        few = {**sent, "issuer": "https://idp.test", "returnTo": addresses}
        answer = (await api.ask(query, role="OPS", input=few))["setCampusIssuer"]
        assert [(error["code"], error["field"]) for error in answer["userErrors"]] == [
            ("OUT_OF_BOUNDS", ["input", "returnTo"])
        ]
    assert is_sound_address("https://idp.test", loopback=False)
    assert is_sound_address("http://127.0.0.1:9000", loopback=True)
    assert not is_sound_address("http://127.0.0.1:9000", loopback=False)
    for address in ("ftp://idp.test", "https://", "https://user@idp.test", "https://idp.test/#x", "http://[::1"):
        assert not is_sound_address(address, loopback=True)
    assert is_sound_return("test.people.app:/in", loopback=False)
    assert not is_sound_return("data:text/html,x", loopback=True)


async def test_a_provider_that_does_not_answer_or_is_somebody_else_is_not_trusted(provider: CampusStandIn) -> None:
    campuses = Campuses(loopback=True)
    with pytest.raises(CampusError):
        await campuses.metadata("http://127.0.0.1:1")
    with pytest.raises(CampusError, match="somebody else"):
        await campuses.metadata(provider.issuer + "/")
    with pytest.raises(CampusError, match="no sound"):
        await Campuses(loopback=False, fetcher=Fetcher(loopback=True)).metadata(provider.issuer)
    with pytest.raises(CampusError, match="UNSOUND"):
        await Campuses(loopback=False).metadata(provider.issuer)
    with pytest.raises(CampusError, match="NOT_PUBLIC"):
        await Campuses(loopback=False).metadata("https://127.0.0.1:8443")
    assert (await campuses.metadata(provider.issuer))["issuer"] == provider.issuer
