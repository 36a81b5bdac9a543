"""What an answer was made of goes with it: no circle of references keeps rows of people's records in memory."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from execution.run import Run
from models.base.statements import ROW_CLASSES
from operations.context import Context
from tests.support.api import Api, api_on
from tests.support.databases import own_database

HELD = (Run, Context, *ROW_CLASSES)
DIRECTORY = """
{ providers(filter: {state: "MA"}, first: 5) {
  nodes { name licenses { state } openings(first: 2) { nodes { id } } } } }
"""
NO_SUCH = (
    'mutation { withdrawAppointment(input: {appointmentId: "apt_00000000000000000000000000"}) { userErrors { code } } }'
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of this module's own."""
    async with own_database(postgres) as settings, api_on(settings) as client:
        yield client


@pytest.mark.parametrize("query", ["{ wallet { available } }", DIRECTORY, NO_SUCH], ids=["row", "lists", "change"])
async def test_an_answered_request_leaves_nothing_to_the_garbage_collector(
    api: Api, query: str, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--graphql-core"):
        pytest.skip("graphql-core's own execution leaves circles behind")
    for _ in range(2):
        await api.ask(query, role="STUDENT")
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        await api.ask(query, role="STUDENT")
        gc.collect()
        left = [type(one).__name__ for one in gc.garbage if isinstance(one, HELD)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert left == []
