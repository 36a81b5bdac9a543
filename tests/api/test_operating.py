"""What an operator relies on: readiness that is true, metrics, and an end to whatever takes too long."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
from prometheus_client import start_http_server

from app import create_app
from database import connected, credentials
from models.base.access import Role
from models.base.statements import execute
from models.schools.schools import School
from settings import Settings, UnreadableSettingsError
from telemetry.version import VERSION
from tests.support.api import Api, api_on
from tests.support.postgres import copy_of_template, settings_for
from tests.transport.server import serving
from transport import write_manifest
from transport.trusted import document_id

SCHOOLS = "{ schools(first: 1) { nodes { name } } now }"
BRIEFLY = 0.2


def code_of(answer: httpx2.Response) -> str | None:
    """The code of the first error."""
    errors = answer.json().get("errors")
    return errors[0]["extensions"]["code"] if errors else None


async def test_a_document_that_the_schema_no_longer_answers_stops_the_start(database: Settings, tmp_path: Path) -> None:
    stale = "query Yesterday { gone }"
    path = tmp_path / "stale.json"
    write_manifest({document_id(stale): stale}, path)
    with pytest.raises(UnreadableSettingsError, match="cannot be answered"):
        create_app(database.model_copy(update={"trusted_documents": path}))


@asynccontextmanager
async def pages_of(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the pages beside GraphQL."""
    transport = httpx2.ASGITransport(app=create_app(settings))
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as http:
        yield http


async def test_a_server_that_can_answer_is_ready(committed: Settings) -> None:
    async with pages_of(committed) as http:
        assert ((await http.get("/healthz")).status_code, (await http.get("/readyz")).text) == (200, "ready\n")


async def test_pending_migrations_make_a_server_unready(committed: Settings) -> None:
    await execute("DELETE FROM tortoise_migrations WHERE name = '0006_audit'")
    async with pages_of(committed) as http:
        answer = await http.get("/readyz")
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/healthz")).text == f"alive {VERSION}\n"
    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/plain; charset=utf-8")
    assert answer.text == "The database is not up to date: 1 migrations are pending.\n"


@pytest.mark.parametrize(
    "error",
    [ConnectionRefusedError, TimeoutError, asyncpg.ConnectionDoesNotExistError, asyncpg.TooManyConnectionsError],
)
async def test_a_database_that_is_away_makes_a_server_unready_and_not_dead(
    database: Settings, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    async def away(_: str) -> Any:
        raise error

    async with pages_of(database) as http:
        with monkeypatch.context() as patched:
            patched.setattr("telemetry.health.fetch_one", away)
            answers = [await http.get("/readyz"), await http.get("/healthz")]
        back = await http.get("/readyz")
    assert [answer.status_code for answer in (*answers, back)] == [503, 200, 200]
    assert answers[0].text == "The database does not answer.\n"


async def test_metrics_stand_on_their_own_port(committed: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with_port = committed.model_copy(update={"metrics_port": 0})
    ports: list[int] = []

    def noted(*arguments: Any, **more: Any) -> Any:
        server, thread = start_http_server(*arguments, **more)
        ports.append(server.server_port)
        return server, thread

    monkeypatch.setattr("telemetry.metrics.start_http_server", noted)
    async with served(with_port) as api:
        await api.ask("{ now }")
        await api.fail("{ wallet { available } }")
        async with httpx2.AsyncClient(trust_env=False) as http:
            told = (await http.get(f"http://127.0.0.1:{ports[0]}/metrics")).text
        assert (await api.http.get("/metrics")).status_code == 404
    assert f'fc_build_info{{version="{VERSION}"}} 1.0' in told
    assert 'fc_requests_total{code="OK",kind="http"} 1.0' in told
    assert 'fc_requests_total{code="UNAUTHENTICATED",kind="http"} 1.0' in told
    assert 'fc_request_seconds_count{type="query"} 2.0' in told
    for name in ("fc_pool_connections", "fc_pool_connections_used", "fc_subscriptions", "fc_audit_waiting"):
        assert re.search(rf"^{name} \d", told, re.MULTILINE), name
    of_jobs = ("fc_jobs_waiting", "fc_jobs_running", "fc_jobs_failed", "fc_jobs_age_seconds")
    for name in ("fc_outbox_age_seconds", *of_jobs):
        assert re.search(rf"^{name} \d", told, re.MULTILINE), name
    for name in ("length", "oldest_seconds", "beyond_target", "overdue", "taken"):
        assert re.search(rf'^fc_queue_{name}{{kind="VERIFY_LICENSE"}} \d', told, re.MULTILINE)


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[Api]:
    """A program on loopback, with its lifespan."""
    async with (
        serving(create_app(settings), lifespan="on") as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
    ):
        yield Api(http=http)


@asynccontextmanager
async def brief(postgres: str, **changes: Any) -> AsyncIterator[tuple[Api, str]]:
    """A server with one connection and little patience, and the address of its database."""
    async with copy_of_template(postgres) as url:
        patient = settings_for(url)
        async with connected(patient), api_on(patient) as api:
            token = await api.token("OPS")
        settings = settings_for(url, pool_size=1, **changes)
        async with connected(settings), api_on(settings) as api:
            api.tokens["OPS"] = token
            yield api, url


async def test_a_statement_that_takes_too_long_is_cut_and_told(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with brief(postgres, statement_timeout_seconds=BRIEFLY) as (api, _):
        monkeypatch.setitem(School.REACH, Role.OPS, "pg_sleep(30) IS NULL")
        answer = await api.send(SCHOOLS, role="OPS")
        monkeypatch.undo()
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["extensions"]["code"], error["path"]) == (200, "DEADLINE", ["schools"])
        assert answer.json()["data"]["now"] is not None
        assert await api.ask(SCHOOLS, role="OPS")


async def test_a_wait_for_a_lock_is_cut_and_told(postgres: str) -> None:
    async with brief(postgres, lock_timeout_seconds=BRIEFLY) as (api, url):
        other = await asyncpg.connect(**credentials(url))
        async with other.transaction():
            await other.execute("LOCK TABLE schools IN ACCESS EXCLUSIVE MODE")
            (error,) = await api.fail(SCHOOLS, role="OPS")
        await other.close()
        assert error["extensions"]["code"] == "DEADLINE"


async def test_a_request_that_takes_too_long_is_stopped_with_its_statement(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Settings.model_fields["limits"].default.model_copy(update={"request_seconds": BRIEFLY})
    async with brief(postgres, statement_timeout_seconds=20, limits=limits) as (api, _):
        monkeypatch.setitem(School.REACH, Role.OPS, "pg_sleep(30) IS NULL")
        answer = await asyncio.wait_for(api.send(SCHOOLS, role="OPS"), 30)
        monkeypatch.undo()
        assert (answer.status_code, code_of(answer)) == (503, "DEADLINE")
        await asyncio.wait_for(execute("SELECT 1"), 30)  # the one connection is free again
