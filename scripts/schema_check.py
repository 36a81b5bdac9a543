"""Hold schema.graphql to the program, and breaking changes to the changelog.

The committed schema must be what the program prints. A change that breaks a client's document is allowed only if
CHANGELOG.md gained, since the schema before it, a line that names the changed element.
"""

import re
import subprocess
import sys
from pathlib import Path

from graphql import build_schema, find_breaking_changes

SCHEMA = "schema.graphql"
CHANGELOG = "CHANGELOG.md"
ROOT = Path(__file__).parent.parent


def main() -> int:
    """Print each fault in a sentence and answer the exit code."""
    committed = ROOT / SCHEMA
    if not committed.exists():
        return _fail([f"{SCHEMA} is missing: write it with `make schema`."])
    current = committed.read_text()
    faults = [] if printed_schema() == current else [f"{SCHEMA} is not what the program shows: run `make schema`."]
    if (before := schema_before(current)) is not None:
        revision, old = before
        changelog = ROOT / CHANGELOG
        new_lines = added_lines(_show(revision, CHANGELOG) or "", changelog.read_text() if changelog.exists() else "")
        faults += undeclared(old, current, new_lines)
    return _fail(faults)


def printed_schema() -> str:
    """The schema as the program prints it."""
    command = [sys.executable, "-m", "cli", "schema"]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def schema_before(current: str) -> tuple[str, str] | None:
    """The newest committed schema that differs from the current one, and its revision."""
    for revision in _git("log", "--format=%H", "-n", "50", "--", SCHEMA).split():
        for candidate in (revision, f"{revision}^"):
            old = _show(candidate, SCHEMA)
            if old is not None and old != current:
                return candidate, old
    return None


def undeclared(old: str, new: str, changelog: str) -> list[str]:
    """A sentence for each breaking change whose element the changelog's new lines do not name."""
    changes = find_breaking_changes(build_schema(old), build_schema(new))
    told = [change.description for change in changes if not change.description.startswith("Standard scalar")]
    return [
        f"Breaking: {description} {CHANGELOG} does not name {element(description)}."
        for description in told
        if not re.search(rf"(?<![\w.@]){re.escape(element(description))}(?!\w)", changelog)
    ]


def element(description: str) -> str:
    """What a description of a change is about: `Type.field`, `@directive` or `Type`."""
    dotted = re.search(r"\w+\.\w+|@\w+", description)
    union = re.search(r"union type (\w+)", description)
    named = dotted or re.search(r"[A-Z]\w*", description)
    return union[1] if union else named[0] if named else description


def added_lines(old: str, new: str) -> str:
    """The lines that the new text has and the old one has not."""
    known = set(old.splitlines())
    return "\n".join(line for line in new.splitlines() if line not in known)


def _show(revision: str, path: str) -> str | None:
    return _git("show", f"{revision}:{path}") or None


def _git(*arguments: str) -> str:
    """What git says, or nothing where there is no git, no repository or no such revision."""
    try:
        command = ["git", *arguments]  # found on PATH, as everywhere
        return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


def _fail(faults: list[str]) -> int:
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
