"""Kinds of tasks, as data: what waits for whom, since when, until when, and which mutation does it (NO-5).

The area that knows what waits registers it with `waits_for(TaskKind(…))`; nobody else needs to know of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from models import load
from models.base.access import NOTHING, Entity, Role
from models.base.words import Words

IDS = {Role.STUDENT: "student", Role.PROVIDER: "provider", Role.OFFICE: "practice", Role.SCHOOL: "school"}
"""The id of a viewer's by which a task finds them."""


class TaskName(Words, shown_as="TaskKind"):
    """Kind of a task."""

    ANSWER_REQUEST = "ANSWER_REQUEST", "A student's request waits for the provider's answer (AP-3)."
    ATTEST_SESSION = "ATTEST_SESSION", "A session is over and waits for the provider's attestation (CL-1)."
    VERIFY_LICENSE = "VERIFY_LICENSE", "A license waits to be verified with its state board (PR-4)."
    DECIDE_CREDIT_REQUEST = "DECIDE_CREDIT_REQUEST", "A student's request for credits waits for the school (CR-6)."
    SETTLE_PERSON_CONFLICT = (
        "SETTLE_PERSON_CONFLICT",
        "An account that could not be linked with a student or provider waits to be settled (ID-7).",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskKind:
    """One kind. All SQL is about a row of the subject's table; `{at}` stands for the time.

    `whose` names for each role the column of who it waits for; None where it waits for everybody of the role together,
    as a queue that one of them takes from. A queue has a `target`, and `concerns`: the array of the persons whom it is
    about and who may not decide it (ID-9).
    """

    name: TaskName
    title: str
    subject: type[Entity]
    waits: str
    since: str
    due: str
    mutations: tuple[str, ...]
    whose: Mapping[Role, str | None]
    target: timedelta | None = None
    concerns: str | None = None
    page: str | None = None

    def __post_init__(self) -> None:
        """A queue says more of itself than what waits for one."""
        parts = {self.is_queue, self.target is not None, self.concerns is not None}
        if len(parts) > 1 or len({column is None for column in self.whose.values()}) > 1:
            raise TypeError(f"{self.name} is a queue with a target and whom it concerns, or it is none")

    @property
    def is_queue(self) -> bool:
        """Whether it waits for several people together, of whom one takes it."""
        return None in self.whose.values()

    @property
    def table(self) -> str:
        """The table of what the task is about."""
        return self.subject._meta.db_table

    def condition(self, role: Role, *, needs_second_factor: bool) -> str:
        """What waits for a viewer of this role, within their reach; the slots of their ids are open, `{at}` is too."""
        if role not in self.whose:
            return NOTHING
        column = self.whose[role]
        own = "" if column is None else f" AND {self.table}.{column} = {{{IDS[role]}}}"
        return f"({self.waits}){own} AND {self.subject.reach_as(role, needs_second_factor)}"


REGISTERED: dict[TaskName, TaskKind] = {}


def waits_for(kind: TaskKind) -> TaskKind:
    """Register a kind; called by its area when it is imported."""
    if kind.name in REGISTERED:
        raise TypeError(f"{kind.name} is registered twice")
    REGISTERED[kind.name] = kind
    return kind


def kinds() -> Mapping[TaskName, TaskKind]:
    """Every kind, of every area."""
    load()
    return REGISTERED


def kinds_of(role: Role) -> list[TaskKind]:
    """The kinds that wait for a role."""
    return [kind for kind in kinds().values() if role in kind.whose]
