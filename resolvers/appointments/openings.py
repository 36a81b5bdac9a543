"""How requests about what can be booked are answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from execution import Batched, Selection
from models.appointments import booking
from models.appointments.bookable import ANY_VISIT, IS_OFFERED, bookable_times, credits_of, is_busy, visit_type
from models.appointments.rules import viewer_refusals
from models.availability.openings import Opening, bookable_from, bookable_until
from models.base.access import Role
from models.base.errors import Code
from models.base.statements import column_of
from models.base.text import StateCode
from models.directory.providers import Service
from operations.context import Context
from operations.reads.pages import Order, Page, PageRequest
from operations.reads.relations import pages

BY_START = Order("starts_at")


PERSON = "(SELECT students.person_id FROM students WHERE students.id = $6)"

# The values: $2 and $3 from and until, $4 state, $5 service, for students $6 who they are and $7 when it is.
TIMES_FOR_STUDENT = bookable_times(
    provider="parent.id",
    state="COALESCE($4, (SELECT students.state FROM students WHERE students.id = $6))",
    service="$5",
    visit_type=visit_type(PERSON),
    begin="$2",
    end="$3",
    credits_until=f"(SELECT credits.until FROM ({credits_of('$6', at='$7')}) credits)",
)
TIMES = bookable_times(provider="parent.id", state="$4", service="$5", visit_type=ANY_VISIT, begin="$2", end="$3")
IS_OFFERED_TO_STUDENT = f"{IS_OFFERED} AND NOT {is_busy(PERSON)}"


async def offered(
    context: Context,
    parents: list[Any],
    selection: Selection,
    *,
    page: PageRequest,
    state: Annotated[
        StateCode | None,
        "State where the student will be; default a student's own, for other roles any with a valid license.",
    ] = None,
    service: Annotated[Service | None, "Service requested; default any service offered."] = None,
    from_: Annotated[datetime | None, "Openings that start at or after this time."] = None,
    until: Annotated[datetime | None, "Openings that start before this time."] = None,
) -> list[Page]:
    """For each provider the openings about which nothing would refuse a request now, soonest first (AV-4)."""
    begin = max(filter(None, (bookable_from(context.now), from_)))
    end = max(begin, min(filter(None, (bookable_until(context.now), until))))
    values: list[Any] = [begin, end, state, service.value if service else None]
    for_student = context.viewer.role is Role.STUDENT
    if for_student:
        values += (context.viewer.student_id, context.now)
    return await pages(
        context,
        Opening,
        selection,
        page,
        parents,
        by="provider_id",
        order=BY_START,
        where=IS_OFFERED_TO_STUDENT if for_student else IS_OFFERED,
        values=values,
        beside=f"CROSS JOIN LATERAL ({TIMES_FOR_STUDENT if for_student else TIMES}) bookable",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Blocker:
    """A refusal that no input field is to blame for."""

    code: Code
    message: str
    rule: str
    fix: str
    field: tuple[str, ...] = ()


async def blockers(context: Context, parents: list[Any], selection: Selection) -> list[list[Blocker]]:
    """For each provider every reason in the viewer for which a request would be refused now (AP-2, CR-4, PR-5)."""
    student = context.viewer.student_id
    if student is None:
        return [[] for _ in parents]
    ids = column_of(parents, "id")
    known = await booking.standings(ids, student_id=student, at=context.now)
    return [
        [
            Blocker(code=refusal.code, message=refusal.message, rule=refusal.rule, fix=refusal.fix)
            for refusal in viewer_refusals(known[id])
        ]
        for id in ids
    ]


OPENINGS = Batched(offered, needs=("id",))
BLOCKED_BY = Batched(blockers, needs=("id",))
