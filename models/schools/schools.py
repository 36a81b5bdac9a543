"""Schools: the universities whose counselling centres sponsor credits."""

from __future__ import annotations

import re
from datetime import datetime
from typing import ClassVar

from tortoise import fields

from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.errors import CONSTRAINTS, Code, Refusal, refuse_if_any
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.personal import Kept
from models.base.scopes import OPEN, Needed
from models.base.statements import Update, write
from models.base.times import is_time_zone
from models.base.words import Words

TYPICAL_CREDITS_MIN = 2
TYPICAL_CREDITS_MAX = 12
CREDITS_MAX = 1_000
"""What no grant exceeds, whatever a school may wish: the sums of a wallet stay far from the largest number."""

CRISIS_LINE_LENGTH_MAX = 40
DIALLED = re.compile(r"[0-9](?:[^0-9]*[0-9]){2,}", re.ASCII)
"""Three digits at least: what can be called."""


class MissedSessionPolicy(Words):
    """What happens to the credit after a no-show or late cancellation by the student (CR-5)."""

    RELEASE = "RELEASE", "The credit is returned to the student."
    FORFEIT = "FORFEIT", "The student loses the credit."


class School(Entity):
    """A university whose counselling centre sponsors credits."""

    PREFIX: ClassVar[str] = "sch"
    SCOPE: ClassVar[Needed] = OPEN
    REACH: ClassVar[Reach] = {
        Role.OPS: EVERYTHING,
        Role.FINANCE: EVERYTHING,
        Role.SCHOOL: "schools.id = {school}",
        Role.PARTNER: "schools.id = {school}",
        Role.STUDENT: "schools.id = {school}",
    }

    name = fields.CharField(max_length=200, unique=True)
    time_zone = fields.CharField(max_length=60)
    credits_min = fields.IntField(default=TYPICAL_CREDITS_MIN)
    credits_max = fields.IntField(default=TYPICAL_CREDITS_MAX)
    missed_session_policy = fields.CharEnumField(
        MissedSessionPolicy, max_length=10, default=MissedSessionPolicy.RELEASE
    )
    crisis_line = fields.CharField(max_length=CRISIS_LINE_LENGTH_MAX, default="988")
    created_at = fields.DatetimeField()

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"name", "time_zone", "crisis_line"})
    KEPT: ClassVar[Kept] = Kept(long="for good", why="who paid for sessions, and under which terms")

    class Meta:
        """CHECK: limits are positive and in order."""

        table = "schools"

    @classmethod
    async def open(
        cls, *, name: str, time_zone: str, credits_min: int, credits_max: int, by: Viewer | None, at: datetime
    ) -> School:
        """Open a school with its own limits for one grant (CR-2)."""
        refuse_if_any(school_refusals(name, time_zone, credits_min, credits_max))
        school = cls(
            name=name.strip(), time_zone=time_zone, credits_min=credits_min, credits_max=credits_max, created_at=at
        )
        await write(school, new_event(EventVerb.SCHOOL_OPENED, school, by=by, at=at))
        return school

    async def update(self, *, crisis_line: str, by: Viewer | None, at: datetime) -> None:
        """Set whom its students call in an acute crisis (AP-8). The row is locked."""
        if DIALLED.search(crisis_line) is None:
            raise Refusal(
                Code.INVALID,
                "A crisis line is a number that can be called.",
                rule="AP-8",
                path=["crisisLine"],
                fix="Give the telephone number that is answered day and night; 988 if the school has none.",
            )
        await write(
            Update(self, crisis_line=crisis_line.strip()), new_event(EventVerb.SCHOOL_UPDATED, self, by=by, at=at)
        )


def school_refusals(name: str, time_zone: str, credits_min: int, credits_max: int) -> list[Refusal]:
    """Everything that is wrong with a school's data, at once."""
    found = []
    if not name.strip():
        found.append(Refusal(Code.INVALID, "A name is required.", path=["name"], fix="Enter its full name."))
    if not is_time_zone(time_zone):
        found.append(
            Refusal(
                Code.INVALID,
                "This is not an IANA time zone.",
                rule="AV-1",
                path=["timeZone"],
                fix="Write it like America/New_York.",
            )
        )
    return [*found, *limits_refusals(credits_min, credits_max)]


def limits_refusals(credits_min: int, credits_max: int) -> list[Refusal]:
    """What speaks against these limits of one grant (CR-2)."""
    found = []
    if not 1 <= credits_min <= credits_max <= CREDITS_MAX:
        found.append(
            Refusal(
                Code.OUT_OF_BOUNDS,
                f"The smallest grant is at least 1, the largest is not below it and at most {CREDITS_MAX}.",
                rule="CR-2",
                path=["creditsMin"],
                fix=f"The usual limits are {TYPICAL_CREDITS_MIN} and {TYPICAL_CREDITS_MAX}.",
            )
        )
    return found


CONSTRAINTS["schools_name_key"] = Refusal(
    Code.CONFLICT, "A school with this name already exists.", path=["name"], fix="Look it up in the list of schools."
)
