"""How requests about grants are answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from models.base.amounts import Credits
from models.base.errors import Refusal, not_found
from models.base.statements import fetch_one
from models.credits import grants as credits
from models.credits.grants import SCHOOL_OF_WALLET, expiry_refusals, number_refusals
from models.schools.students import Student
from operations.arguments import Text
from operations.context import Context
from operations.reads.rows import find


async def grant(
    context: Context,
    *,
    student_id: Annotated[UUID, Student, "Student who receives the credits."],
    credits: Annotated[int, "Number of credits; one credit is one session (CR-1)."],
    expires_at: Annotated[
        datetime | None, "When unused credits expire, such as the end of a term; default never (CR-3)."
    ] = None,
    note: Annotated[str, Text(500), "Internal note for the school."] = "",
) -> dict[str, Any]:
    """Grant credits to a student, within the school's limits (CR-2)."""
    student = await find(context, Student, student_id, path="studentId")
    given = await grant_verb(
        student, Credits(credits), expires_at=expires_at, note=note, by=context.viewer, at=context.now
    )
    return {"grant": given, "warnings": warnings_of(Credits(credits))}


async def check_grant(
    context: Context, *, student_id: UUID | None, credits: int, expires_at: datetime | None
) -> list[Refusal]:
    """What speaks against a grant: its expiry, whoever it is for, and its number at the student's school."""
    found = expiry_refusals(expires_at, context.now)
    if student_id is not None:
        student = await Student.visible(context.viewer, student_id)
        if student is None:
            found.append(not_found("student", path=["studentId"]))
        else:
            school = await fetch_one(SCHOOL_OF_WALLET, student.id, context.now)
            found += number_refusals(school, Credits(credits))
    return found


grant_verb = credits.grant


warnings_of = credits.grant_warnings
