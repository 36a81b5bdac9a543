"""Rates: FINANCE announces what sessions are reimbursed with, all rows or none, never backwards (CL-5)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
import pytest_asyncio

from models.base import clock
from models.base.event_verbs import EventVerb
from models.base.events import Event
from models.rates.rates import Rate
from tests.support.api import Api, api_on
from tests.support.databases import own_database

DAYS = count(1)
ROW = "rates { id visitType state amount { amount currency } effectiveFrom }"
RATES = """
query ($first: Int, $after: String) {
  rates(first: $first, after: $after) {
    nodes { id amount { amount } effectiveFrom } pageInfo { endCursor } totalCount
  }
}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of this module's own."""
    async with own_database(postgres) as settings, api_on(settings) as client:
        yield client


def day_after(days: int) -> str:
    """So many days from today."""
    return (clock.real_now() + timedelta(days=days)).date().isoformat()


def row(**changes: Any) -> dict[str, Any]:
    """A rate from a day of its own on."""
    return {
        "visitType": "INTAKE",
        "service": "THERAPY",
        "degreeLevel": "MASTERS",
        "licenseClass": "CLINICAL_SOCIAL_WORKER",
        "amount": "130.00",
        "effectiveFrom": day_after(100 + next(DAYS)),
        **changes,
    }


async def announced(api: Api, *rows: dict[str, Any]) -> Any:
    """The payload of an announcement by FINANCE."""
    return await api.do("announceRates", role="FINANCE", selection=ROW, rates=list(rows))


def faults(answer: Any) -> list[tuple[str, str, str]]:
    """The code, field and rule of each refusal of an announcement that changed nothing."""
    assert answer["rates"] is None
    return [(error["code"], ".".join(error["field"]), error["rule"]) for error in answer["userErrors"]]


async def test_finance_announces_several_rates_at_once_and_reads_them(api: Api) -> None:
    rows = [row(), row(visitType="FOLLOW_UP", state="MA", amount="99.50")]
    answer = await announced(api, *rows)
    assert answer["userErrors"] == []
    shown = [(one["visitType"], one["state"], one["amount"], one["effectiveFrom"]) for one in answer["rates"]]
    assert shown == [
        ("INTAKE", None, {"amount": "130.00", "currency": "USD"}, rows[0]["effectiveFrom"]),
        ("FOLLOW_UP", "MA", {"amount": "99.50", "currency": "USD"}, rows[1]["effectiveFrom"]),
    ]
    event = await Event.filter(verb=EventVerb.RATES_ANNOUNCED).order_by("-id").first()
    assert event is not None
    assert (event.actor_role, event.data) == ("FINANCE", {"rates": [one["id"] for one in answer["rates"]]})


async def test_rates_are_listed_page_by_page_the_latest_to_begin_first(api: Api) -> None:
    await announced(api, row(), row(state="NY"), row(state="MA"))
    first = (await api.ask(RATES, role="FINANCE", first=2))["rates"]
    rest = (await api.ask(RATES, role="FINANCE", first=100, after=first["pageInfo"]["endCursor"]))["rates"]
    days = [one["effectiveFrom"] for one in [*first["nodes"], *rest["nodes"]]]
    assert days == sorted(days, reverse=True)
    assert len(days) == first["totalCount"] == await Rate.all().count()


async def test_a_rate_may_begin_today_and_not_before(api: Api) -> None:
    assert (await announced(api, row(effectiveFrom=day_after(0), state="VT")))["userErrors"] == []
    answer = await announced(api, row(effectiveFrom=day_after(-2)))
    assert faults(answer) == [("TOO_LATE", "input.rates.0.effectiveFrom", "CL-5")]


async def test_one_wrong_row_refuses_all_and_every_fault_is_told(api: Api) -> None:
    twice = row(amount="0.00")
    before = await Rate.all().count()
    answer = await announced(api, twice, dict(twice, amount="10000.01"), row(effectiveFrom="2020-01-01"), row())
    assert faults(answer) == [
        ("OUT_OF_BOUNDS", "input.rates.0.amount", "CL-5"),
        ("CONFLICT", "input.rates.0", "CL-5"),
        ("OUT_OF_BOUNDS", "input.rates.1.amount", "CL-5"),
        ("CONFLICT", "input.rates.1", "CL-5"),
        ("TOO_LATE", "input.rates.2.effectiveFrom", "CL-5"),
    ]
    assert await Rate.all().count() == before


@pytest.mark.parametrize("amount", ["95", "95.5", "-95.00", "95,00", "1e3", "٩٥.٠٠", ""])
async def test_an_amount_is_dollars_and_cents(api: Api, amount: str) -> None:
    assert faults(await announced(api, row(), row(amount=amount))) == [("INVALID", "input.rates.1.amount", "CL-5")]


async def test_an_announcement_has_at_least_one_row(api: Api) -> None:
    assert faults(await announced(api)) == [("INVALID", "input.rates", "CL-5")]


async def test_what_begins_on_a_day_is_never_changed(api: Api) -> None:
    known = row()
    assert (await announced(api, known))["userErrors"] == []
    assert faults(await announced(api, row(), dict(known, amount="140.00"))) == [("CONFLICT", "input.rates.1", "CL-5")]
    assert (await announced(api, dict(known, state="MA")))["userErrors"] == []


async def test_of_two_that_announce_the_same_at_once_one_is_refused(api: Api) -> None:
    same = row()
    answers = await asyncio.gather(*(announced(api, same) for _ in range(6)))
    refused = [answer for answer in answers if answer["userErrors"]]
    assert len(refused) == 5
    assert {error["code"] for answer in refused for error in answer["userErrors"]} == {"CONFLICT"}


async def days_of(api: Api, kind: str) -> list[tuple[str, str | None, str]]:
    """Of the rates of one state, the first one first: first day, last day, amount."""
    rates = (await api.ask(DAYS_OF, role="FINANCE"))["rates"]["nodes"]
    found = [
        (one["effectiveFrom"], one["effectiveUntil"], one["amount"]["amount"]) for one in rates if one["state"] == kind
    ]
    return sorted(found)


DAYS_OF = "{ rates(first: 100) { nodes { state effectiveFrom effectiveUntil amount { amount } } } }"


async def test_what_applied_ends_the_day_before_the_next_begins_in_whatever_order_they_are_announced(api: Api) -> None:
    first, second, third = day_after(20), day_after(40), day_after(60)
    await announced(api, row(state="ME", effectiveFrom=second, amount="102.00"))
    await announced(
        api,
        row(state="ME", effectiveFrom=third, amount="103.00"),
        row(state="ME", effectiveFrom=first, amount="101.00"),
    )
    assert await days_of(api, "ME") == [
        (first, day_after(39), "101.00"),
        (second, day_after(59), "102.00"),
        (third, None, "103.00"),
    ]


async def test_a_rate_with_a_last_day_leaves_the_days_after_it_without_one(api: Api) -> None:
    answer = await announced(
        api, row(state="NH", effectiveFrom=day_after(5), effectiveUntil=day_after(9), amount="101.00")
    )
    assert answer["userErrors"] == []
    await announced(api, row(state="NH", effectiveFrom=day_after(8), effectiveUntil=day_after(8), amount="102.00"))
    assert await days_of(api, "NH") == [
        (day_after(5), day_after(7), "101.00"),
        (day_after(8), day_after(8), "102.00"),
    ]


async def test_a_last_day_is_neither_before_the_first_nor_behind_the_next_rate(api: Api) -> None:
    await announced(api, row(state="NJ", effectiveFrom=day_after(30)))
    answer = await announced(
        api,
        row(state="NJ", effectiveFrom=day_after(10), effectiveUntil=day_after(9)),
        row(state="NJ", effectiveFrom=day_after(12), effectiveUntil=day_after(30)),
    )
    assert faults(answer) == [
        ("OUT_OF_BOUNDS", "input.rates.0.effectiveUntil", "CL-5"),
        ("CONFLICT", "input.rates.1.effectiveUntil", "CL-5"),
    ]


async def test_of_many_that_announce_days_that_cross_none_deadlocks_and_no_day_has_two(api: Api) -> None:
    answers = await asyncio.gather(
        *(announced(api, row(state="KY", effectiveFrom=day_after(days), amount=f"{days}.00")) for days in (9, 3, 7, 1))
    )
    assert [answer["userErrors"] for answer in answers] == [[]] * 4
    assert await days_of(api, "KY") == [
        (day_after(1), day_after(2), "1.00"),
        (day_after(3), day_after(6), "3.00"),
        (day_after(7), day_after(8), "7.00"),
        (day_after(9), None, "9.00"),
    ]
