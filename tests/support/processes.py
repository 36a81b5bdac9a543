"""Real processes of the program for tests: started as a person would, watched, ended."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

from tests.support.log_capture import keep_lines_of_process

ROOT = Path(__file__).parent.parent.parent
WAIT_SECONDS = 60


def bare_environment(data_dir: Path, **variables: str) -> dict[str, str]:
    """An environment that holds nothing but what the program is told here, and how its coverage is measured."""
    base = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "FC_DATA_DIR": str(data_dir)}
    measured = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return base | measured | variables


def run_command(*arguments: str, data_dir: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of the program to its end."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=ROOT,
        env=bare_environment(data_dir, **variables),
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )


class Served:
    """A server of the program in a process of its own, ready when the block begins, ended when it ends."""

    def __init__(self, data_dir: Path, *arguments: str, module: str = "cli", **variables: str) -> None:
        """Start it on a free port; its words are kept in a file beside the data."""
        self.data_dir = data_dir
        data_dir.mkdir(parents=True, exist_ok=True)
        with (data_dir / "server.err").open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, "serve", *arguments],
                cwd=ROOT,
                env=bare_environment(data_dir, **{"FC_PORT": "0"} | variables),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self.welcome = self._read_welcome()

    def _read_welcome(self) -> str:
        lines = []
        for line in self.process.stdout or ():
            lines.append(line)
            if line.startswith("Ctrl-C"):
                return "".join(lines)
        self.process.wait(WAIT_SECONDS)
        raise AssertionError(f"The server ended with {self.process.returncode}: {self.errors}")

    @property
    def errors(self) -> str:
        """What it has said on standard error."""
        return (self.data_dir / "server.err").read_text()

    @property
    def address(self) -> str:
        """Where it answers."""
        return self.welcome.split()[1].removesuffix("/")

    def end_by(self, number: signal.Signals) -> int:
        """Send it a signal and wait for its end; the answer is its exit code."""
        self.process.send_signal(number)
        return self.process.wait(WAIT_SECONDS)

    def __enter__(self) -> Self:
        """Be ready."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, if the test has not."""
        if self.process.poll() is None:
            self.end_by(signal.SIGTERM)
        if self.process.stdout is not None:
            self.process.stdout.close()
        keep_lines_of_process(self.errors)


def wait_until_postgres_is_gone(data_dir: Path) -> None:
    """Wait for the lock that each process of PostgreSQL holds, down to the last of them."""
    waiter = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX)"
    command = [sys.executable, "-S", "-c", waiter, str(data_dir / "postgres.lock")]
    subprocess.run(command, timeout=WAIT_SECONDS, check=True)


def postgres_is_running(data_dir: Path) -> bool:
    """Whether any process of the folder's PostgreSQL lives."""
    with (data_dir / "postgres.lock").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def postmaster(data_dir: Path) -> int:
    """The process number of the folder's PostgreSQL."""
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split("\n")[0])
