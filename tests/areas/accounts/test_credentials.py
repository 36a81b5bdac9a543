"""Passwords forgotten and changed, addresses verified and changed: by single-use links (ID-1 to ID-3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from models.accounts import credentials
from models.accounts.accounts import Account
from models.accounts.links import Purpose
from models.base import clock
from models.base.access import Role
from models.base.errors import Refusal
from models.base.events import Event
from models.base.statements import execute, fetch
from models.invitations import invitations
from models.records.retention import remove_old_of
from tests.support.accounts import (
    ERRORS,
    PASSWORD,
    SIGN_IN,
    SIGN_UP,
    WHO,
    Person,
    accepts,
    invited,
    mailed_token,
    signed_in,
    signed_up,
)
from tests.support.api import Api, api_on
from tests.support.databases import own_database, statements_sent

ASK_RESET = (
    f"mutation ($input: RequestPasswordResetInput!) {{ requestPasswordReset(input: $input) {{ accepted {ERRORS} }} }}"
)
RESET = f"mutation ($input: ResetPasswordInput!) {{ resetPassword(input: $input) {{ wasReset {ERRORS} }} }}"
VERIFY = f"mutation ($input: VerifyEmailInput!) {{ verifyEmail(input: $input) {{ verified {ERRORS} }} }}"
ANOTHER = "copper window meadow 42"
NUMBER = iter(range(1, 1000))
DEAD = [("NOT_FOUND", "ID-3")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of this module's own."""
    async with own_database(postgres, pool_size=20) as settings, api_on(settings) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def robin(api: Api) -> Person:
    """Somebody new who is signed in."""
    await execute("DELETE FROM throttles")
    return await signed_up(api, f"robin{next(NUMBER)}@people.test")


async def asked(api: Api, email: str) -> Any:
    """The answer to a wish for a new password."""
    return (await api.ask(ASK_RESET, input={"email": email}))["requestPasswordReset"]


async def link_for(api: Api, email: str) -> str:
    """The token of a link to set a new password, after the worker has looked."""
    assert (await asked(api, email))["accepted"]
    await credentials.answer_reset_requests(at=await clock.demo_now())
    return await mailed_token(email, Purpose.PASSWORD_RESET)


async def reset(api: Api, token: str, password: str = ANOTHER) -> Any:
    """The answer to a new password by a link."""
    return (await api.ask(RESET, input={"token": token, "password": password}))["resetPassword"]


def codes(answer: Any) -> list[tuple[str, str | None]]:
    """The codes and rules of an answer's user errors."""
    return [(error["code"], error["rule"]) for error in answer["userErrors"]]


async def test_a_reset_sets_a_new_password_and_ends_all_sessions(api: Api, robin: Person) -> None:
    phone = await signed_in(api, robin.email)
    assert codes(await reset(api, await link_for(api, robin.email))) == []
    for one in (robin, phone):
        assert await one.code(WHO) == "UNAUTHENTICATED"
    old = (await api.ask(SIGN_IN, input={"email": robin.email, "password": PASSWORD}))["signIn"]
    assert codes(old) == [("INVALID_CREDENTIALS", "ID-3")]
    assert (await (await signed_in(api, robin.email, ANOTHER)).ask(WHO))["viewer"] is not None


async def test_of_many_uses_of_one_link_at_once_exactly_one_succeeds(api: Api, robin: Person) -> None:
    token = await link_for(api, robin.email)
    answers = await asyncio.gather(*(reset(api, token, f"{ANOTHER} {number}") for number in range(12)))
    assert sorted(codes(answer) for answer in answers) == [[]] + [DEAD] * 11


async def test_of_many_sign_ups_by_one_link_at_once_exactly_one_succeeds(api: Api, robin: Person) -> None:
    token = await invited(api, "race@people.test")
    sent = {"token": token, "name": "Race", "password": PASSWORD, "accepts": accepts(Role.OPS)}
    answers = await asyncio.gather(*(api.ask(SIGN_UP, input=sent) for _ in range(12)))
    assert sorted(codes(answer["signUp"]) for answer in answers) == [[]] + [DEAD] * 11
    assert await Account.filter(email="race@people.test").count() == 1


async def test_a_wish_for_a_new_password_is_the_same_work_for_every_address(api: Api, robin: Person) -> None:
    work = []
    for email in (robin.email, "nobody@people.test"):
        await execute("DELETE FROM throttles")
        async with statements_sent() as sent:
            assert await asked(api, email) == {"accepted": True, "userErrors": []}
        work.append(sent)
    assert work[0] == work[1]
    assert len(work[0]) > 1


async def test_only_a_known_address_is_sent_a_link_and_nobodys_mailbox_is_flooded(api: Api, robin: Person) -> None:
    await link_for(api, robin.email)
    await execute("DELETE FROM throttles")
    await asked(api, robin.email)
    await asked(api, "nobody@people.test")
    await credentials.answer_reset_requests(at=await clock.demo_now())
    account = await Account.get(email=robin.email)
    assert await Event.filter(subject_id=account.id, verb="account.reset_requested").count() == 1
    assert await fetch("SELECT 1 AS one FROM secret_links WHERE email = 'nobody@people.test'") == []
    assert await fetch("SELECT 1 AS one FROM reset_requests") == []


async def test_wishes_for_one_address_are_throttled_alike(api: Api, robin: Person) -> None:
    for email in (robin.email, "nobody@people.test"):
        told = [codes(await asked(api, email)) for _ in range(4)]
        assert told == [[]] * 3 + [[("THROTTLED", "ID-3")]]


async def test_a_link_works_for_an_hour_and_for_its_purpose_alone(api: Api, robin: Person) -> None:
    token = await link_for(api, robin.email)
    verified = (await api.ask(VERIFY, input={"token": token}))["verifyEmail"]
    assert codes(verified) == DEAD
    changed = await credentials.hash_for_reset(token, ANOTHER, at=await clock.demo_now())
    with pytest.raises(Refusal) as refused:
        await credentials.reset(token, changed, at=await clock.demo_now() + timedelta(hours=1))
    assert refused.value.rule == "ID-3"


async def test_a_password_that_is_refused_leaves_the_link_alone(api: Api, robin: Person) -> None:
    token = await link_for(api, robin.email)
    assert codes(await reset(api, token, "robin robin")) == [("INVALID", "ID-1"), ("INVALID", "ID-1")]
    assert codes(await reset(api, token)) == []


async def test_a_changed_password_ends_the_other_sessions_and_a_link_under_way(api: Api, robin: Person) -> None:
    phone = await signed_in(api, robin.email)
    token = await link_for(api, robin.email)
    fields = {"currentPassword": PASSWORD, "password": ANOTHER}
    assert codes(await robin.do("changePassword", "account { email }", **fields)) == []
    assert (await robin.ask(WHO))["viewer"] is not None
    assert await phone.code(WHO) == "UNAUTHENTICATED"
    assert codes(await reset(api, token)) == DEAD


async def test_whoever_changes_a_password_knows_the_current_one(api: Api, robin: Person) -> None:
    fields = {"currentPassword": "wrong horse battery", "password": ANOTHER}
    told = [codes(await robin.do("changePassword", "account { id }", **fields)) for _ in range(6)]
    assert told == [[("INVALID_CREDENTIALS", "ID-1")]] * 5 + [[("THROTTLED", "ID-3")]]
    assert (await (await signed_in(api, robin.email)).ask(WHO))["viewer"] is not None


async def test_a_new_address_becomes_the_accounts_own_once_its_link_comes_back(api: Api, robin: Person) -> None:
    new = f"new{next(NUMBER)}@people.test"
    fields = {"currentPassword": PASSWORD, "email": new}
    answer = await robin.do("requestEmailVerification", "account { email }", **fields)
    assert answer == {"account": {"email": robin.email}, "userErrors": []}
    token = await mailed_token(new, Purpose.EMAIL_VERIFICATION)
    assert codes((await api.ask(VERIFY, input={"token": token}))["verifyEmail"]) == []
    assert codes((await api.ask(VERIFY, input={"token": token}))["verifyEmail"]) == DEAD
    assert (await (await signed_in(api, new)).ask(WHO))["viewer"]["account"]["email"] == new


async def test_an_address_that_somebody_else_has_is_answered_like_a_dead_link(api: Api, robin: Person) -> None:
    other = await signed_up(api, f"robin{next(NUMBER)}@people.test")
    fields = {"currentPassword": PASSWORD, "email": other.email}
    assert codes(await robin.do("requestEmailVerification", "account { id }", **fields)) == []
    token = await mailed_token(other.email, Purpose.EMAIL_VERIFICATION)
    assert codes((await api.ask(VERIFY, input={"token": token}))["verifyEmail"]) == DEAD
    assert (await robin.ask(WHO))["viewer"]["account"]["email"] == robin.email


async def test_a_verified_address_is_not_verified_again(robin: Person) -> None:
    fields = {"currentPassword": PASSWORD, "email": robin.email}
    assert codes(await robin.do("requestEmailVerification", "account { id }", **fields)) == [("NOT_OPEN", "ID-1")]


async def test_wishes_that_nobody_answered_in_time_are_forgotten(api: Api, robin: Person) -> None:
    await asked(api, robin.email)
    await remove_old_of(credentials.ResetRequest, at=await clock.demo_now() + timedelta(hours=2))
    assert await fetch("SELECT 1 AS one FROM reset_requests") == []


async def test_a_new_password_ends_an_address_that_was_on_its_way(api: Api, robin: Person) -> None:
    new = f"new{next(NUMBER)}@people.test"
    await robin.do("requestEmailVerification", "account { id }", currentPassword=PASSWORD, email=new)
    token = await mailed_token(new, Purpose.EMAIL_VERIFICATION)
    assert codes(await reset(api, await link_for(api, robin.email))) == []
    assert codes((await api.ask(VERIFY, input={"token": token}))["verifyEmail"]) == DEAD


async def test_the_first_of_ops_is_invited_by_who_starts_the_server_and_nobody_after_them(api: Api) -> None:
    with pytest.raises(Refusal) as refused:
        await invitations.invite_first("second@people.test", "", at=await clock.demo_now())
    assert refused.value.rule == "ID-1"
    await execute("UPDATE memberships SET ended_at = now() WHERE role = 'OPS' AND ended_at IS NULL")
    token = await invitations.invite_first("First@people.test", "First", at=await clock.demo_now())
    sent = {"token": token, "password": PASSWORD, "accepts": accepts(Role.OPS)}
    answer = (await api.ask(SIGN_UP, input=sent))["signUp"]
    assert answer["viewer"]["account"]["email"] == "first@people.test"
