"""The export of a student's record as a job, and how it is asked for."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

from models.base.access import Role
from models.base.ids import encode
from models.base.statements import transaction
from models.jobs import jobs
from models.jobs.jobs import Job
from models.jobs.kinds import JobKind, Result, job_kind
from models.jobs.progress import Progress, ReachLostError
from models.records.audit import AuditKind, Entry, write_entries
from models.records.export import RecordFormat
from models.schools.students import Student
from operations.context import Context
from operations.reads.rows import find
from resolvers.records.record import StudentRecord, record_of

ONE_MOMENT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
"""All parts are of the same moment, however long it takes to read them."""


async def export_record(progress: Progress) -> Result:
    """Read the record as its requester may see it, and write it down in the format that was asked for."""
    context = Context(signed_in=progress.viewer, now=progress.at)
    async with transaction(ONE_MOMENT):
        record = await record_of(context, progress.id_of("student_id"), step=progress.step)
    if record is None:
        raise ReachLostError
    if context.touched:
        await write_entries([entry_of(progress, context)])
    format = RecordFormat(progress.job.args["format"])
    return await asyncio.to_thread(written, record, format)  # it may be large, and the lease is kept meanwhile


def written(record: StudentRecord, format: RecordFormat) -> Result:
    """The file of a record."""
    document = record.fhir if format is RecordFormat.FHIR else record.json
    name = "record.fhir.json" if format is RecordFormat.FHIR else "record.json"
    return Result(content=document.content.encode(), name=name, media_type=document.media_type)


def entry_of(progress: Progress, context: Context) -> Entry:
    """The entry of the audit trail: whose record was read for whom, under the id of the job (ID-6)."""
    viewer = progress.viewer
    return Entry(
        at=context.now,
        kind=AuditKind.READ,
        request_id=encode(Job.PREFIX, progress.job.id),
        account_id=viewer.account_id,
        membership_id=viewer.membership_id,
        role=viewer.role,
        operation=EXPORT.name,
        student_ids=sorted(context.touched),
        source=b"",
    )


EXPORT = job_kind(
    JobKind(
        name="record.export",
        title="Export of a student's record",
        roles=frozenset({Role.STUDENT, Role.OPS}),
        work=export_record,
        reaches={"student_id": Student},
    )
)


async def export(
    context: Context,
    *,
    format: Annotated[RecordFormat, "Format of the file."],
    student_id: Annotated[UUID | None, Student, "Student; required for OPS, default yourself."] = None,
) -> Job:
    """Export a student's complete record to a file, in the background; its job has the file once it is done (ID-6)."""
    student = await find(context, Student, student_id or context.viewer.student_id, path="studentId")
    args = {"student_id": str(student.id), "format": format.value}
    return await jobs.start(EXPORT, args, student_id=student.id, by=context.viewer, at=context.now)
