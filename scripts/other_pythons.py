"""Start the program and run its main job on each other Python that it supports and this machine has.

The whole suite runs on the lowest version, by `make test`. Uses the standard library only.
"""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements-dev.lock"
MINORS = range(11, 15)
"""Python 3.11 to 3.14."""

TESTS = (
    "tests/platform/test_start.py",
    "tests/platform/test_serving.py::test_a_demo_server_shows_where_it_is_and_who_may_sign_in",
    "tests/api/test_examples.py",
    "tests/api/test_schema.py",
)
"""A start of the program, then its API: the main job, every screen, the schema."""


def main() -> int:
    """Test each other version that is found; fail if one of them fails."""
    found = {minor: python for minor in MINORS if minor != sys.version_info.minor and (python := python_of(minor))}
    if not found:
        print(f"This machine has no Python from 3.{MINORS[0]} to 3.{MINORS[-1]} but 3.{sys.version_info.minor}.")
    failed = [minor for minor, python in found.items() if not passes(minor, python)]
    for minor in failed:
        print(f"Python 3.{minor} fails.", file=sys.stderr)
    return 1 if failed else 0


def python_of(minor: int) -> Path | None:
    """The program of a version, if there is one that runs: a version manager's may stand on PATH and not run."""
    return next((path for path in candidates(minor) if runs(path, minor)), None)


def candidates(minor: int) -> Iterator[Path]:
    """Where a version may be: on PATH, else among pyenv's, the newest first."""
    if on_path := shutil.which(f"python3.{minor}"):
        yield Path(on_path)
    yield from sorted((Path.home() / ".pyenv" / "versions").glob(f"3.{minor}.*/bin/python3"), reverse=True)


def runs(python: Path, minor: int) -> bool:
    """Whether this program runs and is of that version."""
    done = subprocess.run([python, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True)
    return done.returncode == 0 and done.stdout.split() == ["3", str(minor)]


def passes(minor: int, python: Path) -> bool:
    """Whether the packages can be installed and the tests pass."""
    print(f"testing on Python 3.{minor}", flush=True)
    environment = ROOT / "build" / f"python3.{minor}"
    return installed(environment, python) and succeeds(environment / "bin" / "python", "-m", "pytest", *TESTS)


def installed(environment: Path, python: Path) -> bool:
    """Make an environment with the pinned packages, unless it was made from the same pins."""
    stamp, pins = environment / ".made-from", hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == pins:
        return True
    pip = ("-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input", "--require-hashes", "-r", LOCK)
    made = succeeds(python, "-m", "venv", "--clear", environment) and succeeds(environment / "bin" / "python", *pip)
    if made:
        stamp.write_text(pins)
    return made


def succeeds(*command: str | Path) -> bool:
    """Run a program; whether it ended well."""
    return subprocess.run(command, cwd=ROOT).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
