"""Budgets: what a viewer and an address may cost in a minute, counted for all processes together."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

import worker
from app import create_app
from models.base import budgets as table
from models.base.clock import real_now
from models.base.statements import execute, fetch_one
from operations.budgets import Allowances, Budgets, site_of
from settings import Settings
from tests.support.api import api_on

PROCESSES = 3
NOON = 1_800_000_000.0
VIEWER = "{ viewer { id } }"


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.seconds = NOON

    def __call__(self) -> float:
        return self.seconds


def processes(clock: Clock, limit: int, count: int = PROCESSES) -> list[Budgets]:
    """As many processes that know of each other by the table alone."""
    allowances = Allowances(viewer=limit, source=limit, anonymous=limit)
    return [Budgets(allowances, seconds=clock) for _ in range(count)]


async def spend_all(budgets: Budgets, cost: int, limit: int) -> int:
    """Spend until it is refused; how much that was."""
    spent = 0
    while await budgets.spend(budgets.budget("somebody", limit), cost):
        spent += cost
        await asyncio.sleep(0)
    return spent


@pytest.mark.parametrize(("limit", "cost"), [(1_000, 1), (10_000, 7), (200_000, 900), (500, 120)])
async def test_processes_together_allow_the_limit_and_one_overdraft_each(
    committed: Settings, limit: int, cost: int
) -> None:
    spent = await asyncio.gather(*(spend_all(each, cost, limit) for each in processes(Clock(), limit)))
    assert sum(spent) <= limit + PROCESSES * (limit // 100)
    # At most one chunk lies unused in each process, and less than one cost more.
    assert sum(spent) >= limit - PROCESSES * (limit // 20 + cost)


async def test_one_process_alone_allows_almost_all_of_the_limit(committed: Settings) -> None:
    (alone,) = processes(Clock(), 10_000, count=1)
    assert 10_000 <= await spend_all(alone, 10, 10_000) <= 10_100


async def test_a_new_minute_begins_with_a_new_budget(committed: Settings) -> None:
    clock = Clock()
    (alone,) = processes(clock, 1_000, count=1)
    first = await spend_all(alone, 10, 1_000)
    assert alone.is_spent(alone.budget("somebody", 1_000)) or not await alone.spend(alone.budget("somebody", 1_000), 10)
    clock.seconds += 60
    assert await spend_all(alone, 10, 1_000) == first


async def test_who_asks_little_costs_no_statement(rolled_back: Any) -> None:
    (alone,) = processes(Clock(), 200_000, count=1)
    for _ in range(20):
        assert await alone.spend(alone.budget("somebody", 200_000), 40)
    assert (await fetch_one("SELECT count(*) AS n FROM budgets")).n == 0


async def test_many_who_wait_at_once_are_leased_in_one_statement(
    committed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    async def counted(wishes: Any) -> list[int]:
        asked.append(len(wishes))
        return await table.lease(wishes)

    monkeypatch.setattr("operations.budgets.lease", counted)
    (alone,) = processes(Clock(), 1_000, count=1)
    spent = await asyncio.gather(*(alone.spend(alone.budget(f"viewer {n}", 1_000), 400) for n in range(50)))
    assert all(spent)
    assert asked == [50]


async def test_a_lease_that_fails_is_an_error_and_not_a_free_pass(
    rolled_back: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(wishes: Any) -> list[int]:
        raise ConnectionError

    monkeypatch.setattr("operations.budgets.lease", failing)
    (alone,) = processes(Clock(), 1_000, count=1)
    with pytest.raises(ConnectionError):
        await alone.spend(alone.budget("somebody", 1_000), 100)


async def test_the_worker_removes_minutes_that_are_over(rolled_back: Any) -> None:
    await execute(
        "INSERT INTO budgets SELECT decode(md5(n::text), 'hex'), now() - n * interval '1 minute', 1"
        " FROM generate_series(0, 30) n"
    )
    await worker.remove_old(real_now())
    assert (await fetch_one("SELECT count(*) AS n FROM budgets")).n in (10, 11)


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
        ("not:an:address", "not:an:address"),
    ],
)
def test_an_ipv6_line_has_one_budget(address: str, site: str) -> None:
    assert site_of(address) == site


def with_budgets(settings: Settings, **changes: int) -> Settings:
    """The same server with other allowances, spent within one minute whatever the time."""
    return settings.model_copy(update=changes)


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the minute from ending within a test."""
    monkeypatch.setattr("operations.budgets.time.time", Clock())


async def test_the_answer_tells_its_cost_and_what_is_left(committed: Settings, still: None) -> None:
    async with api_on(with_budgets(committed, cost_per_minute=1_000)) as api:
        told = [(await api.send(VIEWER, role="OPS")).json()["extensions"]["cost"] for _ in range(2)]
    assert [cost["requested"] for cost in told] == [1, 1]
    assert [cost["limit"] for cost in told] == [1_000, 1_000]
    assert [cost["remaining"] for cost in told] == [999, 998]
    assert told[0]["resetAt"].endswith("Z")


async def test_a_viewer_who_spent_the_minute_is_told_when_to_come_back(committed: Settings, still: None) -> None:
    async with api_on(with_budgets(committed, cost_per_minute=10)) as api:
        answers = [await api.send(VIEWER, role="OPS") for _ in range(14)]
        other = await api.send(VIEWER, role="SCHOOL")
    refused = [answer for answer in answers if answer.status_code == 429]
    assert 3 <= len(refused) <= 4
    assert other.status_code == 200
    (error,) = refused[-1].json()["errors"]
    assert error["extensions"]["code"] == "THROTTLED"
    assert error["extensions"]["retryAfter"] == int(refused[-1].headers["retry-after"]) <= 60


async def test_those_who_are_not_signed_in_share_the_budget_of_their_address(committed: Settings, still: None) -> None:
    async with api_on(committed) as api:
        token = await api.token("OPS")
        http = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=create_app(with_budgets(committed, cost_per_minute_anonymous=60))),
            base_url="http://testserver",
        )
        async with http:
            answers = [await http.post("/graphql", json={"query": "{ now }"}) for _ in range(70)]
            signed_in = await http.post(
                "/graphql", json={"query": VIEWER}, headers={"authorization": f"Bearer {token}"}
            )
    assert sum(answer.status_code == 200 for answer in answers) == 60
    assert answers[-1].status_code == 429
    assert signed_in.status_code == 200


@pytest.mark.parametrize("query", ["{ nonsense }", "{ viewer {"])
async def test_documents_that_are_refused_are_paid_for_too(committed: Settings, still: None, query: str) -> None:
    async with api_on(with_budgets(committed, cost_per_minute=100)) as api:
        answers = [await api.send(query, role="OPS") for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200] * 5  # application/json tells errors that way
        assert all("errors" in answer.json() for answer in answers)
        assert (await api.send(VIEWER, role="OPS")).status_code == 429


async def test_tokens_that_do_not_hold_are_throttled_by_address(committed: Settings, still: None) -> None:
    async with api_on(with_budgets(committed, cost_per_minute_anonymous=200)) as api:
        api.tokens["OPS"] = "fc_access_unknown"
        statuses = [(await api.send(VIEWER, role="OPS")).status_code for _ in range(15)]
    assert statuses[0] == 401
    assert statuses[-1] == 429


async def test_all_accounts_behind_one_address_share_a_larger_budget(committed: Settings, still: None) -> None:
    async with api_on(with_budgets(committed, cost_per_minute=100, cost_per_minute_source=20)) as api:
        statuses = [(await api.send(VIEWER, role=role)).status_code for role in ("OPS", "SCHOOL") * 12]
    assert statuses.count(200) in (20, 21)
    assert statuses[-1] == 429
