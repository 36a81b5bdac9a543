"""How requests about students are answered."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Batched, Selection
from models.base.access import EVERYTHING, NOTHING
from models.base.errors import CONSTRAINTS, Refusal, not_found
from models.base.statements import column_of
from models.base.text import EmailAddress, StateCode, TimeZone
from models.base.words import Words
from models.schools.schools import School
from models.schools.students import CONTACT, SEES_CONTACT, Student
from operations.arguments import NAME, Filter
from operations.context import Context
from operations.reads.pages import Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import row, to_one
from operations.reads.rows import find, rows_where
from operations.reads.searching import BY_NAME, NEWEST_FIRST, SEARCH, containing

STUDENT = to_one(Student, by="student_id")


class StudentOrder(Words):
    """The order of a list of students."""

    NAME_ASC = "NAME_ASC", "By name."
    CREATED_AT_DESC = "CREATED_AT_DESC", "Newest first."


ORDERS = {StudentOrder.NAME_ASC: BY_NAME, StudentOrder.CREATED_AT_DESC: NEWEST_FIRST}


class StudentFilter(Filter):
    """Conditions on a list of students; all must hold."""

    search: Annotated[
        str | None, SEARCH, "Part of the name or, for roles that always see it, of the e-mail address (ID-8)."
    ] = None


async def students(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    filter: Annotated[StudentFilter | None, "Which students."] = None,
    order_by: Annotated[StudentOrder, "The order of the list."] = StudentOrder.NAME_ASC,
) -> Page:
    """The students you may see."""
    # Who sees an e-mail address for a time only does not find by it (ID-8).
    columns = ["students.name", *(["students.email"] if context.viewer.role in SEES_CONTACT else [])]
    where, values = (EVERYTHING, []) if filter is None else containing(filter.search, *columns)
    return await page_of(context, Student, selection, page, order=ORDERS[order_by], where=where, values=values)


async def student(context: Context, selection: Selection, *, id: Annotated[UUID, Student, "Id of the student."]) -> Any:
    """A student you may see."""
    return await row(context, Student, selection, id)


async def enter_student(
    context: Context,
    *,
    name: Annotated[str, NAME, "Student's full name."],
    email: Annotated[EmailAddress, "E-mail address for the invitation and notifications."],
    state: Annotated[StateCode, "State where the student usually lives."],
    time_zone: Annotated[TimeZone, "Student's time zone."],
    school_id: Annotated[UUID | None, School, "School; required for OPS, default your own."] = None,
) -> Student:
    """Add a student to a school, with an empty wallet."""
    school = await find(context, School, school_id or context.viewer.school_id, path="schoolId")
    return await Student.enter(
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
