"""A small process between the server and its PostgreSQL, so that not even `kill -9` leaves a database behind.

It is started as a script, with the standard library only. The server holds the other end of its standard input: when
the server ends, however it ends, that pipe closes and PostgreSQL is shut down. When PostgreSQL dies, it is started
again. Should this process itself be killed,
Linux tells PostgreSQL (PR_SET_PDEATHSIG). A lock that PostgreSQL and all its children inherit says when the last of
them is gone.
"""

import contextlib
import ctypes
import fcntl
import json
import locale
import os
import pwd
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

PR_SET_PDEATHSIG, PR_SET_SECUREBITS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 28, 47, 2
SECBIT_NO_SETUID_FIXUP = 4
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522
ORPHAN_WAIT_SECONDS = 60
READY_WAIT_SECONDS = 300
LOG_BYTES_MAX = 10_000_000
DEATHS_MAX = 5
DEATHS_WITHIN_SECONDS = 600


class RefusedError(Exception):
    """PostgreSQL cannot be started; the message says why."""


def main() -> NoReturn:
    """Start PostgreSQL as the first argument tells, say that it is ready, shut it down when the server is gone."""
    order: dict[str, Any] = json.loads(sys.argv[1])
    cluster = Cluster(order)
    try:
        postgres = cluster.start()
    except (RefusedError, OSError, subprocess.SubprocessError) as error:
        say(error=str(error))
        sys.exit(1)
    keeper = Keeper(cluster, postgres)
    threading.Thread(target=keeper.keep, daemon=True).start()
    say(ready=postgres.pid)
    while os.read(0, 1024):
        pass
    keeper.stop()
    while True:
        signal.pause()


def say(**message: Any) -> None:
    """Tell the server one line; a server that is gone no longer listens."""
    with contextlib.suppress(BrokenPipeError):
        os.write(1, json.dumps(message).encode() + b"\n")


class Keeper:
    """Starts PostgreSQL again when it died, unless it dies again and again."""

    def __init__(self, cluster: "Cluster", postgres: "subprocess.Popen[bytes]") -> None:
        """Keep a PostgreSQL that is running."""
        self.cluster = cluster
        self.postgres = postgres
        self.stopping = threading.Event()
        self.deaths: list[float] = []

    def keep(self) -> NoReturn:
        """Wait for each end; an end in good order, and one too many, are the end of this process too."""
        while True:
            code = self.postgres.wait()
            now = time.monotonic()
            self.deaths = [*(death for death in self.deaths if death > now - DEATHS_WITHIN_SECONDS), now]
            if self.stopping.is_set() or code == 0 or len(self.deaths) > DEATHS_MAX:
                os._exit(abs(code))
            try:
                self.postgres = self.cluster.start_again()
            except (RefusedError, OSError, subprocess.SubprocessError) as error:
                say(error=str(error))
                os._exit(1)
            say(restarted=self.postgres.pid)
            if self.stopping.is_set():
                self.postgres.send_signal(signal.SIGINT)

    def stop(self) -> None:
        """Shut it down in good order."""
        self.stopping.set()
        self.postgres.send_signal(signal.SIGINT)


class Cluster:
    """One data folder of PostgreSQL and the user it runs as."""

    def __init__(self, order: dict[str, Any]) -> None:
        """Keep the order: where the binaries, the folders and the log are, and with which options to start."""
        self.order = order
        self.folder = Path(order["folder"])
        self.sockets = Path(order["sockets"])
        self.lock = -1
        self.as_user = User.to_run_as(self.folder)

    def start(self) -> "subprocess.Popen[bytes]":
        """Wait for an orphaned predecessor, create the cluster if there is none, start, and wait until it answers."""
        self.lock = self._lock()
        self.as_user.must_reach(Path(self.order["postgres"]), self.folder.parent)
        if not (self.folder / "PG_VERSION").exists():
            self._create()
        self._prepare_sockets()
        self._forget_the_dead()
        postgres = self._run([self.order["postgres"], "-D", str(self.folder), *self.order["options"]], self._log())
        self._wait_until_ready(postgres)
        return postgres

    def start_again(self) -> "subprocess.Popen[bytes]":
        """Start after a death, once the last process of the dead one is gone: they hold the lock too."""
        os.close(self.lock)
        return self.start()

    def _lock(self) -> int:
        lock = os.open(self.folder.parent / "postgres.lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + ORPHAN_WAIT_SECONDS
        told = False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() > deadline:
                    raise RefusedError(f"Another PostgreSQL still uses {self.folder}.") from None
                if not told:
                    say(note="waiting for the previous PostgreSQL to finish")
                told = True
                time.sleep(0.02)
            else:
                return lock

    def _create(self) -> None:
        """Run initdb beside the final place and rename, so that an interrupted one leaves no half a cluster."""
        say(note=f"creating a PostgreSQL {self.order['major']} database in {self.folder}")
        unfinished = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self.as_user.own(unfinished)
        command = [
            self.order["initdb"],
            "-D",
            str(unfinished),
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
        ]
        command += locale_options(self.order["major"]) + ([] if self.order["durable"] else ["--no-sync"])
        log = self._log()
        if self._run(command, log).wait() != 0:
            raise RefusedError(f"initdb failed; its own words are in {self.order['log']}.")
        unfinished.rename(self.folder)
        parent = os.open(self.folder.parent, os.O_RDONLY)
        os.fsync(parent)
        os.close(parent)

    def _prepare_sockets(self) -> None:
        """Make the short folder for the socket where the data folder's own path is too long for one."""
        if self.sockets == self.folder:
            return
        with contextlib.suppress(FileExistsError):
            self.sockets.mkdir(mode=0o700)
            self.as_user.own(self.sockets)
        found = self.sockets.lstat()
        if found.st_uid not in {os.geteuid(), self.as_user.uid} or self.sockets.is_symlink():
            raise RefusedError(f"{self.sockets} belongs to somebody else; set TMPDIR to another folder.")
        self.as_user.own(self.sockets)

    def _forget_the_dead(self) -> None:
        """Remove lock files of a killed PostgreSQL, whose process number may meanwhile belong to another program."""
        pid_file = self.folder / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
            pid = int(pid_file.read_text().split("\n")[0])
            with contextlib.suppress(FileNotFoundError):
                if str(self.folder).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return
        if sys.platform == "linux":
            pid_file.unlink(missing_ok=True)
            for left in self.sockets.glob(".s.PGSQL.*"):
                left.unlink(missing_ok=True)

    def _wait_until_ready(self, postgres: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + READY_WAIT_SECONDS
        while time.monotonic() < deadline:
            if postgres.poll() is not None:
                raise RefusedError(f"PostgreSQL did not start; its own words are in {self.order['log']}.")
            with contextlib.suppress(FileNotFoundError, IndexError):
                lines = (self.folder / "postmaster.pid").read_text().split("\n")
                if lines[0] == str(postgres.pid) and lines[7].strip() == "ready":
                    return
            time.sleep(0.01)
        postgres.send_signal(signal.SIGQUIT)
        raise RefusedError(f"PostgreSQL was not ready after {READY_WAIT_SECONDS} seconds; see {self.order['log']}.")

    def _log(self) -> int:
        """Open the log, keeping one older one of bounded size."""
        log = Path(self.order["log"])
        if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
            log.rename(log.with_suffix(".log.1"))
        return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def _run(self, command: list[str], log: int) -> "subprocess.Popen[bytes]":
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=environment,
            pass_fds=[self.lock],
            preexec_fn=end_with_this_process(self.as_user.keep_reach),
            **self.as_user.identity,
        )
        os.close(log)
        return process


class User:
    """Who PostgreSQL runs as: whoever started us, but never root, since PostgreSQL refuses that."""

    def __init__(self, uid: int, gid: int, name: str, *, dropped: bool) -> None:
        """Remember the numbers; `dropped` says that we are root and PostgreSQL is to be somebody else."""
        self.uid, self.gid, self.name, self.dropped = uid, gid, name, dropped
        self.keep_reach = False

    @classmethod
    def to_run_as(cls, folder: Path) -> "User":
        """Choose the owner of existing data, else an existing user without rights."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), str(os.geteuid()), dropped=False)
        owner = folder.stat().st_uid if folder.exists() else 0
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                entry = pwd.getpwuid(owner) if owner else pwd.getpwnam(name)
                return cls(entry.pw_uid, entry.pw_gid, entry.pw_name, dropped=True)
        raise RefusedError(
            "PostgreSQL does not run as root, and there is no user `nobody` to run it; set FC_DATABASE_URL."
        )

    @property
    def identity(self) -> dict[str, Any]:
        """The arguments that make a child process this user's."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.dropped else {}

    def own(self, folder: Path) -> None:
        """Give the folder to this user."""
        if self.dropped:
            os.chown(folder, self.uid, self.gid)

    def must_reach(self, *paths: Path) -> None:
        """See to it that the user reaches the paths; below a closed folder (as /root is) hand on the right to pass."""
        if not self.dropped or self._reaches(paths):
            return
        # Without this bit the right would be lost with root's number, and access(2), which PostgreSQL asks, ignores it.
        libc = ctypes.CDLL(None, use_errno=True)
        if sys.platform != "linux" or libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) != 0:
            raise RefusedError(
                f"PostgreSQL does not run as root, and {self.name} cannot reach {' or '.join(map(str, paths))}. "
                "Start the server as another user, or set FC_DATABASE_URL."
            )
        self.keep_reach = True

    def _reaches(self, paths: tuple[Path, ...]) -> bool:
        child = os.fork()
        if child == 0:
            os.setgroups([])
            os.setgid(self.gid)
            os.setuid(self.uid)
            os._exit(0 if all(os.access(path, os.X_OK) for path in paths) else 1)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def end_with_this_process(keep_reach: bool) -> Callable[[], None]:
    """Make what a child does before it becomes PostgreSQL: it will be told to shut down when this process dies."""
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def prepare() -> None:
        if keep_reach:
            hand_on_reach(libc)
        if sys.platform == "linux":
            libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return prepare


def hand_on_reach(libc: ctypes.CDLL) -> None:
    """Keep, of all that root may do, only passing closed folders, and let the program that follows inherit it."""
    allowed = 1 << CAP_DAC_OVERRIDE
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    sets = struct.pack("=6I", allowed, allowed, allowed, 0, 0, 0)
    if libc.capset(header, sets) != 0 or libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the right to pass closed folders cannot be handed on")


def locale_options(major: int) -> list[str]:
    """The same sorting and case rules on every machine, as far as the version knows how."""
    if major >= 17:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return ["--locale=C"]
    return ["--locale=C.UTF-8"]


if __name__ == "__main__":
    main()
