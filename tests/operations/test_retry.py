"""Work that PostgreSQL asks to be done again is done again, a bounded number of times, each time from the beginning."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from graphql import GraphQLError

import demo
from models.base.access import Role, Viewer
from models.base.errors import Code, Refusal, Refused
from models.base.ids import new_id
from models.base.statements import execute, fetch
from models.credits.grants import grant
from models.credits.ledger import Grant, Wallet, lock_wallet
from operations.transactions import TRIES
from settings import Settings
from tests.support.api import api_on
from tests.support.asking import answer, codes_of, commit, context_of
from tests.support.databases import own_database
from tests.support.world import AT, as_staff, granted, pair_of, school_of, student_of

CONTEXT = context_of(Viewer(account_id=new_id(), role=Role.OPS))


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def settings(postgres: str) -> AsyncIterator[Settings]:
    """A database of this module's own, with real commits."""
    async with own_database(postgres) as own:
        yield own


async def raise_in_database(state: str) -> None:
    """Let PostgreSQL itself refuse, with this SQLSTATE."""
    await execute(f"DO $$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '{state}'; END $$")


class Stumbling:
    """A verb that grants a credit and then stumbles, so many times."""

    def __init__(self, student: Any, *, state: str, times: int) -> None:
        self.student, self.state, self.times = student, state, times
        self.tries = 0

    async def __call__(self, context: Any) -> str:
        """Grant, and stumble."""
        self.tries += 1
        await granted(self.student, 1)
        if self.tries <= self.times:
            await raise_in_database(self.state)
        return "done"


@pytest.mark.parametrize("key", [None, "a key"])
@pytest.mark.parametrize("state", ["40001", "40P01"], ids=["serialization", "deadlock"])
async def test_a_verb_that_stumbles_is_done_again_from_the_beginning(state: str, key: str | None) -> None:
    student = await student_of(await school_of())
    verb = Stumbling(student, state=state, times=TRIES - 1)
    assert await commit(CONTEXT, verb, key=key and key + state) == "done"
    assert verb.tries == TRIES
    assert await Grant.filter(student_id=student.id).count() == 1
    assert (await Wallet.get(id=student.id)).available == 1


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_it_is_given_up_after_the_last_try_with_a_word_to_try_again(state: str) -> None:
    student = await student_of(await school_of())
    verb = Stumbling(student, state=state, times=100)
    with pytest.raises(GraphQLError) as given_up:
        await commit(CONTEXT, verb)
    assert given_up.value.extensions == {"code": "BUSY"}
    assert verb.tries == TRIES
    assert not await Grant.filter(student_id=student.id).exists()


@pytest.mark.parametrize("state", ["23514", "57014", "22003", "P0001"])
async def test_any_other_failure_is_not_tried_again(state: str) -> None:
    student = await student_of(await school_of())
    verb = Stumbling(student, state=state, times=100)
    with pytest.raises(asyncpg.PostgresError):
        await commit(CONTEXT, verb)
    assert verb.tries == 1
    assert not await Grant.filter(student_id=student.id).exists()


async def test_a_refusal_is_not_tried_again() -> None:
    tries: list[int] = []

    async def refuses(_: Any) -> None:
        tries.append(1)
        raise Refusal(Code.NOT_OPEN, "No.")

    with pytest.raises(Refused):
        await commit(CONTEXT, refuses)
    assert len(tries) == 1


async def test_two_who_wait_for_each_other_both_succeed_in_the_end() -> None:
    school = await school_of()
    wallets = [(await student_of(school)).id for _ in range(2)]
    has_first = [asyncio.Event(), asyncio.Event()]
    tries = [0, 0]

    async def crossing(_: Any, *, me: int) -> int:
        tries[me] += 1
        await execute("SET LOCAL deadlock_timeout = '5ms'")
        await lock_wallet(wallets[me])
        has_first[me].set()
        await has_first[1 - me].wait()
        await lock_wallet(wallets[1 - me])
        return me

    ended = await asyncio.gather(*(commit(CONTEXT, crossing, me=me) for me in (0, 1)))
    assert ended == [0, 1]
    assert sum(tries) > 2, "nobody was ever sent back"


async def test_a_failure_at_the_very_commit_leaves_nothing() -> None:
    pair = await pair_of()

    async def half_a_booking(_: Any) -> None:
        await execute(
            "INSERT INTO transfers (id, wallet_id, student_id, school_id, grant_id, kind, source, target, credits, at)"
            " SELECT $1, id, student_id, school_id, (SELECT id FROM grants WHERE wallet_id = w.id LIMIT 1),"
            " 'EXPIRE', 'AVAILABLE', 'EXPIRED', 1, $2 FROM wallets w WHERE id = $3",
            new_id(), AT, pair.student.id,
        )  # fmt: skip
        await execute("CREATE TEMP TABLE due (id int, CONSTRAINT due_once UNIQUE (id) DEFERRABLE INITIALLY DEFERRED)")
        await execute("INSERT INTO due VALUES (1), (1)")

    with pytest.raises(asyncpg.UniqueViolationError):
        await commit(CONTEXT, half_a_booking)
    assert (await Wallet.get(id=pair.student.id)).available == 6


async def test_a_client_never_hears_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = await pair_of()
    monkeypatch.setattr("resolvers.credits.grants.grant_verb", stumbling_once())
    result = await answer(
        "mutation ($input: GrantCreditsInput!)"
        " { grantCredits(input: $input) { grant { credits } userErrors { code } } }",
        as_staff(Role.SCHOOL, school=pair.school),
        input={"studentId": pair.student.type_id, "credits": 4},
    )
    assert result.errors is None
    assert result.data == {"grantCredits": {"grant": {"credits": 4}, "userErrors": []}}
    assert (await Wallet.get(id=pair.student.id)).available == 10


SIGN_IN_AND_GO_ON = """
mutation ($input: SignInInput!) {
  signIn(input: $input) { accessToken viewer { role } }
  signOutEverywhere { sessionsEnded }
}
"""
NO_SESSION_STAYS = """
CREATE FUNCTION refuse_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '{state}'; END $$;
CREATE CONSTRAINT TRIGGER refuse_at_commit AFTER INSERT ON sessions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW {condition} EXECUTE FUNCTION refuse_at_commit();
"""


@pytest.mark.parametrize(("state", "code"), [("P0001", None), ("40001", "BUSY")], ids=["failure", "crowd"])
async def test_a_sign_in_whose_commit_fails_signs_nobody_in(committed: Settings, state: str, code: str | None) -> None:
    async with api_on(committed):
        sent = {"email": demo.ACCOUNTS[0].email, "password": demo.PASSWORD, "device": "lost"}
        condition = "WHEN (NEW.device = 'lost')"
        await execute(NO_SESSION_STAYS.format(state=state, condition=condition))
        result = await answer(SIGN_IN_AND_GO_ON, None, input=sent)
    assert codes_of(result) == [code, "UNAUTHENTICATED"]
    assert result.data == {"signIn": None, "signOutEverywhere": None}
    assert await fetch("SELECT 1 FROM sessions WHERE device = 'lost'") == []
    assert await fetch("SELECT 1 FROM events WHERE verb = 'account.sessions_revoked'") == []


async def test_a_verb_that_is_done_again_acts_as_whoever_asked() -> None:
    asking, new = (Viewer(account_id=new_id(), role=Role.OPS) for _ in range(2))
    context, acted = context_of(asking), []

    async def acts_as_another(own: Any) -> str:
        acted.append(own.viewer)
        own.signed_in = new
        if len(acted) == 1:
            await raise_in_database("40001")
        return "done"

    await commit(context, acts_as_another)
    assert acted == [asking, asking]
    assert context.viewer == new


def stumbling_once() -> Any:
    """The program's own verb, which PostgreSQL sends back the first time."""
    tries: list[int] = []

    async def verb(*arguments: Any, **named: Any) -> Any:
        given = await grant(*arguments, **named)
        tries.append(1)
        if len(tries) == 1:
            await raise_in_database("40001")
        return given

    return verb
