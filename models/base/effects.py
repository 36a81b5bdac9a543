"""Effects to the right: an area raises a fact, and later areas have declared what they do about it.

Whatever they do belongs to the transaction in which the fact is raised. Areas act from the right to the left, so that
what builds upon others ends before what it builds upon.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from models import AREAS
from models.base.access import Viewer

S = TypeVar("S", contravariant=True)


class Effect(Protocol[S]):
    """What an area does about a fact."""

    __module__: str

    def __call__(self, subject: S, *, by: Viewer, at: datetime) -> Awaitable[None]:
        """Do it, in the transaction that is running."""


class Fact(Generic[S]):
    """Something that an area states, and of which it does not know who acts upon it."""

    def __init__(self) -> None:
        self._effects: list[Effect[S]] = []

    def effect(self, effect: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        """Declare what an area does about it; used as a decorator."""
        self._effects.append(effect)
        self._effects.sort(key=lambda one: AREAS.index(one.__module__.split(".")[1]), reverse=True)
        return effect

    async def raised(self, subject: S, *, by: Viewer, at: datetime) -> None:
        """Let every area act upon it, one after the other."""
        for effect in self._effects:
            await effect(subject, by=by, at=at)


@dataclass(frozen=True, slots=True)
class Leaving:
    """A student who leaves the program, and how much each area ended for it."""

    student_id: UUID
    done: Counter[str] = field(default_factory=Counter)


student_leaves: Fact[Leaving] = Fact()
"""What is live ends and what is unused is taken back; it may be raised again for what was left."""

student_erased: Fact[Leaving] = Fact()
"""The student's identity goes: whatever lets somebody act as the student ends. It is raised once."""
