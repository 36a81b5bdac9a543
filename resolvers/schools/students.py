"""How requests about students are answered."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Batched, Selection
from models.base.access import EVERYTHING, NOTHING, Role
from models.base.errors import CONSTRAINTS, Refusal, not_found
from models.base.statements import column_of
from models.base.text import EmailAddress, StateCode, TimeZone
from models.schools.schools import School
from models.schools.students import CONTACT, SEES_CONTACT, Student
from operations.arguments import NAME
from operations.context import Context
from operations.reads.pages import Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import row, to_one
from operations.reads.rows import find, rows_where
from operations.reads.searching import BY_NAME, SEARCH, has_part, person_has_part

STUDENT = to_one(Student, by="student_id")


async def students(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    search: Annotated[
        str | None, SEARCH, "A part of the name, or for those who always see it of the e-mail address."
    ] = None,
) -> Page:
    """The students that you may see, by name."""
    where, values = matching(search, context.viewer.role)
    return await page_of(context, Student, selection, page, order=BY_NAME, where=where, values=values)


def matching(search: str | None, role: Role) -> tuple[str, list[Any]]:
    """The condition of a search among students; who sees addresses for a time only does not find by them (ID-8)."""
    if not search:
        return EVERYTHING, []
    if role not in SEES_CONTACT:
        return has_part("folded(students.name)", slot="$1"), [search]
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


def contact(column: str) -> Batched:
    """A column that providers and offices see only while they may reach the student; null before and after (ID-8)."""

    async def resolve(context: Context, parents: list[Any], selection: Selection) -> list[Any]:
        values = column_of(parents, column)
        role = context.viewer.role
        if role in SEES_CONTACT:
            return values
        ids = column_of(parents, "id")
        condition = CONTACT.get(role, NOTHING).replace("$at", "$2")
        where = f"students.id = ANY($1) AND $2::timestamptz IS NOT NULL AND {condition}"
        rows = await rows_where(context, Student, (), where, list(dict.fromkeys(ids)), context.now)
        reached = set(column_of(rows, "id"))
        return [value if id in reached else None for id, value in zip(ids, values, strict=True)]

    return Batched(resolve, needs=("id", column), defers=True)


EMAIL, PHONE, STATE = contact("email"), contact("phone"), contact("state")
