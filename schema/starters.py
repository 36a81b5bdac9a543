"""The worked queries of `examples/`: what GraphiQL offers to each role, and what tests and benchmarks run.

A document says in its first comments for whom it is, what it is called, and with which variables:
`# role: STUDENT`, `# title: Mobile home`, `# variables: {"state": "MA"}`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "examples"


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One worked query or mutation."""

    name: str
    role: str
    title: str
    query: str
    variables: str


def read(path: Path) -> Example:
    """One document with what its comments say."""
    text = path.read_text()
    head = [line for line in text.splitlines() if line.startswith("# ")]
    said = dict(line[2:].split(": ", 1) for line in head)
    query = "\n".join(line for line in text.splitlines() if not line.startswith("# "))
    return Example(
        name=path.stem,
        role=said["role"],
        title=said["title"],
        query=query + "\n",
        variables=said.get("variables", "{}"),
    )


def examples(folder: Path = FOLDER) -> list[Example]:
    """The clients' screens first, then the steps of the main job."""
    return [
        read(path) for path in (*sorted(folder.glob("*.graphql")), *sorted((folder / "main-job").glob("*.graphql")))
    ]
