"""How requests about a student's own record are answered: all of it in one document, and its erasure.

The record is what the student may see of it, whoever makes it: OPS makes it for the student's hands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson

from execution import Selection
from integrations import fhir
from models.records import erasure, export
from models.records.erasure import ErasureReason
from models.schools.students import Student
from operations.context import Context
from operations.reads.rows import find, rows_where


class StudentRecord:
    """One student's record as it was read, and the documents made of it."""

    def __init__(self, content: dict[str, Any], *, made_at: datetime) -> None:
        self.made_at = made_at
        self.content = content

    @property
    def json(self) -> RecordDocument:
        """The whole record, in a form of the program's own."""
        return RecordDocument(export.FORMAT, "application/json", self.content)

    @property
    def fhir(self) -> RecordDocument:
        """What health software reads of it, as a FHIR R4 bundle."""
        return RecordDocument("fhir.r4.bundle/collection", "application/fhir+json", fhir.bundle(self.content))


class RecordDocument:
    """One document: what it is, its text, and the hash of the text by which a copy is compared."""

    def __init__(self, format: str, media_type: str, content: Any) -> None:
        encoded = orjson.dumps(content)
        self.format = format
        self.media_type = media_type
        self.content = encoded.decode()
        self.sha256 = hashlib.sha256(encoded).hexdigest()


async def mine(context: Context, selection: Selection) -> Any:
    """Your complete record, for you to keep."""
    return await record_of(context, context.viewer.student_id)


async def of_student(
    context: Context,
    selection: Selection,
    *,
    student_id: Annotated[UUID, Student, "Student whose record is exported."],
) -> Any:
    """A student's complete record, to hand to that student (ID-6)."""
    return await record_of(context, student_id)


async def nobody_waits(done: int, total: int) -> None:
    """Told how far the reading is, by a request that is answered at once."""


async def record_of(
    context: Context, student_id: UUID | None, *, step: Callable[[int, int], Awaitable[None]] = nobody_waits
) -> StudentRecord | None:
    """The record, read through the viewer's reach; None if there is no such student for them."""
    read: dict[str, list[dict[str, Any]]] = {}
    parts = export.parts()
    for number, part in enumerate(parts):
        await step(number, len(parts))
        rows = await rows_where(
            context,
            part.model,
            part.columns,
            part.where,
            student_id,
            tail=f"ORDER BY {part.name}.id LIMIT {export.ROWS_MAX + 1}",
        )
        read[part.name] = [export.entry_of(part, row) for row in rows]
    if not read[Student._meta.db_table]:
        return None
    return StudentRecord(export.content_of(read, at=context.now), made_at=context.now)


async def erase(
    context: Context,
    *,
    student_id: Annotated[UUID, Student, "Student to erase."],
    reason: Annotated[ErasureReason, "Reason, recorded in the history."],
) -> dict[str, Any]:
    """Erase a student's identity permanently: name, e-mail address, sign-in, messages. Claims and payments are kept.

    Live appointments are ended and their credits released; unused credits are revoked. Call it again to finish
    what was left.
    """
    student = await find(context, Student, student_id, path="studentId")
    context.touch(Student, [student])
    done = await erasure.erase(student.id, reason=reason, by=context.viewer, at=context.now)
    return {
        "student": done.student,
        "appointments_ended": done.appointments_ended,
        "appointments_left": done.appointments_left,
        "credits_revoked": done.credits_revoked,
    }
