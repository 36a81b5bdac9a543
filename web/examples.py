"""The worked queries of `examples/`: what GraphiQL offers to each role, and what tests and benchmarks run.

The clients' screens stand in the folder itself, subscriptions in `watch/`, the steps of the main job in `main-job/`,
those of a new server in `first-day/`, what else each role can do in `actions/`.
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
    ACTION = "ACTION"
    STEP = "STEP"


GROUP_OF_FOLDER = {"watch": Group.WATCH, "actions": Group.ACTION, "main-job": Group.STEP, "first-day": Group.STEP}


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


def actions(folder: Path = FOLDER) -> list[Example]:
    """What each role can do beside the main job, in an order in which it can be tried."""
    return within(folder / "actions")


def main_job(folder: Path = FOLDER) -> list[Example]:
    """The steps of the main job, in their order."""
    return within(folder / "main-job")


def first_day(folder: Path = FOLDER) -> list[Example]:
    """The steps of a new server's first day (docs/guides/first-day.md), in their order."""
    return within(folder / "first-day")


def examples(folder: Path = FOLDER) -> list[Example]:
    """What a demo server offers, in this order: it has the people and the clock of the main job."""
    return [*screens(folder), *watches(folder), *actions(folder), *main_job(folder)]


def offered(*, demo: bool, folder: Path = FOLDER) -> list[Example]:
    """What a server offers: elsewhere than on a demo server the first day instead of the main job."""
    return examples(folder) if demo else [*screens(folder), *watches(folder), *actions(folder), *first_day(folder)]


def within(folder: Path) -> list[Example]:
    """The documents of one folder by name."""
    return [read(path) for path in sorted(folder.glob("*.graphql"))]
