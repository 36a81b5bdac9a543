"""How requests about a school's policies are answered (CR-12)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from execution import Batched, Selection
from models.base.dated import holds_on
from models.base.errors import Refusal, not_found
from models.base.statements import column_of
from models.schools import policies as models
from models.schools.policies import LATE_NOTICE_HOURS_MAX, PolicyTerms, SchoolPolicy
from models.schools.schools import MissedSessionPolicy, School
from operations.context import Context
from operations.reads.relations import to_all
from operations.reads.rows import find_locked, rows_where

OF_SCHOOL = Annotated[UUID | None, School, "The school; needed from OPS, a school's own staff may leave it out."]
TODAYS = "school_policies.school_id = ANY ($1) AND " + holds_on(
    "school_policies",
    "($2::timestamptz AT TIME ZONE (SELECT time_zone FROM schools WHERE id = school_policies.school_id))::date",
)
"""The condition of the policy of each school that holds now, by its own calendar."""
POLICIES = to_all(SchoolPolicy, by="school_id", order="during")


def of_today(column: str) -> Batched:
    """What the policy of a school says that holds today."""

    async def resolve(context: Context, parents: list[Any], selection: Selection) -> list[Any]:
        ids = column_of(parents, "id")
        rows = await rows_where(context, SchoolPolicy, ("school_id", column), TODAYS, ids, context.now)
        found = {row["school_id"]: row[column] for row in rows}
        return [found.get(id) for id in ids]

    return Batched(resolve, needs=("id",), defers=True)


async def announce(
    context: Context,
    *,
    effective_from: Annotated[date, "The first day, on the school's calendar: today or later."],
    credits_min: Annotated[int | None, "Minimum credits in one grant (CR-2); unchanged if left out."] = None,
    credits_max: Annotated[int | None, "Maximum credits in one grant (CR-2); unchanged if left out."] = None,
    missed_session_policy: Annotated[
        MissedSessionPolicy | None, "What happens to the credit of a missed session (CR-5); unchanged if left out."
    ] = None,
    late_notice_hours: Annotated[
        int | None,
        f"How many hours before the start a student's cancellation is late, at most {LATE_NOTICE_HOURS_MAX}; "
        "unchanged if left out.",
    ] = None,
    school_id: OF_SCHOOL = None,
) -> SchoolPolicy:
    """Announce a school's policy from today or a later day on (CR-12).

    Grants of that day and later follow it. Sessions that were requested before keep the policy of their request.
    """
    school = await find_locked(context, School, school_id or context.viewer.school_id, path="schoolId")
    terms = PolicyTerms(
        effective_from=effective_from,
        credits_min=credits_min,
        credits_max=credits_max,
        missed_session_policy=missed_session_policy,
        late_notice_hours=late_notice_hours,
    )
    return await models.announce(school, terms, by=context.viewer, at=context.now)


async def check_announcement(
    context: Context,
    *,
    school_id: UUID | None,
    effective_from: date,
    credits_min: int | None,
    credits_max: int | None,
    late_notice_hours: int | None,
) -> list[Refusal]:
    """What speaks against the school, and against the policy there."""
    school = await School.visible(context.viewer, school_id or context.viewer.school_id)
    if school is None:
        return [not_found("school", path=["schoolId"])]
    terms = PolicyTerms(
        effective_from=effective_from,
        credits_min=credits_min,
        credits_max=credits_max,
        late_notice_hours=late_notice_hours,
    )
    return await models.announcement_faults(school, terms, context.now)
