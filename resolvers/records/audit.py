"""How requests about the audit trail are answered."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.accounts.accounts import Account
from models.base.ids import encode
from models.files.files import File
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

    student_id: Annotated[UUID | None, Student, "Concerns this student's record."] = None
    file_id: Annotated[UUID | None, File, "Tells of this file: sent, read (FI-1)."] = None


OF_FILE = "starts_with(audit_entries.operation, 'file ')"
"""What narrows it to the index of entries about files."""
WHERE = {
    (True, False): "audit_entries.student_ids @> ARRAY[$1::uuid]",
    (False, True): f"{OF_FILE} AND audit_entries.operation = ANY ($1::text[])",
    (True, True): (
        f"audit_entries.student_ids @> ARRAY[$1::uuid] AND {OF_FILE} AND audit_entries.operation = ANY ($2::text[])"
    ),
}


async def trail(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    filter: Annotated[AuditEntryFilter, "Which entries."],
) -> Page:
    """Who read or changed one student's record, or read one file, newest first.

    Reading a student's trail adds an entry itself (ID-6).
    """
    if filter.student_id is None and filter.file_id is None:
        raise bad_input("Say of which student or file: the trail is of all that anybody read.", argument="filter")
    values: list[Any] = []
    if filter.student_id is not None:
        context.touched.add(filter.student_id)
        values.append(filter.student_id)
    if filter.file_id is not None:
        values.append([f"file {what} {encode(File.PREFIX, filter.file_id)}" for what in ("upload", "download")])
    return await page_of(
        context,
        AuditEntry,
        selection,
        page,
        order=Order("id", descending=True),
        where=WHERE[filter.student_id is not None, filter.file_id is not None],
        values=values,
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
