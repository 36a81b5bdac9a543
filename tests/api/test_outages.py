"""A database that is away is told as such, with a code of its own, and the program comes back by itself."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, MutableMapping
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
import pytest_asyncio
from structlog.testing import capture_logs
from tortoise.exceptions import OperationalError

from database import Embedded, connected, create_database, credentials, migrate
from models.base.ids import new_id
from models.base.statements import execute
from operations.outages import OutageLog, outage_of
from settings import Settings
from tests.support.api import Api, api_on
from tests.support.postgres import settings_for

VIEWER = "{ viewer { role } }"
OPEN_SCHOOL = """
mutation ($input: OpenSchoolInput!) { openSchool(input: $input) { school { name } userErrors { code field message } } }
"""
LOSE_AT_COMMIT = """
CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER lose AFTER INSERT ON schools DEFERRABLE INITIALLY DEFERRED
   FOR EACH ROW EXECUTE FUNCTION lose();
"""
ASKED_AT_ONCE = 40
BACK_WITHIN_SECONDS = 8.0


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def embedded() -> AsyncIterator[Embedded]:
    """A PostgreSQL of this module's own, to be stopped and started."""
    folder = Path(tempfile.mkdtemp(prefix="fc-"))
    own = Embedded(folder, durable=False).start()
    try:
        await create_database(own.url(), "credits")
        yield own
    finally:
        own.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def api(embedded: Embedded) -> AsyncIterator[Api]:
    """A client of a server on it, signed in already."""
    settings: Settings = settings_for(embedded.url("credits"))
    await migrate(settings)
    async with connected(settings), api_on(settings) as api:
        await api.token("OPS")
        yield api


async def statement(embedded: Embedded, text: str) -> None:
    """Run a statement on a connection of its own."""
    connection = await asyncpg.connect(**credentials(embedded.url("credits")))
    try:
        await connection.execute(text)
    finally:
        await connection.close()


def code_of(answer: httpx2.Response) -> str:
    """The one code of an answer that has no data."""
    body = answer.json()
    assert "data" not in body
    (error,) = body["errors"]
    return str(error["extensions"]["code"])


def events_in(logs: list[MutableMapping[str, Any]]) -> list[str]:
    """The events of what was logged, but for the one line of each request."""
    return [str(line["event"]) for line in logs if line["event"] != "request"]


async def until_answered(api: Api) -> httpx2.Response:
    """The first answer that is not 503."""
    until = asyncio.get_running_loop().time() + BACK_WITHIN_SECONDS
    while True:
        answer = await api.send(VIEWER, role="OPS")
        if answer.status_code != 503 or asyncio.get_running_loop().time() > until:
            return answer
        await asyncio.sleep(0.05)


async def test_a_database_that_is_stopped_is_told_as_503_until_it_is_back(embedded: Embedded, api: Api) -> None:
    assert (await api.send(VIEWER, role="OPS")).status_code == 200
    await asyncio.to_thread(embedded.stop)
    try:
        with capture_logs() as logs:
            asked = [api.send(VIEWER, role="OPS") for _ in range(ASKED_AT_ONCE)]
            asked += [
                api.send(
                    OPEN_SCHOOL, role="OPS", variables={"input": {"name": "Nowhere", "timeZone": "America/New_York"}}
                )
            ]
            answers = await asyncio.gather(*asked)
        campus = await api.http.get("/campus/start", params={"school": str(new_id())})
    finally:
        await asyncio.to_thread(embedded.start)
    assert {answer.status_code for answer in answers} == {503}
    assert {code_of(answer) for answer in answers} == {"UNAVAILABLE"}
    assert {answer.headers["retry-after"] for answer in answers} == {"2"}
    assert campus.status_code in (404, 503)
    assert set(events_in(logs)) == {"database.away"}
    assert len(events_in(logs)) <= 3  # one a second
    assert (await until_answered(api)).json()["data"] == {"viewer": {"role": "OPS"}}


async def test_a_database_that_only_reads_is_away_for_changes(embedded: Embedded, api: Api) -> None:
    asked = {"input": {"name": "College of Reading", "timeZone": "America/New_York"}}
    await execute("SET default_transaction_read_only = on")
    try:
        answer = await api.send(OPEN_SCHOOL, role="OPS", variables=asked)
    finally:
        await execute("SET default_transaction_read_only = off")
    assert (answer.status_code, code_of(answer)) == (503, "UNAVAILABLE")


async def test_a_change_whose_commit_is_lost_says_so_and_is_done_once_with_its_key(
    embedded: Embedded, api: Api
) -> None:
    school = {"name": "College of Doubt", "timeZone": "America/New_York"}
    asked = {"input": school | {"idempotencyKey": "a-change-in-doubt"}}
    await statement(embedded, LOSE_AT_COMMIT)
    lost = await api.send(OPEN_SCHOOL, role="OPS", variables=asked)
    await statement(embedded, "DROP FUNCTION lose CASCADE")
    assert (lost.status_code, code_of(lost)) == (503, "UNKNOWN_OUTCOME")
    assert "idempotencyKey" in lost.json()["errors"][0]["message"]
    for _ in range(2):
        again = (await api.send(OPEN_SCHOOL, role="OPS", variables=asked)).json()
        assert again["data"]["openSchool"] == {"school": {"name": "College of Doubt"}, "userErrors": []}
    names = await api.ask("{ schools(first: 100) { nodes { name } } }", role="OPS")
    assert [node["name"] for node in names["schools"]["nodes"]].count("College of Doubt") == 1


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        ConnectionResetError(),
        FileNotFoundError(),
        TimeoutError(),
        asyncpg.ConnectionDoesNotExistError(),
        asyncpg.ConnectionFailureError(),
        asyncpg.CannotConnectNowError(),
        asyncpg.ReadOnlySQLTransactionError(),
        asyncpg.InvalidCatalogNameError(),
        asyncpg.AdminShutdownError(),
        asyncpg.InterfaceError("the pool is closed"),
        asyncpg.InternalClientError(),
        OperationalError(asyncpg.ConnectionDoesNotExistError()),
    ],
)
def test_every_error_of_the_connection_is_an_outage(error: Exception) -> None:
    assert outage_of(error) is not None


@pytest.mark.parametrize(
    "error",
    [
        ValueError(),
        asyncpg.UniqueViolationError(),
        asyncpg.UndefinedColumnError(),
        asyncpg.exceptions._base.DataError("a value that does not fit"),
    ],
)
def test_an_error_of_ours_is_none(error: Exception) -> None:
    assert outage_of(error) is None


def test_what_is_left_out_of_the_log_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([1000.0, 1000.1, 1000.2, 1001.5])
    monkeypatch.setattr("operations.outages.time.monotonic", lambda: next(seconds))
    outages = OutageLog()
    with capture_logs() as logs:
        for _ in range(4):
            outages.note(ConnectionRefusedError())
    assert [line["left_out"] for line in logs] == [0, 2]
