"""Sessions that a process has cached: nothing is asked twice, and one that was revoked ends at once (ID-2)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

import demo
from models.accounts.accounts import INACTIVITY, Session, token_hash
from models.accounts.session_cache import CACHED_MAX, SESSIONS, CachedSession, SessionCache
from models.base import clock
from models.base.statements import execute, fetch
from tests.support.accounts import SIGN_IN, Person, person
from tests.support.api import Api, api_on
from tests.support.databases import own_database, statements_sent

WALLET = "{ wallet { available } }"
NOTHING_FOUND = '{ appointments(first: 5, filter: { search: null, until: "2001-01-01T00:00:00Z" }) { nodes { id } } }'
TOGETHER = """
{ wallet { available }
  first: appointments(first: 3, filter: { until: "2001-01-01T00:00:00Z" }) { nodes { id status } }
  none: appointments(first: 1, filter: { status: [] }) { nodes { id startsAt } } }
"""
NOTHING_READ = "{ __typename }"
NO_SUCH = '{ provider(id: "prv_00000000000000000000000000") { name } }'
NOT_FOR_STUDENTS = "{ ledgerProof { agrees } }"
REVOKE = "UPDATE sessions SET revoked_at = now() WHERE access_hash = $1"
END_MEMBERSHIP = """
UPDATE memberships SET ended_at = now() FROM sessions
 WHERE sessions.membership_id = memberships.id AND sessions.access_hash = $1
"""
DISABLE = """
UPDATE accounts SET disabled_at = now() FROM sessions
 WHERE sessions.account_id = accounts.id AND sessions.access_hash = $1
"""
CHANGE_PASSWORD = "mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { userErrors { code } } }"
WITHDRAW = "mutation ($input: WithdrawAppointmentInput!) { withdrawAppointment(input: $input) { userErrors { code } } }"
REQUEST = "mutation ($input: RequestAppointmentInput!) { requestAppointment(input: $input) { userErrors { code } } }"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of this module's own."""
    async with own_database(postgres, pool_size=1) as settings, api_on(settings) as client:
        yield client


async def signed_in_as(api: Api, role: str) -> Person:
    """A new session of the demo account of this role, which the process has already seen."""
    email = next(account.email for account in demo.ACCOUNTS if account.role == role)
    answer = await api.ask(SIGN_IN, input={"email": email, "password": demo.PASSWORD})
    who = person(api, email, answer["signIn"])
    await who.ask("{ viewer { role } }")
    return who


@pytest_asyncio.fixture(loop_scope="session")
async def student(api: Api) -> Person:
    """The student of the demo, in a session of this test's own that is cached."""
    who = await signed_in_as(api, "STUDENT")
    assert is_cached(who)
    return who


def is_cached(who: Person) -> bool:
    """Whether this process has the session in its memory."""
    return token_hash(who.access) in SESSIONS._known


async def test_a_request_of_a_cached_session_sends_only_its_own_statement(student: Person) -> None:
    async with statements_sent() as sent:
        await student.ask(WALLET)
    assert len(sent) == 1
    assert "session_stamp" in sent[0]


async def test_only_the_first_read_of_a_request_checks_the_session(student: Person) -> None:
    async with statements_sent() as sent:
        await student.ask("{ wallet { available grants(first: 2) { nodes { credits } } } }")
    assert ["session_stamp" in statement for statement in sent] == [True, False]


async def test_a_read_that_finds_nothing_checks_the_session_too(student: Person) -> None:
    async with statements_sent() as sent:
        assert await student.ask(NOTHING_FOUND) == {"appointments": {"nodes": []}}
    assert ["session_stamp($" in statement for statement in sent] == [True]


async def test_what_several_fields_read_first_is_one_statement_with_one_check(
    student: Person, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--graphql-core"):
        pytest.skip("graphql-core has each field read for itself")
    async with statements_sent() as sent:
        answer = await student.ask(TOGETHER)
    assert [statement.count("session_stamp(") for statement in sent] == [1]
    assert answer["wallet"]["available"] >= 0
    assert [answer["first"]["nodes"], answer["none"]["nodes"]] == [[], []]


@pytest.mark.parametrize("query", [WALLET, NOTHING_FOUND, TOGETHER, NOTHING_READ, NO_SUCH, NOT_FOR_STUDENTS])
@pytest.mark.parametrize("ending", [REVOKE, END_MEMBERSHIP, DISABLE])
async def test_a_session_that_was_ended_in_the_database_is_answered_nothing(
    api: Api, student: Person, ending: str, query: str
) -> None:
    await execute(ending, token_hash(student.access))
    try:
        answer = await student.send(query)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
        assert "data" not in answer
        assert not is_cached(student)
    finally:
        await execute("UPDATE memberships SET ended_at = NULL")
        await execute("UPDATE accounts SET disabled_at = NULL")


async def test_a_change_by_a_session_that_was_ended_is_not_made(api: Api, student: Person) -> None:
    openings = await student.ask(
        '{ providers(filter: {state: "MA"}, first: 1) { nodes { openings(first: 1) { nodes { id } } } } }'
    )
    opening = openings["providers"]["nodes"][0]["openings"]["nodes"][0]["id"]
    asked = {"openingId": opening, "state": "MA", "acceptsMissedAppointmentPolicy": True}
    before = await everything_written()
    await execute(REVOKE, token_hash(student.access))
    assert await student.code(REQUEST, input=asked) == "UNAUTHENTICATED"
    assert await everything_written() == before


async def test_a_password_is_not_even_looked_at_for_a_session_that_was_ended(student: Person) -> None:
    before = await everything_written()
    await execute(REVOKE, token_hash(student.access))
    asked = {"currentPassword": "not the password", "newPassword": "violet harbor lantern 7"}
    assert await student.code(CHANGE_PASSWORD, input=asked) == "UNAUTHENTICATED"
    assert await everything_written() == before


async def everything_written() -> list[int]:
    """How many rows there are in whatever a change would touch."""
    tables = ("appointments", "transfers", "events", "mails", "audit_entries", "throttles", "idempotency_keys")
    return [(await fetch(f"SELECT count(*) AS n FROM {table}"))[0].n for table in tables]


async def test_a_change_whose_stamp_is_stale_is_made_once_the_session_was_looked_up(api: Api, student: Person) -> None:
    await execute("UPDATE accounts SET name = name || ' Again' WHERE email = $1", student.email)
    missing = {"appointmentId": "apt_00000000000000000000000000"}
    answer = await student.ask(WITHDRAW, input=missing)
    assert answer["withdrawAppointment"]["userErrors"] == [{"code": "NOT_FOUND"}]
    async with statements_sent() as sent:
        await student.ask(WALLET)
    assert len(sent) == 1, "the new stamp is cached"


async def test_a_change_sends_its_check_with_its_beginning(student: Person) -> None:
    missing = {"appointmentId": "apt_00000000000000000000000000"}
    async with statements_sent() as sent:
        await student.ask(WITHDRAW, input=missing)
    assert sent[0].startswith("BEGIN;SELECT prove_session(")
    assert not any("FROM sessions" in statement for statement in sent)


async def test_a_sign_out_is_answered_and_ends_the_session(student: Person) -> None:
    assert (await student.ask("mutation { signOut { signedOut } }"))["signOut"]["signedOut"]
    assert await student.code(WALLET) == "UNAUTHENTICATED"


async def test_a_cached_session_ends_by_its_own_times(student: Person) -> None:
    session = await Session.get(access_hash=token_hash(student.access))
    second = timedelta(seconds=1)
    hashed = token_hash(student.access)
    assert SESSIONS.find(hashed, at=session.access_until - second) is not None
    assert SESSIONS.find(hashed, at=session.access_until) is None


async def test_inactivity_ends_a_cached_session_too(api: Api) -> None:
    provider = await signed_in_as(api, "PROVIDER")
    known = SESSIONS._known[token_hash(provider.access)]
    known.ends_at = known.seen_at + timedelta(days=1)
    idle = INACTIVITY[known.viewer.role]
    assert SESSIONS.find(known.token_hash, at=known.seen_at + idle) is None


async def test_use_of_a_cached_session_is_noted(student: Person) -> None:
    known = SESSIONS._known[token_hash(student.access)]
    later = known.seen_at + timedelta(minutes=5)
    assert SESSIONS.find(known.token_hash, at=later) is known
    assert known.seen_at == later


@pytest.mark.parametrize("role", ["OPS", "FINANCE", "OFFICE"])
async def test_staff_and_office_users_are_looked_up_for_each_request(api: Api, role: str) -> None:
    assert not is_cached(await signed_in_as(api, role))


async def test_no_more_sessions_are_cached_than_there_is_room_for(student: Person) -> None:
    viewer = SESSIONS._known[token_hash(student.access)].viewer
    now = await clock.demo_now()
    few = SessionCache()
    for number in range(CACHED_MAX + 2):
        few.keep(CachedSession(viewer, number.to_bytes(4), "", now, now))
    assert len(few._known) == CACHED_MAX
    assert (0).to_bytes(4) not in few._known


async def test_the_database_alone_tells_when_a_viewer_is_made_of_something_else(student: Person) -> None:
    hashed = token_hash(student.access)

    async def stamp() -> str | None:
        return (await fetch("SELECT session_stamp($1) AS stamp", hashed))[0].stamp  # type: ignore[no-any-return]

    first = await stamp()
    assert first is not None
    await execute("UPDATE sessions SET seen_at = seen_at + interval '1 minute' WHERE access_hash = $1", hashed)
    assert await stamp() == first, "use alone makes no other viewer"
    await execute("UPDATE sessions SET second_factor_at = now() WHERE access_hash = $1", hashed)
    second = await stamp()
    assert second != first
    await execute("UPDATE accounts SET name = name WHERE email = $1", student.email)
    assert await stamp() not in (first, second)
    await execute(REVOKE, hashed)
    assert await stamp() is None
