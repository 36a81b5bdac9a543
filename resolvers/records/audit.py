"""How requests about the audit trail are answered."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.accounts.accounts import Account
from models.records import audit
from models.records.audit import AuditEntry, Proof
from models.schools.students import Student
from operations.arguments import Filter
from operations.context import Context, bad_input
from operations.reads.pages import Order, Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import to_each, to_one

SEALS_DEFAULT = 100
SEALS_MAX = 1_000


class AuditEntryFilter(Filter):
    """Conditions on a list of audit entries; all must hold."""

    student_id: Annotated[UUID, Student, "Concerns this student's record."]


async def trail(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    filter: Annotated[AuditEntryFilter, "Which entries."],
) -> Page:
    """Who read or changed one student's record, newest first. Reading the trail adds an entry itself (ID-6)."""
    context.touched.add(filter.student_id)
    return await page_of(
        context,
        AuditEntry,
        selection,
        page,
        order=Order("id", descending=True),
        where="audit_entries.student_ids @> ARRAY[$1::uuid]",
        values=[filter.student_id],
    )


async def proof(
    context: Context,
    selection: Selection,
    *,
    seals: Annotated[
        int, f"Number of latest seals to recompute, 1 to {SEALS_MAX}; default {SEALS_DEFAULT}."
    ] = SEALS_DEFAULT,
) -> Proof:
    """Recompute the latest seals of the audit trail, which reveals any changed, removed or inserted entry (ID-6)."""
    if not 1 <= seals <= SEALS_MAX:
        raise bad_input(f"seals is 1 to {SEALS_MAX}.", argument="seals")
    return await audit.prove(latest=seals)


ACCOUNT: Any = to_one(Account, by="account_id")
STUDENTS: Any = to_each(Student, by="student_ids")
