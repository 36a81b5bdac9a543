"""Throttling of sign-in, sign-up and reset: counted together, telling nothing, and locking nobody out (ID-3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from app import create_app
from models.accounts import passwords
from models.base import throttling
from models.base.statements import execute, fetch
from models.base.throttling import BY_ADDRESS, BY_CODE, BY_PAIR, BY_SOURCE, Limit, give_back, source_of, take
from models.records.retention import remove_old_of
from settings import Settings
from tests.support.accounts import PASSWORD, SIGN_IN, SIGN_UP, signed_up
from tests.support.api import Api, api_on
from tests.support.databases import own_database, statements_sent

AT = datetime(2026, 3, 2, 15, tzinfo=UTC)
LIMIT = Limit(name="test", free=3, first=timedelta(seconds=2), most=timedelta(seconds=16), window=timedelta(hours=1))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def settings(postgres: str) -> AsyncIterator[Settings]:
    """A database of this module's own."""
    async with own_database(postgres, pool_size=20) as own:
        yield own


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(settings: Settings) -> AsyncIterator[Api]:
    """A client of a program on it."""
    async with api_on(settings) as client:
        yield client


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def nothing_counted(settings: Settings) -> AsyncIterator[None]:
    """No tries of the tests before."""
    await execute("DELETE FROM throttles")
    yield


def from_source(settings: Settings, ip: str) -> Api:
    """A client that comes from this address of the network."""
    transport = httpx2.ASGITransport(app=create_app(settings), client=(ip, 40000))
    return Api(http=httpx2.AsyncClient(transport=transport, base_url="http://testserver"))


async def tried(api: Api, email: str, password: str = "wrong horse battery") -> Any:
    """The answer to a try to sign in."""
    return (await api.ask(SIGN_IN, input={"email": email, "password": password}))["signIn"]


def code_of(answer: Any) -> str:
    """The code of the one user error, or nothing."""
    return ",".join(error["code"] for error in answer["userErrors"])


async def test_the_wait_doubles_up_to_its_most_and_a_quiet_window_begins_anew(settings: Settings) -> None:
    waits = []
    at = AT
    for _ in range(8):
        assert await take(LIMIT, "x", at=at)
        blocked = (await fetch("SELECT blocked_until FROM throttles"))[0].blocked_until
        waits.append((blocked - at).total_seconds() if blocked else 0)
        if blocked:
            assert not await take(LIMIT, "x", at=blocked - timedelta(microseconds=1))
            at = blocked
    assert waits == [0, 0, 2, 4, 8, 16, 16, 16]
    assert await take(LIMIT, "x", at=AT + LIMIT.window)
    assert (await fetch("SELECT tries FROM throttles"))[0].tries == 1


async def test_no_more_than_the_free_tries_pass_at_the_same_instant(settings: Settings) -> None:
    passed = await asyncio.gather(*(take(LIMIT, "many", at=AT) for _ in range(40)))
    assert sum(passed) == LIMIT.free


async def test_a_try_that_is_given_back_leaves_the_wait_of_others(settings: Settings) -> None:
    for _ in range(LIMIT.free):
        assert await take(LIMIT, "y", at=AT)
    await give_back(LIMIT, "y")
    assert not await take(LIMIT, "y", at=AT)


async def test_what_no_longer_matters_is_forgotten_and_nothing_else(settings: Settings) -> None:
    await take(LIMIT, "y", at=AT)
    await remove_old_of(throttling.Throttle, at=AT + LIMIT.window)
    assert len(await fetch("SELECT 1 AS one FROM throttles")) == 1
    await remove_old_of(throttling.Throttle, at=AT + LIMIT.window + LIMIT.most)
    assert await fetch("SELECT 1 AS one FROM throttles") == []


def test_a_source_is_an_address_of_the_fourth_version_or_a_subnet_of_the_sixth() -> None:
    assert source_of("192.0.2.7") == source_of("::ffff:192.0.2.7") == "192.0.2.7"
    assert source_of("2001:db8::1") == source_of("2001:db8:0:0:ffff::9") != source_of("2001:db8:0:1::1")
    assert source_of("testclient") == "testclient"


@pytest.mark.parametrize("email", ["student@demo.test", "nobody@demo.test"])
async def test_tries_are_throttled_alike_whether_there_is_an_account_or_not(api: Api, email: str) -> None:
    answers = [await tried(api, email if turn % 2 else email.upper()) for turn in range(BY_PAIR.free + 2)]
    told = [code_of(answer) for answer in answers]
    assert told == ["INVALID_CREDENTIALS"] * BY_PAIR.free + ["THROTTLED"] * 2
    assert answers[-1]["userErrors"][0] == {
        "code": "THROTTLED",
        "message": throttling.TOO_MANY.message,
        "field": [],
        "rule": "ID-3",
        "fix": "Try again later.",
    }


async def test_the_right_password_is_throttled_too_and_then_begins_anew(api: Api) -> None:
    robin = await signed_up(api, "robin@people.test")
    for _ in range(BY_PAIR.free):
        await tried(api, robin.email)
    assert code_of(await tried(api, robin.email, PASSWORD)) == "THROTTLED"
    await execute("UPDATE throttles SET blocked_until = NULL")
    assert code_of(await tried(api, robin.email, PASSWORD)) == ""
    assert [code_of(await tried(api, robin.email)) for _ in range(2)] == ["INVALID_CREDENTIALS"] * 2


async def test_two_processes_count_together(settings: Settings, api: Api) -> None:
    other = Api(http=httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=create_app(settings)), base_url="http://testserver"
    ))  # fmt: skip
    for turn in range(BY_PAIR.free):
        await tried(api if turn % 2 else other, "nobody@demo.test")
    assert code_of(await tried(other, "nobody@demo.test")) == "THROTTLED"
    assert code_of(await tried(api, "nobody@demo.test")) == "THROTTLED"


async def test_a_stranger_elsewhere_locks_nobody_out(settings: Settings, api: Api) -> None:
    stranger = from_source(settings, "203.0.113.9")
    owner = await signed_up(api, "owner@people.test")
    assert code_of(await tried(api, owner.email, PASSWORD)) == ""
    for _ in range(BY_PAIR.free + 3):
        await tried(stranger, owner.email)
    assert code_of(await tried(stranger, owner.email, PASSWORD)) == "THROTTLED"
    assert code_of(await tried(api, owner.email, PASSWORD)) == ""


async def test_many_sources_reach_the_cap_of_an_address_and_its_owners_familiar_source_does_not(
    settings: Settings, api: Api
) -> None:
    owner = await signed_up(api, "target@people.test")
    assert code_of(await tried(api, owner.email, PASSWORD)) == ""
    at = await api_time(api)
    for _ in range(BY_ADDRESS.free):
        await take(BY_ADDRESS, owner.email, at=at)
    assert code_of(await tried(from_source(settings, "203.0.113.77"), owner.email, PASSWORD)) == "THROTTLED"
    assert code_of(await tried(api, owner.email, PASSWORD)) == ""
    assert code_of(await tried(from_source(settings, "203.0.113.77"), "unknown@people.test")) == "INVALID_CREDENTIALS"


async def test_one_source_that_tries_many_addresses_is_stopped(settings: Settings, api: Api) -> None:
    at = await api_time(api)
    for _ in range(BY_SOURCE.free):
        await take(BY_SOURCE, "198.51.100.5", at=at)
    assert code_of(await tried(from_source(settings, "198.51.100.5"), "somebody@people.test")) == "THROTTLED"


async def test_links_are_not_guessed_without_end(settings: Settings, api: Api) -> None:
    source = from_source(settings, "198.51.100.6")
    at = await api_time(api)
    for _ in range(BY_SOURCE.free - 1):
        await take(BY_SOURCE, "198.51.100.6", at=at)
    sent = {"token": "fc_link_guess", "password": PASSWORD, "accepts": []}
    answers = [(await source.ask(SIGN_UP, input=sent))["signUp"] for _ in range(2)]
    assert [code_of(answer) for answer in answers] == ["NOT_FOUND", "THROTTLED"]


async def test_the_table_holds_no_address(api: Api) -> None:
    await tried(api, "nobody@demo.test")
    rows = await fetch("SELECT * FROM throttles")
    assert rows
    assert not any("demo.test" in str(value) or "127.0.0.1" in str(value) for row in rows for value in row)


async def test_an_unknown_address_costs_the_same_work_as_a_known_one(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await signed_up(api, "clock@people.test")
    weighed: list[str] = []

    class Weighed:
        """Notes the parameters of each hash that a password is compared with: they are what takes the time."""

        def verify_and_update(self, password: str, hash: str) -> tuple[bool, str | None]:
            weighed.append(hash.rpartition("$")[0].rpartition("$")[0])
            return passwords_of_the_program.verify_and_update(password, hash)

    passwords_of_the_program = passwords.PASSWORDS
    passwords.nobody()
    monkeypatch.setattr(passwords, "PASSWORDS", Weighed())
    work = []
    for email in ("clock@people.test", "nobody@people.test"):
        await execute("DELETE FROM throttles")
        async with statements_sent() as sent:
            assert code_of(await tried(api, email)) == "INVALID_CREDENTIALS"
        work.append((sent, weighed.pop()))
    assert work[0] == work[1]
    assert len(work[0][0]) > 1
    assert weighed == []


async def test_a_code_is_throttled_by_its_account(settings: Settings) -> None:
    at = AT
    for _ in range(BY_CODE.free):
        assert await take(BY_CODE, "account", at=at)
    assert not await take(BY_CODE, "account", at=at)


async def api_time(api: Api) -> datetime:
    """The server's time."""
    return datetime.fromisoformat((await api.ask("{ now }"))["now"])
