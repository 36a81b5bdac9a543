"""Kinds of jobs as data: what each does, for whom, within which bounds. A later area declares its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from models.base.access import Entity, Role

if TYPE_CHECKING:
    from models.jobs.progress import Progress

RESULT_LASTS = timedelta(days=7)
"""How long a result can be downloaded, unless its kind says otherwise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What a job made: the bytes of one file, what it is called, and what it is."""

    content: bytes
    name: str
    media_type: str


Work = Callable[["Progress"], Awaitable["Result | None"]]
"""What a job does. It may be begun again after a crash, so all that it changes is one transaction, which ends with
`progress.finish()`; work that changes nothing returns its result and leaves the end to the runner.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobKind:
    """One kind of job. `reaches` names the arguments that are ids of rows which must exist for the requester at the
    start and still at the end; their membership must hold in any case.
    """

    name: str
    title: str
    roles: frozenset[Role]
    work: Work
    reaches: Mapping[str, type[Entity]] = field(default_factory=dict)
    statement_seconds: float = 30
    """How long PostgreSQL may work on one statement of it."""
    seconds_max: float = 3600
    """How long one attempt may take."""
    result_lasts: timedelta = RESULT_LASTS


KINDS: dict[str, JobKind] = {}
"""Every kind, by its name."""


def job_kind(kind: JobKind) -> JobKind:
    """Declare a kind, in `models/<area>/` or, where its work reads as a client does, in `resolvers/<area>/jobs.py`."""
    assert kind.name not in KINDS, f"there are two kinds of job called {kind.name}"
    KINDS[kind.name] = kind
    return kind


def title_of(kind: str) -> str:
    """What a kind is called; of one that this version does not know, its name."""
    return KINDS[kind].title if kind in KINDS else kind
