"""The whole program in real processes: it starts, says where it is, ends as a whole, and refuses in a sentence."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import asyncpg
import pytest

import demo
from database import Embedded, credentials, url_of
from settings import Settings
from tests.platform.test_settings import PRODUCTION
from tests.support.processes import (
    ROOT,
    Served,
    bare_environment,
    postgres_is_running,
    postmaster,
    run_command,
    wait_until_postgres_is_gone,
)

BACK_WITHIN_SECONDS = 30
"""On a machine that runs other tests at the same time; alone it takes a few."""


def _status(served: Served, path: str = "/graphql") -> int:
    """The status of an answer; any says that the server answers."""
    request = urllib.request.Request(f"{served.address}{path}", headers={"Accept": "text/html"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


async def _statement(data_dir: Path, statement: str) -> object:
    connection = await asyncpg.connect(**credentials(Embedded(data_dir).url("credits")))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def test_a_first_start_migrates_and_a_second_has_nothing_to_do(data_dir: Path) -> None:
    with Served(data_dir) as first:
        assert _status(first) == 200
        assert "migrated: 0001" in first.errors
        said_first = first.errors
        assert first.end_by(signal.SIGTERM) == 0
    with Served(data_dir) as second:
        assert _status(second) == 200
        assert "migrated" not in second.errors.removeprefix(said_first)


def test_a_demo_server_shows_where_it_is_and_who_may_sign_in(data_dir: Path) -> None:
    with Served(data_dir) as served:
        assert f"{served.address}/graphiql" in served.welcome
        for account in demo.ACCOUNTS:
            assert f"{account.role} " in served.welcome
            assert account.sign_in in served.welcome
            assert account.first_query in served.welcome


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_everything_in_order(data_dir: Path, number: signal.Signals) -> None:
    with Served(data_dir, FC_ENV="test") as served:
        assert served.end_by(number) == 0
        assert not postgres_is_running(data_dir)
        assert served.errors.endswith("Stopped.\n")


async def test_killing_the_server_leaves_no_postgresql_and_loses_no_committed_row(data_dir: Path) -> None:
    with Served(data_dir, FC_ENV="test") as served:
        await _statement(data_dir, "CREATE TABLE kept AS SELECT 'committed' AS word")
        served.end_by(signal.SIGKILL)
    await asyncio.to_thread(wait_until_postgres_is_gone, data_dir)
    with Served(data_dir, FC_ENV="test"):
        assert await _statement(data_dir, "SELECT word FROM kept") == "committed"


def _answer(served: Served) -> int | None:
    """What `/readyz` says; None while nobody listens."""
    try:
        return _status(served, "/readyz")
    except urllib.error.URLError:
        return None


def _back_after(seconds: float, served: Served) -> float:
    """How long it takes until the server answers with its database, at most so long."""
    began = time.monotonic()
    while _answer(served) != 200:
        assert time.monotonic() - began < seconds, served.errors
        assert served.process.poll() is None, served.errors
        time.sleep(0.05)
    return time.monotonic() - began


async def test_a_postgresql_that_is_killed_is_started_again_with_all_that_was_committed(data_dir: Path) -> None:
    with Served(data_dir, FC_ENV="test") as served:
        await _statement(data_dir, "CREATE TABLE kept AS SELECT 'committed' AS word")
        for _ in range(2):
            dead = postmaster(data_dir)
            os.kill(dead, signal.SIGKILL)
            await asyncio.to_thread(_until_another, data_dir, dead)
            await asyncio.to_thread(_back_after, BACK_WITHIN_SECONDS, served)
            assert await _statement(data_dir, "SELECT word FROM kept") == "committed"
        assert served.errors.count("database.started_again") == 2
        assert served.end_by(signal.SIGTERM) == 0
        assert not postgres_is_running(data_dir)


def _until_another(data_dir: Path, dead: int) -> None:
    """Wait until another PostgreSQL has taken the place of a dead one."""
    until = time.monotonic() + BACK_WITHIN_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(FileNotFoundError, ValueError):
            if postmaster(data_dir) != dead:
                return
        time.sleep(0.02)
    raise AssertionError("no other PostgreSQL was started")


def test_the_server_ends_when_its_postgresql_is_shut_down(data_dir: Path) -> None:
    with Served(data_dir, FC_ENV="test") as served:
        os.kill(postmaster(data_dir), signal.SIGINT)
        assert served.process.wait(60) == 1
        assert "PostgreSQL ended by itself" in served.errors


def test_a_killed_server_is_soon_back(data_dir: Path) -> None:
    with Served(data_dir, FC_ENV="test") as served:
        served.end_by(signal.SIGKILL)
        began = time.monotonic()
        with Served(data_dir, FC_ENV="test") as again:
            _back_after(BACK_WITHIN_SECONDS, again)
            assert time.monotonic() - began < BACK_WITHIN_SECONDS


def test_two_copies_side_by_side_do_not_disturb_each_other(data_dir: Path) -> None:
    with Served(data_dir / "one", FC_ENV="test") as one, Served(data_dir / "two", FC_ENV="test") as two:
        assert one.address != two.address
        assert one.end_by(signal.SIGINT) == 0
        assert _status(two) == 200


def test_a_second_server_of_the_same_folder_says_so(data_dir: Path) -> None:
    with Served(data_dir, FC_ENV="test") as served:
        refused = run_command("serve", data_dir=data_dir, FC_ENV="test", FC_PORT="0")
        assert refused.returncode == 1
        assert f"process {served.process.pid}) already uses" in refused.stderr


def test_other_commands_join_the_running_server(data_dir: Path) -> None:
    with Served(data_dir, FC_ENV="test"):
        joined = run_command("migrate", data_dir=data_dir, FC_ENV="test")
        assert (joined.returncode, joined.stdout) == (0, "nothing to migrate\n")


def test_health_is_told_by_the_exit_code(data_dir: Path) -> None:
    with Served(data_dir, FC_ENV="test") as served:
        port = served.address.rsplit(":", 1)[1]
        healthy = run_command("health", data_dir=data_dir, FC_ENV="test", FC_PORT=port)
    ill = run_command("health", data_dir=data_dir, FC_ENV="test", FC_PORT=port)
    assert (healthy.returncode, healthy.stdout) == (0, "ready\n")
    assert ill.returncode == 1
    assert "not ready" in ill.stderr


def test_with_an_address_of_a_database_no_embedded_one_starts(data_dir: Path, database_settings: Settings) -> None:
    with Served(data_dir, FC_ENV="test", FC_DATABASE_URL=url_of(database_settings)) as served:
        assert _status(served, "/readyz") == 200
        assert not (data_dir / "postgres").exists()


def test_the_worker_can_run_in_a_process_of_its_own(data_dir: Path) -> None:
    with Served(data_dir, "--no-worker", FC_ENV="test") as served:
        command = [sys.executable, "-m", "cli", "worker"]
        environment = bare_environment(data_dir, FC_ENV="test")
        with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as worker:
            assert worker.stderr is not None
            assert worker.stderr.readline() == "The worker is running; Ctrl-C stops it.\n"
            worker.send_signal(signal.SIGINT)
            assert worker.wait(60) == 0
        assert _status(served, "/readyz") == 200


def test_fresh_keys_are_fit_for_production(data_dir: Path) -> None:
    told = run_command("keys", "new", data_dir=data_dir).stdout
    keys = dict(line.split("=", 1) for line in told.splitlines())
    with Served(data_dir, **PRODUCTION | keys | {"FC_PORT": "0"}) as served:
        assert served.end_by(signal.SIGTERM) == 0


def test_a_port_in_use_is_named_before_anything_starts(data_dir: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = run_command("serve", data_dir=data_dir, FC_PORT=str(taken.getsockname()[1]))
    assert refused.returncode == 2
    assert "FC_PORT" in refused.stderr
    assert not data_dir.exists()


@pytest.mark.parametrize(
    ("variables", "named", "code"),
    [
        ({"FC_PORT": "eighty"}, "FC_PORT", 2),
        (PRODUCTION | {"FC_SECRET_KEYS": "short"}, "FC_SECRET_KEYS", 2),
        ({"FC_DATABASE_URL": "postgresql://postgres@127.0.0.1:1/none"}, "FC_DATABASE_URL", 1),
    ],
)
def test_what_cannot_be_read_is_one_sentence_and_no_traceback(
    data_dir: Path, variables: dict[str, str], named: str, code: int
) -> None:
    refused = run_command("serve", data_dir=data_dir, **{"FC_PORT": "0"} | variables)
    assert refused.returncode == code
    assert named in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_production_refuses_a_database_with_demo_accounts(data_dir: Path) -> None:
    with Served(data_dir) as served:
        served.end_by(signal.SIGTERM)
    refused = run_command("serve", data_dir=data_dir, **PRODUCTION | {"FC_PORT": "0"})
    assert refused.returncode == 2
    assert "FC_ENV=production is refused: the database holds demo accounts." in refused.stderr


def test_production_starts_on_a_database_of_its_own(data_dir: Path) -> None:
    with Served(data_dir, **PRODUCTION) as served:
        assert "https://credits.example/graphiql" in served.welcome
        assert "demo" not in served.welcome
