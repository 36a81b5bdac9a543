"""Practices: group practices with a profile of their own (EN-5)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from tortoise import fields

from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.errors import CONSTRAINTS, Code, Refusal
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.personal import Kept
from models.base.scopes import OPEN, Needed
from models.base.statements import write


class Practice(Entity):
    """A group practice or clinic; its owner looks after its office users."""

    PREFIX: ClassVar[str] = "prc"
    SCOPE: ClassVar[Needed] = OPEN
    REACH: ClassVar[Reach] = {
        Role.OPS: EVERYTHING,
        Role.FINANCE: EVERYTHING,
        Role.OFFICE: "practices.id = {practice}",
        Role.PROVIDER: (
            "EXISTS (SELECT 1 FROM providers linked WHERE linked.practice_id = practices.id AND linked.id = {provider})"
        ),
    }

    name = fields.CharField(max_length=200)
    created_at = fields.DatetimeField()

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"name"})
    KEPT: ClassVar[Kept] = Kept(long="for good", why="with whom sessions were held")

    class Meta:
        """UNIQUE on the name, whatever its case."""

        table = "practices"

    @classmethod
    async def open(cls, *, name: str, by: Viewer | None, at: datetime) -> Practice:
        """Enter a practice; its owner is invited next (ID-4)."""
        if not name.strip():
            raise Refusal(Code.INVALID, "A name is required.", rule="PR-2", path=["name"], fix="Enter its full name.")
        practice = cls(name=name.strip(), created_at=at)
        await write(practice, new_event(EventVerb.PRACTICE_OPENED, practice, by=by, at=at))
        return practice


CONSTRAINTS["practices_name_key"] = Refusal(
    Code.CONFLICT,
    "A practice with this name already exists.",
    path=["name"],
    fix="Look it up in the list of practices.",
)
