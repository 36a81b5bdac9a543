"""A school's policies: the limits of its grants, what a missed session costs, and how late is late, each with its days.

Grants are judged by the policy of their day, a session by that of its request, for good (CR-12): the database puts it
on each new appointment. What is announced is never changed; another follows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from tortoise import fields

from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.dated import During, DuringField, announcement_refusals, holds_on
from models.base.errors import CONSTRAINTS, Code, Refusal, refuse_if_any
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.personal import Kept
from models.base.scopes import OPEN, Needed
from models.base.statements import fetch_one, write
from models.base.times import local_day
from models.schools.schools import MissedSessionPolicy, School, limits_refusals

LATE_NOTICE_HOURS = 24
"""What a school begins with; the database gives it to its first policy."""
LATE_NOTICE_HOURS_MAX = 7 * 24


class SchoolPolicy(Entity):
    """What one school does from a day until another; the first one holds since ever."""

    PREFIX: ClassVar[str] = "pol"
    SCOPE: ClassVar[Needed] = OPEN
    REACH: ClassVar[Reach] = {
        Role.OPS: EVERYTHING,
        Role.FINANCE: EVERYTHING,
        Role.SCHOOL: "school_policies.school_id = {school}",
        Role.PARTNER: "school_policies.school_id = {school}",
        Role.STUDENT: "school_policies.school_id = {school}",
    }

    school: fields.ForeignKeyRelation[School] = fields.ForeignKeyField(
        "models.School", related_name="policies", on_delete=fields.RESTRICT
    )
    school_id: UUID
    during: During = DuringField()
    credits_min = fields.IntField()
    credits_max = fields.IntField()
    missed_session_policy = fields.CharEnumField(MissedSessionPolicy, max_length=10)
    late_notice_hours = fields.IntField()
    announced_at = fields.DatetimeField()

    KEPT: ClassVar[Kept] = Kept(long="for good", why="under which terms sessions were requested (CR-12)")

    class Meta:
        """EXCLUDE: one a day; a trigger ends what held before; another refuses every other change."""

        table = "school_policies"

    @property
    def late_notice(self) -> timedelta:
        """How long before the start a student's cancellation begins to be late (CR-5)."""
        return timedelta(hours=self.late_notice_hours)


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyTerms:
    """What is announced: the first day, and what changes; None for what stays as it is on the day before."""

    effective_from: date
    credits_min: int | None = None
    credits_max: int | None = None
    missed_session_policy: MissedSessionPolicy | None = None
    late_notice_hours: int | None = None

    def over(self, before: SchoolPolicy, at: datetime) -> SchoolPolicy:
        """The policy that follows another one."""
        changed = {name: value for name in CHANGEABLE if (value := getattr(self, name)) is not None}
        kept = {name: getattr(before, name) for name in CHANGEABLE}
        return SchoolPolicy(
            school_id=before.school_id, during=During(self.effective_from), announced_at=at, **(kept | changed)
        )


CHANGEABLE = ("credits_min", "credits_max", "missed_session_policy", "late_notice_hours")


async def announce(school: School, terms: PolicyTerms, *, by: Viewer | None, at: datetime) -> SchoolPolicy:
    """Announce a school's policy from today or a later day on (CR-12).

    The school is locked, so that two announcements wait for each other.
    """
    refuse_if_any(await announcement_faults(school, terms, at))
    policy = terms.over(await policy_on(school.id, terms.effective_from), at)
    since = terms.effective_from.isoformat()
    await write(policy, new_event(EventVerb.SCHOOL_POLICY_ANNOUNCED, policy, by=by, at=at, effective_from=since))
    return await SchoolPolicy.get(id=policy.id)  # it ends where the next one begins


async def announcement_faults(school: School, terms: PolicyTerms, at: datetime) -> list[Refusal]:
    """Everything that speaks against a policy of this school, at once."""
    today = local_day(at, ZoneInfo(school.time_zone))
    before = await policy_on(school.id, terms.effective_from)
    policy = terms.over(before, at)
    return [
        *announcement_refusals(policy.during, today=today, what="A policy", rule="CR-12"),
        *([ALREADY] if before.during.since == terms.effective_from else []),
        *limits_refusals(policy.credits_min, policy.credits_max),
        *notice_refusals(policy.late_notice_hours),
    ]


def notice_refusals(hours: int) -> list[Refusal]:
    """What speaks against so many hours of notice."""
    if 0 <= hours <= LATE_NOTICE_HOURS_MAX:
        return []
    return [
        Refusal(
            Code.OUT_OF_BOUNDS,
            f"A cancellation is late at most {LATE_NOTICE_HOURS_MAX} hours before the session.",
            rule="CR-5",
            path=["lateNoticeHours"],
            fix=f"Choose 0 to {LATE_NOTICE_HOURS_MAX} hours; {LATE_NOTICE_HOURS} is usual.",
        )
    ]


async def policy_on(school_id: UUID, day: date) -> SchoolPolicy:
    """The policy of a school that holds on a day; there is one on each."""
    found = SchoolPolicy.made_of(await fetch_one(POLICY_ON, school_id, day))
    assert found is not None, "a school has a policy on every day"
    return found


POLICY_ON = f"SELECT * FROM school_policies WHERE school_id = $1 AND {holds_on('school_policies', '$2::date')}"
"""A school's policy on a day."""


ALREADY = Refusal(
    Code.CONFLICT,
    "A policy from this day on is announced already.",
    rule="CR-12",
    path=["effectiveFrom"],
    fix="Choose another day.",
)
CONSTRAINTS["school_policies_no_overlap"] = ALREADY
