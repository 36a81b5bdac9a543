"""The worked queries of `examples/`: what GraphiQL offers to each role, and what tests and benchmarks run.

The clients' screens stand in the folder itself, subscriptions in `watch/`, the steps of the main job in `main-job/`.
A document says in its first comments for whom it is, what it is called, and with which variables:
`# role: STUDENT`, `# title: Mobile home`, `# variables: {"state": "MA"}`.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "examples"


class Group(StrEnum):
    """What kind of worked query it is: GraphiQL shows each kind by itself."""

    SCREEN = "SCREEN"
    WATCH = "WATCH"
    STEP = "STEP"


GROUP_OF_FOLDER = {"watch": Group.WATCH, "main-job": Group.STEP}


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One worked query, mutation or subscription."""

    name: str
    group: Group
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
        group=GROUP_OF_FOLDER.get(path.parent.name, Group.SCREEN),
        role=said["role"],
        title=said["title"],
        query=query + "\n",
        variables=said.get("variables", "{}"),
    )


def screens(folder: Path = FOLDER) -> list[Example]:
    """The clients' screens."""
    return within(folder)


def watches(folder: Path = FOLDER) -> list[Example]:
    """The subscriptions."""
    return within(folder / "watch")


def main_job(folder: Path = FOLDER) -> list[Example]:
    """The steps of the main job, in their order."""
    return within(folder / "main-job")


def examples(folder: Path = FOLDER) -> list[Example]:
    """All of them, in the order in which they are offered."""
    return [*screens(folder), *watches(folder), *main_job(folder)]


def within(folder: Path) -> list[Example]:
    """The documents of one folder by name."""
    return [read(path) for path in sorted(folder.glob("*.graphql"))]
