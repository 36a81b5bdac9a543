"""Effects to the right: an area raises a fact, and later areas have declared what they do about it.

Whatever they do belongs to the transaction in which the fact is raised. Areas act from the right to the left, so that
what builds upon others ends before what it builds upon.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from models import AREAS, load
from models.base.access import Viewer

S = TypeVar("S", contravariant=True)


class Effect(Protocol[S]):
    """What an area does about a fact."""

    __module__: str

    def __call__(self, subject: S, /, *, by: Viewer, at: datetime) -> Awaitable[None]:
        """Do it, in the transaction that is running."""


class Effects(Generic[S]):
    """What later areas do about one kind of fact; the area that raises it does not know them."""

    def __init__(self) -> None:
        self.effects: list[Effect[S]] = []

    def effect(self, effect: Effect[S]) -> Effect[S]:
        """Declare what an area does about it; used as a decorator."""
        self.effects.append(effect)
        self.effects.sort(key=lambda one: AREAS.index(one.__module__.split(".")[1]), reverse=True)
        return effect

    async def raised(self, subject: S, *, by: Viewer, at: datetime) -> None:
        """Let every area act upon it, one after the other."""
        load()
        for effect in self.effects:
            await effect(subject, by=by, at=at)


@dataclass(frozen=True, slots=True)
class Leaving:
    """A student who leaves the program, and how much each area ended for it."""

    student_id: UUID
    done: Counter[str] = field(default_factory=Counter)


student_leaves: Effects[Leaving] = Effects()
"""What is live ends and what is unused is taken back; it may be raised again for what was left."""

student_erased: Effects[Leaving] = Effects()
"""The student's identity goes: whatever lets somebody act as the student ends. It is raised once."""
