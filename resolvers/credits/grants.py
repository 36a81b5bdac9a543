"""How requests about grants are answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from models.base.amounts import Credits
from models.base.errors import Refusal, not_found
from models.base.statements import fetch_one
from models.credits import grants as credits
from models.credits import reversals
from models.credits.grants import SCHOOL_OF_WALLET, expiry_refusals, number_refusals
from models.credits.ledger import Grant, ReversalReason, Transfer
from models.schools.students import Student
from operations.arguments import Text
from operations.context import Context
from operations.reads.rows import find, find_locked


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


async def revoke(
    context: Context,
    *,
    grant_id: Annotated[UUID, Grant, "Grant whose credits are taken back."],
    credits: Annotated[int | None, "How many; default all that are unused."] = None,
) -> dict[str, Any]:
    """Take back unused credits of a grant; what is held for appointments or used stays as it is."""
    given = await find_locked(context, Grant, grant_id, path="grantId")
    revoked = await revoke_verb(given, credits, by=context.viewer, at=context.now)
    return {"grant": given, "revoked": revoked}


async def reverse(
    context: Context,
    *,
    transfer_id: Annotated[UUID, Transfer, "Transfer that was made by mistake."],
    reason: Annotated[ReversalReason, "Why."],
) -> Transfer:
    """Reverse a ledger transfer that was made by mistake, at most once (CR-10)."""
    other = await find_locked(context, Transfer, transfer_id, path="transferId")
    return await reversals.reverse(other, reason=reason, by=context.viewer, at=context.now)


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
revoke_verb = credits.revoke


warnings_of = credits.grant_warnings
