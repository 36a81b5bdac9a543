"""Memory stays where it is, however many different documents are sent: what is forgotten is given back at once."""

from __future__ import annotations

import gc
import weakref
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from cli.serving import GARBAGE_THRESHOLDS
from execution import Plans, plans
from schema.root import SCHEMA
from settings import Settings
from tests.support.api import Api, api_on
from transport import Limits, documents
from transport.documents import Documents

GROWTH_MAX = 1.2
DOCUMENTS = 300
DOCUMENTS_IN_SOAK = 50_000
SIGNED_IN_FOR = 1_000
PAGE_BYTES = 4096
DOCUMENT = """
query Home%d { viewer { role } node(id: "x") { id ... on Student { name } ... on Provider { name } }
  providers(filter: {state: "MA"}, first: 1) { nodes { id a%d: name openings(first: 1) { nodes { id startsAt } } } } }
"""


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def api(database: Settings) -> AsyncIterator[Api]:
    """A client of a server whose budgets are never spent, and that waits for long."""
    endless = 10**9
    budgets = {"cost_per_minute": endless, "cost_per_minute_source": endless}
    patient = database.limits.model_copy(update={"request_seconds": 600})  # a soak may have a busy machine
    async with api_on(database.model_copy(update=budgets | {"limits": patient})) as api:
        await api.token("OPS")
        yield api


@pytest.fixture
def as_served() -> Iterator[None]:
    """Let the collector look as rarely as it does in a server."""
    before = gc.get_threshold()
    gc.collect()
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    yield
    gc.set_threshold(*before)


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Let nothing be given back but what nobody refers to any more."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def ask_differently(api: Api, first: int, last: int) -> None:
    """Send as many documents, each another."""
    for number in range(first, last):
        if number % SIGNED_IN_FOR == 0:
            api.tokens.clear()  # a soak lasts longer than an access token
        answer = await api.send(DOCUMENT % (number, number), role="OPS")
        assert "errors" not in answer.json(), answer.json()


def test_a_plan_that_is_forgotten_is_given_back_without_the_collector(no_collector: None) -> None:
    made = Plans(SCHEMA)
    document = Documents(SCHEMA._schema, Limits()).get(DOCUMENT % (1, 1)).node
    plan = made.plan_of(document)
    assert plan is not None
    block = weakref.ref(plan.root.fields[-1].block.type)
    parts = [weakref.ref(plan.complete)] + [weakref.ref(step.complete) for step in plan.following if step.complete]
    assert all(part() is not None for part in parts)
    made._prepared.clear()
    del plan
    assert [part() for part in parts] == [None] * len(parts)
    assert block() is not None  # the schema's own


def test_a_document_that_is_forgotten_is_given_back_without_the_collector(no_collector: None) -> None:
    known = Documents(SCHEMA._schema, Limits())
    node = weakref.ref(known.get(DOCUMENT % (2, 2)).node)
    gc.collect()  # the rules of validation leave circles behind; they are young, and the collector finds them soon
    assert node() is not None
    known._free.clear()
    assert node() is None
    assert gc.collect() == 0  # and nothing of it waits in a circle


def test_an_error_still_tells_where_it_is() -> None:
    with pytest.raises(documents.DocumentRefused) as refused:
        Documents(SCHEMA._schema, Limits()).get("{\n  viewer { nonsense } }")
    assert [(at.line, at.column) for error in refused.value.errors for at in error.locations or ()] == [(2, 12)]


async def test_what_is_kept_does_not_grow_with_the_documents(
    api: Api, as_served: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "REMEMBERED_DOCUMENTS_MAX", 20)
    monkeypatch.setattr(plans, "OPERATIONS_MAX", 10)
    await ask_differently(api, 0, DOCUMENTS // 10)
    gc.collect()
    kept = len(gc.get_objects())
    await ask_differently(api, DOCUMENTS // 10, DOCUMENTS)
    gc.collect(1)  # the young, as the collector does by itself every so often; the old it hardly ever looks at
    assert len(gc.get_objects()) < kept * GROWTH_MAX


@pytest.mark.soak
async def test_memory_after_50000_documents_is_that_after_5000(api: Api, as_served: None) -> None:
    await ask_differently(api, 0, DOCUMENTS_IN_SOAK // 10)
    before = resident_bytes()
    await ask_differently(api, DOCUMENTS_IN_SOAK // 10, DOCUMENTS_IN_SOAK)
    after = resident_bytes()
    assert after < before * GROWTH_MAX, (before, after)


def resident_bytes() -> int:
    """The memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES
