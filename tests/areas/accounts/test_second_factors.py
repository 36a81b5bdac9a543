"""Second factors: compulsory for OPS and FINANCE before anything else works, codes that are taken once (ID-1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pyotp
import pytest
import pytest_asyncio

from models.accounts import second_factors
from models.accounts.accounts import Account
from models.accounts.second_factors import STEP_SECONDS, SecondFactor
from models.base import clock
from models.base.encryption import seal
from models.base.errors import Refusal
from models.base.events import Event
from models.base.statements import execute, fetch
from settings import Settings
from tests.support.accounts import PASSWORD, SIGN_IN, WHO, Person, person, signed_in, signed_up
from tests.support.api import Api, api_on
from tests.support.databases import own_database

STATUS = "{ secondFactor { isRequired isConfirmed recoveryCodesLeft } }"
ENROL = "mutation { enrolSecondFactor { secret address userErrors { code } } }"
NUMBER = iter(range(1, 1000))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own(postgres: str) -> AsyncIterator[Settings]:
    """A database of this module's own."""
    async with own_database(postgres) as settings:
        yield settings


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def relaxed(own: Settings) -> AsyncIterator[Api]:
    """A demo server: one click signs OPS in."""
    async with api_on(own) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def strict(own: Settings, relaxed: Api) -> AsyncIterator[Api]:
    """The same, held to the rule as production is."""
    async with api_on(own.model_copy(update={"second_factor_required": True})) as client:
        yield client


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def nothing_counted(own: Settings) -> AsyncIterator[None]:
    """No tries of the tests before."""
    await execute("DELETE FROM throttles")
    yield


async def newcomer(relaxed: Api, strict: Api, role: str = "OPS") -> Person:
    """Somebody new of this role, who now asks the strict server."""
    robin = await signed_up(relaxed, f"robin{next(NUMBER)}@people.test", role=role)
    return Person(api=strict, email=robin.email, access=robin.access, refresh=robin.refresh)


def code_of(secret: str, steps: int = 0) -> str:
    """The code that the authenticator shows, some steps from now: it knows of real time alone."""
    return pyotp.TOTP(secret).at(clock.real_now() + timedelta(seconds=steps * STEP_SECONDS))


async def enrolled(who: Person) -> tuple[str, list[str]]:
    """The secret and the recovery codes of somebody who has enrolled an authenticator."""
    secret = (await who.ask(ENROL))["enrolSecondFactor"]["secret"]
    answer = await who.do("confirmSecondFactor", "recoveryCodes", oneTimeCode=code_of(secret))
    assert answer["userErrors"] == []
    return secret, answer["recoveryCodes"]


async def tried(api: Api, email: str, **more: Any) -> Any:
    """The answer to a try to sign in with the right password."""
    return (await api.ask(SIGN_IN, input={"email": email, "password": PASSWORD, **more}))["signIn"]


def codes(answer: Any) -> list[tuple[str, str | None]]:
    """The codes and rules of an answer's user errors."""
    return [(error["code"], error["rule"]) for error in answer["userErrors"]]


EVERYTHING_ELSE = (
    "{ ledgerProof { agrees } }",
    "{ claims(first: 1) { nodes { id } } }",
    "{ signInSessions(first: 1) { nodes { id } } }",
    '{ node(id: "acc_01h455vb4pex5vsknk084sn02q") { id } }',
    "mutation { signOutEverywhere { sessionsEnded } }",
    'mutation { openSchool(input: {name: "Sly", timeZone: "UTC"}) { school { id } } }',
)


@pytest.mark.parametrize("role", ["OPS", "FINANCE"])
async def test_without_a_second_factor_only_its_enrolment_is_open(relaxed: Api, strict: Api, role: str) -> None:
    robin = await newcomer(relaxed, strict, role)
    for query in EVERYTHING_ELSE:
        assert await robin.code(query) == "SECOND_FACTOR_REQUIRED"
    assert (await robin.ask(WHO))["viewer"]["role"] == role
    status = {"isRequired": True, "isConfirmed": False, "recoveryCodesLeft": 0}
    assert (await robin.ask(STATUS))["secondFactor"] == status
    await enrolled(robin)
    assert (await robin.ask(STATUS))["secondFactor"] == {**status, "isConfirmed": True, "recoveryCodesLeft": 10}
    assert (await robin.ask("{ signInSessions(first: 1) { totalCount } }"))["signInSessions"]["totalCount"] == 1


async def test_a_demo_server_asks_its_staff_for_nothing(relaxed: Api) -> None:
    assert (await relaxed.ask("{ ledgerProof { agrees } }", role="OPS"))["ledgerProof"]["agrees"]


async def test_whoever_still_has_to_enrol_sees_nobody_elses_rows_below_viewer(relaxed: Api, strict: Api) -> None:
    robin = await newcomer(relaxed, strict)
    await execute(
        "INSERT INTO memberships (id, account_id, role, provider_id, created_at) SELECT gen_random_uuid(), a.id,"
        " 'PROVIDER', p.id, now() FROM accounts a, providers p WHERE a.email = $1 LIMIT 1", robin.email
    )  # fmt: skip
    asked = "{ viewer { account { email memberships { role provider { name licenses { number } } } } } }"
    seen = (await robin.ask(asked))["viewer"]["account"]
    assert seen["email"] == robin.email
    assert [one["provider"] for one in seen["memberships"]] == [None, None]


async def test_a_sign_in_and_what_follows_it_in_one_document_are_held_to_it(relaxed: Api, strict: Api) -> None:
    robin = await newcomer(relaxed, strict)
    query = (
        "mutation ($input: SignInInput!) { signIn(input: $input) { viewer { role } userErrors { code } }"
        ' openSchool(input: {name: "Sly", timeZone: "UTC"}) { school { id } } }'
    )
    answer = (await strict.send(query, variables={"input": {"email": robin.email, "password": PASSWORD}})).json()
    assert answer["data"]["signIn"]["viewer"] == {"role": "OPS"}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["SECOND_FACTOR_REQUIRED"]


async def test_an_enrolled_account_signs_in_with_its_code(relaxed: Api, strict: Api) -> None:
    robin = await newcomer(relaxed, strict)
    secret, _ = await enrolled(robin)
    assert codes(await tried(strict, robin.email)) == [("SECOND_FACTOR_REQUIRED", "ID-1")]
    assert codes(await tried(strict, robin.email, oneTimeCode="000000")) == [("INVALID_CREDENTIALS", "ID-1")]
    again = person(strict, robin.email, await tried(strict, robin.email, oneTimeCode=code_of(secret, 1)))
    assert (await again.ask("{ ledgerProof { agrees } }"))["ledgerProof"]["agrees"]


async def test_a_wrong_password_is_answered_alike_whether_there_is_a_second_factor_or_not(
    relaxed: Api, strict: Api
) -> None:
    robin = await newcomer(relaxed, strict)
    await enrolled(robin)
    wrong = {"password": "wrong horse battery"}
    known = await tried(strict, robin.email, **wrong)
    assert known == await tried(strict, "nobody@people.test", **wrong)
    assert known == await tried(strict, robin.email, oneTimeCode="123456", **wrong)


async def test_a_code_is_taken_once(relaxed: Api, strict: Api) -> None:
    robin = await newcomer(relaxed, strict)
    secret, _ = await enrolled(robin)
    code = code_of(secret, 1)
    answers = await asyncio.gather(*(tried(strict, robin.email, oneTimeCode=code) for _ in range(4)))
    assert sorted(map(codes, answers)) == [[]] + [[("INVALID_CREDENTIALS", "ID-1")]] * 3


async def test_a_code_is_right_for_its_step_and_one_on_either_side(own: Settings) -> None:
    secret = pyotp.random_base32()
    account = Account(email="steps@people.test", name="Steps", created_at=datetime.now().astimezone())
    factor = SecondFactor(account_id=account.id, created_at=account.created_at, sealed_secret="")
    factor.sealed_secret = seal(secret, second_factors.SECRET, factor.id)
    at = datetime.fromisoformat("2026-03-02T15:00:00Z")
    now = int(at.timestamp()) // STEP_SECONDS
    for steps in (-1, 0, 1):
        code = pyotp.TOTP(secret).at(at + timedelta(seconds=steps * STEP_SECONDS))
        assert second_factors.step_of(factor, f"{code[:3]} {code[3:]}", at=at) == now + steps
    for wrong in (pyotp.TOTP(secret).at(at - timedelta(seconds=61)), "", "1234567", "١٢٣٤٥٦", "abcdef"):
        with pytest.raises(Refusal):
            second_factors.step_of(factor, wrong, at=at)


async def test_an_authenticator_goes_by_real_time_however_far_the_demo_clock_was_moved(committed: Settings) -> None:
    async with api_on(committed) as api:
        await moved(api)
        robin = await signed_up(api, "robin@people.test")
        secret, _ = await enrolled(robin)
        ahead = pyotp.TOTP(secret).at(await clock.demo_now())
        assert codes(await tried(api, robin.email, oneTimeCode=ahead)) == [("INVALID_CREDENTIALS", "ID-1")]
        code = code_of(secret, 1)
        assert codes(await tried(api, robin.email, oneTimeCode=code)) == []
        await moved(api)
        assert codes(await tried(api, robin.email, oneTimeCode=code)) == [("INVALID_CREDENTIALS", "ID-1")]


async def moved(api: Api) -> None:
    """Move the server's clock forward by a number of hours that no window of time is a part of."""
    assert (await api.do("moveClock", role="OPS", selection="now", hours=1_001))["userErrors"] == []
    api.tokens.clear()  # they have ended with it


async def test_each_recovery_code_stands_for_the_authenticator_once(relaxed: Api, strict: Api) -> None:
    robin = await newcomer(relaxed, strict)
    _, recovery = await enrolled(robin)
    assert len(set(recovery)) == 10
    answers = await asyncio.gather(
        *(tried(strict, robin.email, oneTimeCode=recovery[0].lower().replace("-", " ")) for _ in range(4))
    )
    assert sum(codes(answer) == [] for answer in answers) == 1
    assert codes(await tried(strict, robin.email, oneTimeCode=recovery[1])) == []
    kept = await fetch("SELECT code_hash FROM recovery_codes")
    assert all(len(row.code_hash) == 32 for row in kept)


async def test_new_recovery_codes_take_the_place_of_the_old_ones(relaxed: Api, strict: Api) -> None:
    robin = await newcomer(relaxed, strict)
    secret, before = await enrolled(robin)
    answer = await robin.do("renewRecoveryCodes", "recoveryCodes", oneTimeCode=code_of(secret, 1))
    assert not set(answer["recoveryCodes"]) & set(before)
    assert codes(await tried(strict, robin.email, oneTimeCode=before[0])) == [("INVALID_CREDENTIALS", "ID-1")]


async def test_confirming_a_second_factor_ends_the_other_sessions(relaxed: Api, strict: Api) -> None:
    robin = await newcomer(relaxed, strict)
    other = await signed_in(strict, robin.email)
    await enrolled(robin)
    assert await other.code(WHO) == "UNAUTHENTICATED"
    assert (await robin.ask(WHO))["viewer"] is not None


async def test_whoever_removes_their_second_factor_has_to_enrol_another(relaxed: Api, strict: Api) -> None:
    robin = await newcomer(relaxed, strict)
    secret, recovery = await enrolled(robin)
    assert (await robin.ask(ENROL))["enrolSecondFactor"]["userErrors"] == [{"code": "NOT_OPEN"}]
    assert codes(await robin.do("removeSecondFactor", "removed", oneTimeCode="000000")) == [
        ("INVALID_CREDENTIALS", "ID-1")
    ]
    assert (await robin.do("removeSecondFactor", "removed", oneTimeCode=recovery[0]))["removed"]
    assert await robin.code("{ ledgerProof { agrees } }") == "SECOND_FACTOR_REQUIRED"
    assert (await enrolled(robin))[0] != secret


async def test_ops_resets_a_lost_second_factor_of_somebody_else_and_never_their_own(relaxed: Api, strict: Api) -> None:
    robin = await newcomer(relaxed, strict, "FINANCE")
    await enrolled(robin)
    id = (await robin.ask("{ viewer { account { id } } }"))["viewer"]["account"]["id"]
    answer = await relaxed.do("resetSecondFactor", role="OPS", selection="account { id }", accountId=id)
    assert answer["userErrors"] == []
    assert codes(await tried(strict, robin.email)) == []
    assert await Event.filter(verb="account.second_factor_removed").count() >= 1
    own_id = (await relaxed.ask("{ viewer { account { id } } }", role="OPS"))["viewer"]["account"]["id"]
    refused = await relaxed.do("resetSecondFactor", role="OPS", selection="account { id }", accountId=own_id)
    assert codes(refused) == [("NOT_ELIGIBLE", "ID-1")]


async def test_wrong_codes_are_throttled(relaxed: Api, strict: Api) -> None:
    robin = await newcomer(relaxed, strict)
    await robin.ask(ENROL)
    told = [codes(await robin.do("confirmSecondFactor", "recoveryCodes", oneTimeCode="000000")) for _ in range(6)]
    assert told == [[("INVALID_CREDENTIALS", "ID-1")]] * 5 + [[("THROTTLED", "ID-3")]]


async def test_the_secret_is_sealed(relaxed: Api, strict: Api) -> None:
    robin = await newcomer(relaxed, strict)
    secret, _ = await enrolled(robin)
    rows = await fetch("SELECT sealed_secret FROM second_factors")
    assert rows
    assert not any(secret in row.sealed_secret for row in rows)
