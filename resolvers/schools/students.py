"""How requests about students are answered."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.base.access import EVERYTHING
from models.base.text import EmailAddress, StateCode, TimeZone
from models.base.words import Words
from models.schools.schools import School
from models.schools.students import Student
from operations.arguments import NAME, Filter
from operations.context import Context
from operations.reads.pages import Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import row, to_one
from operations.reads.rows import find
from operations.reads.searching import BY_NAME, NEWEST_FIRST, SEARCH, containing

STUDENT = to_one(Student, by="student_id")


class StudentOrder(Words):
    """The order of a list of students."""

    NAME_ASC = "NAME_ASC", "By name."
    CREATED_AT_DESC = "CREATED_AT_DESC", "Newest first."


ORDERS = {StudentOrder.NAME_ASC: BY_NAME, StudentOrder.CREATED_AT_DESC: NEWEST_FIRST}


class StudentFilter(Filter):
    """Conditions on a list of students; all must hold."""

    search: Annotated[str | None, SEARCH, "Part of the name or e-mail address."] = None


async def students(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    filter: Annotated[StudentFilter | None, "Which students."] = None,
    order_by: Annotated[StudentOrder, "The order of the list."] = StudentOrder.NAME_ASC,
) -> Page:
    """The students you may see."""
    where, values = (EVERYTHING, []) if filter is None else containing(filter.search, "students.name", "students.email")
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
    return await Student.enroll(
        school, name=name, email=email, state=state, time_zone=time_zone, by=context.viewer, at=context.now
    )
