"""Sessions: rotating refresh tokens and their theft, limits of time, the list of sessions and their ends (ID-2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from models.accounts import sessions
from models.accounts.accounts import INACTIVITY, SESSION_LASTS, RefreshToken, Session, token_hash
from models.base import clock
from models.base.access import Role
from models.base.events import Event
from models.base.statements import execute, fetch
from models.records.retention import remove_old_of
from tests.support.accounts import PASSWORD, REFRESH, SIGN_IN, WHO, Person, person, signed_in, signed_up
from tests.support.api import Api, api_on
from tests.support.databases import own_database

NUMBER = iter(range(1, 1000))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of this module's own."""
    async with own_database(postgres, pool_size=20) as settings, api_on(settings) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def robin(api: Api) -> Person:
    """Somebody new who is signed in."""
    return await signed_up(api, f"robin{next(NUMBER)}@people.test")


async def refreshed(api: Api, token: str) -> Any:
    """The answer to a refresh."""
    return (await api.ask(REFRESH, input={"refreshToken": token}))["refresh"]


def codes(answer: Any) -> list[tuple[str, str | None]]:
    """The codes and rules of an answer's user errors."""
    return [(error["code"], error["rule"]) for error in answer["userErrors"]]


async def moved_back(token: str, by: timedelta) -> None:
    """Make a refresh token's use so much older, as if time had passed."""
    await execute(
        "UPDATE refresh_tokens SET used_at = used_at - $2::interval WHERE token_hash = $1", token_hash(token), by
    )


async def test_a_refresh_hands_out_new_tokens_and_ends_the_old_access_token(api: Api, robin: Person) -> None:
    renewed = person(api, robin.email, await refreshed(api, robin.refresh))
    assert (await renewed.ask(WHO))["viewer"]["role"] == "OPS"
    assert await robin.code(WHO) == "UNAUTHENTICATED"


async def test_a_second_use_within_seconds_is_refused_and_nothing_else(api: Api, robin: Person) -> None:
    renewed = person(api, robin.email, await refreshed(api, robin.refresh))
    assert codes(await refreshed(api, robin.refresh)) == [("CONFLICT", "ID-2")]
    assert (await renewed.ask(WHO))["viewer"]["role"] == "OPS"


async def test_a_later_second_use_of_one_token_revokes_its_family(api: Api, robin: Person) -> None:
    renewed = person(api, robin.email, await refreshed(api, robin.refresh))
    await moved_back(robin.refresh, sessions.REFRESH_RACE + timedelta(seconds=1))
    assert codes(await refreshed(api, robin.refresh)) == [("INVALID_CREDENTIALS", "ID-2")]
    assert await renewed.code(WHO) == "UNAUTHENTICATED"
    assert codes(await refreshed(api, renewed.refresh)) == [("INVALID_CREDENTIALS", "ID-2")]
    session = (await RefreshToken.get(token_hash=token_hash(robin.refresh))).session_id
    assert await Event.filter(subject_id=session, verb="session.token_reused").count() == 1


async def test_of_many_refreshes_of_one_token_at_once_exactly_one_wins(api: Api) -> None:
    for _ in range(5):
        robin = await signed_up(api, f"robin{next(NUMBER)}@people.test")
        answers = await asyncio.gather(*(refreshed(api, robin.refresh) for _ in range(20)))
        won = [answer for answer in answers if answer["accessToken"]]
        assert len(won) == 1
        assert [codes(answer) for answer in answers if answer not in won] == [[("CONFLICT", "ID-2")]] * 19
        assert (await person(api, robin.email, won[0]).ask(WHO))["viewer"]["role"] == "OPS"


async def test_an_unknown_refresh_token_is_answered_like_an_ended_one(api: Api, robin: Person) -> None:
    await robin.ask("mutation { signOut { signedOut } }")
    assert await refreshed(api, robin.refresh) == await refreshed(api, "fc_refresh_no-such-token")


@pytest.mark.parametrize("role", [Role.STUDENT, Role.PROVIDER, Role.SCHOOL, Role.OPS, Role.FINANCE])
async def test_a_session_ends_by_inactivity_and_absolutely_by_its_role(api: Api, role: Role) -> None:
    await api.token(role.value)
    access = api.tokens.pop(role.value)
    session = await Session.get(access_hash=token_hash(access))
    opened = session.created_at

    async def holds(at: Any) -> bool:
        return await sessions.viewer_of(access, second_factor_required=False, at=at) is not None

    second = timedelta(seconds=1)
    await execute("UPDATE sessions SET access_until = until WHERE id = $1", session.id)
    assert await holds(opened + min(INACTIVITY[role], SESSION_LASTS[role]) - second)
    assert not await holds(opened + 2 * INACTIVITY[role])
    await execute("UPDATE sessions SET seen_at = $2 WHERE id = $1", session.id, opened + SESSION_LASTS[role])
    assert await holds(opened + SESSION_LASTS[role] - second)
    assert not await holds(opened + SESSION_LASTS[role])


async def test_an_access_token_ends_after_15_minutes_of_use(robin: Person) -> None:
    session = await Session.get(access_hash=token_hash(robin.access))
    for minutes, holds in ((10, True), (14, True), (15, False)):
        at = session.created_at + timedelta(minutes=minutes)
        assert (await sessions.viewer_of(robin.access, second_factor_required=False, at=at) is not None) is holds


LIST = "{ signInSessions(first: 10) { nodes { id device isCurrent membership { role } } totalCount } }"


async def test_a_person_sees_their_own_live_sessions_and_ends_one(api: Api, robin: Person) -> None:
    phone = await signed_in(api, robin.email, device="Phone")
    listed = (await robin.ask(LIST))["signInSessions"]
    assert [(node["device"], node["isCurrent"]) for node in listed["nodes"]] == [("Phone", False), (None, True)]
    assert listed["totalCount"] == 2
    ended = await robin.do(
        "revokeSignInSession", "signInSession { device revokedAt }", sessionId=listed["nodes"][0]["id"]
    )
    assert ended["signInSession"]["revokedAt"] is not None
    assert await phone.code(WHO) == "UNAUTHENTICATED"
    assert (await robin.ask(LIST))["signInSessions"]["totalCount"] == 1


async def test_nobody_but_ops_ends_the_session_of_somebody_else(api: Api, robin: Person) -> None:
    id = (await robin.ask(LIST))["signInSessions"]["nodes"][0]["id"]
    refused = await api.do("revokeSignInSession", role="FINANCE", selection="signInSession { id }", sessionId=id)
    assert codes(refused) == [("NOT_FOUND", None)]
    assert (await robin.ask(WHO))["viewer"] is not None
    assert codes(await api.do("revokeSignInSession", role="OPS", selection="signInSession { id }", sessionId=id)) == []
    assert await robin.code(WHO) == "UNAUTHENTICATED"


async def test_signing_out_everywhere_ends_all_sessions_and_their_refresh_tokens(api: Api, robin: Person) -> None:
    phone = await signed_in(api, robin.email)
    answer = await robin.ask("mutation { signOutEverywhere { sessionsEnded userErrors { code } } }")
    assert answer["signOutEverywhere"] == {"sessionsEnded": 2, "userErrors": []}
    for one in (robin, phone):
        assert await one.code(WHO) == "UNAUTHENTICATED"
        assert codes(await refreshed(api, one.refresh)) == [("INVALID_CREDENTIALS", "ID-2")]


async def test_nobody_acts_under_a_membership_of_somebody_else(api: Api, robin: Person) -> None:
    other = await signed_up(api, f"robin{next(NUMBER)}@people.test")
    id = (await other.ask(WHO))["viewer"]["id"]
    assert codes(await robin.do("actAs", "accessToken", membershipId=id)) == [("NOT_FOUND", None)]
    assert (await robin.ask(WHO))["viewer"] is not None


async def test_an_old_session_signs_in_again_before_it_acts_under_a_stricter_role(robin: Person) -> None:
    session = await Session.get(access_hash=token_hash(robin.access))
    await execute("UPDATE sessions SET created_at = created_at - interval '13 hours' WHERE id = $1", session.id)
    id = (await robin.ask(WHO))["viewer"]["id"]
    assert codes(await robin.do("actAs", "accessToken", membershipId=id)) == [("INVALID_CREDENTIALS", "ID-2")]


async def test_a_disabled_account_and_an_ended_membership_end_their_sessions_at_once(api: Api, robin: Person) -> None:
    await execute("UPDATE memberships SET ended_at = now() WHERE account_id IN"
                  " (SELECT id FROM accounts WHERE email = $1)", robin.email)  # fmt: skip
    assert await robin.code(WHO) == "UNAUTHENTICATED"
    wrong = (await api.ask(SIGN_IN, input={"email": robin.email, "password": PASSWORD}))["signIn"]
    assert codes(wrong) == [("INVALID_CREDENTIALS", "ID-3")]


async def test_refresh_tokens_of_sessions_long_ended_are_forgotten(robin: Person) -> None:
    await remove_old_of(RefreshToken, at=await clock.demo_now() + timedelta(days=400))
    assert await fetch("SELECT 1 AS one FROM refresh_tokens") == []


async def test_ops_shuts_an_account_and_opens_it_again(api: Api, robin: Person) -> None:
    id = (await robin.ask("{ viewer { account { id } } }"))["viewer"]["account"]["id"]
    shut = await api.do("disableAccount", role="OPS", selection="account { disabledAt }", accountId=id)
    assert shut["account"]["disabledAt"] is not None
    assert await robin.code(WHO) == "UNAUTHENTICATED"
    assert codes(await refreshed(api, robin.refresh)) == [("INVALID_CREDENTIALS", "ID-2")]
    sent = {"email": robin.email, "password": PASSWORD}
    assert codes((await api.ask(SIGN_IN, input=sent))["signIn"]) == [("INVALID_CREDENTIALS", "ID-3")]
    await api.do("enableAccount", role="OPS", selection="account { disabledAt }", accountId=id)
    assert (await (await signed_in(api, robin.email)).ask(WHO))["viewer"] is not None
    assert await robin.code(WHO) == "UNAUTHENTICATED"
    own = await robin_of_ops(api)
    refused = await api.do("disableAccount", role="OPS", selection="account { id }", accountId=own)
    assert [error["code"] for error in refused["userErrors"]] == ["NOT_ELIGIBLE"]


async def robin_of_ops(api: Api) -> str:
    """The id of the account that asks as OPS."""
    id: str = (await api.ask("{ viewer { account { id } } }", role="OPS"))["viewer"]["account"]["id"]
    return id


async def test_ops_ends_a_membership_and_the_sessions_under_it(api: Api, robin: Person) -> None:
    id = (await robin.ask(WHO))["viewer"]["id"]
    ended = await api.do("endMembership", role="OPS", selection="membership { id }", membershipId=id)
    assert ended["membership"] == {"id": id}
    assert await robin.code(WHO) == "UNAUTHENTICATED"
