"""How requests about students are answered."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.base.access import EVERYTHING
from models.base.errors import CONSTRAINTS, Refusal, not_found
from models.base.text import EmailAddress, StateCode, TimeZone
from models.schools.schools import School
from models.schools.students import Student
from operations.arguments import NAME
from operations.context import Context
from operations.reads.pages import Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import row, to_one
from operations.reads.rows import find
from operations.reads.searching import BY_NAME, SEARCH, person_has_part

STUDENT = to_one(Student, by="student_id")


async def students(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    search: Annotated[str | None, SEARCH, "A part of the name or of the e-mail address."] = None,
) -> Page:
    """The students that you may see, by name."""
    where, values = matching(search)
    return await page_of(context, Student, selection, page, order=BY_NAME, where=where, values=values)


def matching(search: str | None) -> tuple[str, list[Any]]:
    """The condition of a search among students."""
    if not search:
        return EVERYTHING, []
    return person_has_part("students", slot="$1"), [search]


async def student(context: Context, selection: Selection, *, id: Annotated[UUID, Student, "The student's id."]) -> Any:
    """One student, if you may see them."""
    return await row(context, Student, selection, id)


async def enter_student(
    context: Context,
    *,
    name: Annotated[str, NAME, "The student's name."],
    email: Annotated[EmailAddress, "The address that the invitation and all messages go to."],
    state: Annotated[StateCode, "The state where the student usually is."],
    time_zone: Annotated[TimeZone, "The student's time zone."],
    school_id: Annotated[
        UUID | None, School, "The school; needed from OPS, a school's own staff may leave it out."
    ] = None,
) -> Student:
    """Enter a student of a school, with an empty wallet."""
    school = await find(context, School, school_id or context.viewer.school_id, path="schoolId")
    return await Student.enroll(
        school, name=name, email=email, state=state, time_zone=time_zone, by=context.viewer, at=context.now
    )


async def check_student(context: Context, *, email: str, school_id: UUID | None) -> list[Refusal]:
    """What speaks against a student's address in this school."""
    school = await School.visible(context.viewer, school_id or context.viewer.school_id)
    if school is None:
        return [not_found("school", path=["schoolId"])]
    is_known = await Student.filter(school_id=school.id, email=email).exists()
    return [CONSTRAINTS["students_email_in_school"]] if is_known else []
