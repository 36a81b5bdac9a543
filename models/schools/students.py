"""Students: the clients of a school, who may use its credits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.errors import CONSTRAINTS, Code, Refusal
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.exports import in_record
from models.base.personal import NOWHERE_ADDRESS, NULL, Kept, Personal
from models.base.scopes import Needed, Scope
from models.base.statements import write
from models.schools.schools import School

CONTACT: dict[Role, str] = {}
"""For each role that sees a student's contact for a time only, the condition in SQL; `$at` stands for the time (ID-8).

The areas to the right say it; SEES_CONTACT are the roles for whom there is none.
"""
SEES_CONTACT = frozenset({Role.STUDENT, Role.SCHOOL, Role.PARTNER, Role.OPS})


class Student(Entity):
    """A student, who is the client. Belongs to one school."""

    PREFIX: ClassVar[str] = "stu"
    SCOPE: ClassVar[Needed] = Scope.STUDENTS_READ
    REACH: ClassVar[Reach] = {
        Role.OPS: EVERYTHING,
        Role.STUDENT: "students.id = {student}",
        Role.SCHOOL: "students.school_id = {school}",
        Role.PARTNER: "students.school_id = {school}",
    }
    RECORD_OF: ClassVar[str | None] = "id"
    MADE_BY_DATABASE: ClassVar[frozenset[str]] = frozenset({"person_id"})

    school: fields.ForeignKeyRelation[School] = fields.ForeignKeyField(
        "models.School", related_name="students", on_delete=fields.RESTRICT, db_index=True
    )
    school_id: UUID
    person_id = fields.UUIDField()
    name = fields.CharField(max_length=200)
    email = fields.CharField(max_length=254)
    phone = fields.CharField(max_length=20, null=True)
    state = fields.CharField(max_length=2)
    time_zone = fields.CharField(max_length=60)
    created_at = fields.DatetimeField()
    erased_at = fields.DatetimeField(null=True)

    PERSONAL: ClassVar[Mapping[str, Personal]] = {
        "name": Personal("name", erased="'Erased student'"),
        "email": Personal("address", erased=NOWHERE_ADDRESS, is_address=True),
        "phone": Personal("telephone", erased=NULL),
        "state": Personal("the state where the student is"),
    }
    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"time_zone"})
    OF_STUDENT: ClassVar[str | None] = "students.id = {student}"
    WRITTEN_TO: ClassVar[str | None] = "true"
    KEPT: ClassVar[Kept] = Kept(
        long="as long as the school takes part, then erased on its word", why="who may use credits"
    )

    class Meta:
        """One student for an address in a school, whatever its case; a trigger keeps an erased one erased."""

        table = "students"

    @classmethod
    async def enter(
        cls, school: School, *, name: str, email: str, state: str, time_zone: str, by: Viewer | None, at: datetime
    ) -> Student:
        """Enter a student of a school."""
        student = cls(
            school_id=school.id, name=name.strip(), email=email, state=state, time_zone=time_zone, created_at=at
        )
        await write(student, new_event(EventVerb.STUDENT_ENTERED, student, by=by, at=at))
        return student


in_record(
    Student,
    "name",
    "email",
    "phone",
    "state",
    "time_zone",
    "school_id",
    "created_at",
    "erased_at",
    where="students.id = $1",
)
in_record(
    School,
    "name",
    "time_zone",
    "crisis_line",
    where="schools.id = (SELECT own.school_id FROM students own WHERE own.id = $1)",
)


CONSTRAINTS["students_email_in_school"] = Refusal(
    Code.CONFLICT,
    "This school already has a student with this e-mail address.",
    path=["email"],
    fix="Search for the student.",
)
