"""A school's policies as clients see them (CR-12)."""

from datetime import date, datetime

from execution import Derived
from models.base.access import Role
from models.base.dated import first_day, last_day
from models.schools import policies
from models.schools.schools import MissedSessionPolicy
from operations.mutations import mutation
from operations.queries import relation
from resolvers.schools import policies as resolvers
from resolvers.schools.schools import SCHOOL
from schema.base.shape import Node, extends, payload, shown, shows
from schema.schools.schools import School


@shows(policies.SchoolPolicy)
class SchoolPolicy(Node):
    """What a school does from a day until another. Sessions keep the policy of their request (CR-12)."""

    school: School | None = relation(SCHOOL, "School whose policy it is.")
    effective_from: date | None = relation(
        Derived("during", first_day), "The first day, on the school's calendar; null for the school's first policy."
    )
    effective_until: date | None = relation(
        Derived("during", last_day), "The last day; null for until another is announced."
    )
    credits_min: int = shown("Minimum credits in one grant (CR-2).")
    credits_max: int = shown("Maximum credits in one grant (CR-2).")
    missed_session_policy: MissedSessionPolicy = shown("What happens to the credit of a missed session (CR-5).")
    late_notice_hours: int = shown("Hours before the start from which on a student's cancellation is late (CR-5).")
    announced_at: datetime = shown("When it was announced.")


@extends(School)
class SchoolPolicies:
    """What policies add to School."""

    credits_min: int = relation(resolvers.of_today("credits_min"), "Minimum credits in one grant, today (CR-2).")
    credits_max: int = relation(resolvers.of_today("credits_max"), "Maximum credits in one grant, today (CR-2).")
    missed_session_policy: MissedSessionPolicy = relation(
        resolvers.of_today("missed_session_policy"), "What happens to the credit of a missed session, today (CR-5)."
    )
    late_notice_hours: int = relation(
        resolvers.of_today("late_notice_hours"),
        "Hours before the start from which on a student's cancellation is late, today (CR-5).",
    )
    policies: list[SchoolPolicy] = relation(
        resolvers.POLICIES, "Its policies, past, present and announced, the first one first (CR-12)."
    )


class Mutation:
    """What policies add to Mutation."""

    announce_school_policy = mutation(
        resolvers.announce,
        check=resolvers.check_announcement,
        answers=payload("AnnounceSchoolPolicy", SchoolPolicy),
        allow=[Role.OPS, Role.SCHOOL],
    )
