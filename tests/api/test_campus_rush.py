"""A campus behind one address at nine o'clock: everybody signs in at once, some mistype, and strangers make noise."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from models.accounts import passwords
from models.accounts.accounts import Account, Membership
from models.base.access import Role
from models.base.clock import real_now
from models.base.ids import new_id
from models.base.statements import execute, write
from settings import Settings
from tests.support.accounts import PASSWORD, REFRESH, SIGN_IN
from tests.support.api import Api, api_on
from tests.support.databases import own_database
from tests.support.world import school_of, student_of

CHEAP = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
AT_ONCE = 40
MISTYPES_EVERY = 20
NOT_THROTTLED_MIN = 0.99
DIRECTORY = '{ providers(filter: {state: "MA"}, first: 50) { nodes { id name openings(first: 40) { nodes { id } } } } }'


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def settings(postgres: str) -> AsyncIterator[Settings]:
    """A database of this module's own."""
    async with own_database(postgres, pool_size=20) as own:
        yield own


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(settings: Settings) -> AsyncIterator[Api]:
    """A client of a program on it, whose requests all come from one address."""
    async with api_on(settings) as client:
        yield client


@pytest.fixture(autouse=True)
def cheap_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash quickly: how long a hash takes is not what is tried here."""
    monkeypatch.setattr(passwords, "PASSWORDS", CHEAP)
    passwords.nobody.cache_clear()


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything happen within one minute of the budgets."""
    monkeypatch.setattr("operations.budgets.time.time", lambda: 1_800_000_000.0)


async def students(count: int, *, domain: str) -> list[str]:
    """So many students of one school with an account each; their addresses."""
    school, hash, at = await school_of(), CHEAP.hash(PASSWORD), real_now()
    emails = []
    for number in range(count):
        student = await student_of(school)
        email = f"student{number}@{domain}"
        account = Account(
            id=new_id(), email=email, name="Student", password_hash=hash, email_verified_at=at, created_at=at
        )
        membership = Membership(
            id=new_id(),
            account_id=account.id,
            role=Role.STUDENT,
            student_id=student.id,
            school_id=school.id,
            created_at=at,
        )
        await write(account, membership)
        emails.append(email)
    return emails


async def come(api: Api, email: str, *, mistypes: bool) -> str:
    """Sign in and stay signed in, perhaps after a wrong password; how it ended."""
    for password in ["a wrong password"] * mistypes + [PASSWORD]:
        answer = (await api.send(SIGN_IN, variables={"input": {"email": email, "password": password}})).json()
        if "errors" in answer:
            return str(answer["errors"][0]["extensions"]["code"])
    payload = answer["data"]["signIn"]
    if payload["userErrors"]:
        return str(payload["userErrors"][0]["code"])
    again = (await api.send(REFRESH, variables={"input": {"refreshToken": payload["refreshToken"]}})).json()
    if "errors" in again:
        return str(again["errors"][0]["extensions"]["code"])
    return "signed in" if again["data"]["refresh"]["accessToken"] else "not refreshed"


async def rush(api: Api, emails: list[str]) -> Counter[str]:
    """All of them, so many at a time."""
    ended: Counter[str] = Counter()
    for begin in range(0, len(emails), AT_ONCE):
        batch = enumerate(emails[begin : begin + AT_ONCE])
        ended.update(await asyncio.gather(*(come(api, email, mistypes=n % MISTYPES_EVERY == 0) for n, email in batch)))
    return ended


@pytest.mark.parametrize("count", [120, pytest.param(5_000, marks=pytest.mark.soak)])
async def test_a_campus_behind_one_address_signs_in_at_nine(api: Api, count: int) -> None:
    ended = await rush(api, await students(count, domain=f"campus{count}.test"))
    assert ended["signed in"] >= NOT_THROTTLED_MIN * count, ended


async def test_strangers_behind_the_same_address_keep_nobody_from_signing_in(api: Api, settings: Settings) -> None:
    await execute("DELETE FROM budgets")  # what the tests before have spent of this minute
    early, late = await students(2, domain="quiet.test")
    few = settings.model_copy(update={"cost_per_minute_anonymous": 400})
    async with api_on(few) as crowded:
        assert await come(crowded, early, mistypes=False) == "signed in"  # their documents are known from here on
        assert (await crowded.send("{ now }")).status_code == 200
        noise = [(await crowded.send(DIRECTORY)).json()["errors"][0]["extensions"]["code"] for _ in range(60)]
        assert noise[0] == "UNAUTHENTICATED"
        assert noise[-1] == "THROTTLED"
        garbage = [await crowded.send(REFRESH, variables={"input": {"refreshToken": "x"}}) for _ in range(60)]
        assert garbage[-1].status_code == 429
        signed_in = await crowded.send(SIGN_IN, variables={"input": {"email": late, "password": PASSWORD}})
        assert signed_in.json()["data"]["signIn"]["userErrors"] == []
        assert (await crowded.send("{ now }")).status_code == 200


async def test_what_is_refused_before_any_work_costs_what_refusing_costs(api: Api) -> None:
    answer = (await api.send(DIRECTORY)).json()
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert answer["extensions"]["cost"]["requested"] == 20
