"""Students as clients see them."""

from datetime import datetime

from models.base.access import Role
from models.base.scopes import Scope
from models.base.text import EmailAddress, PhoneNumber, StateCode, TimeZone
from models.schools import students
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.schools import students as resolvers
from resolvers.schools.schools import SCHOOL
from schema.accounts.accounts import Membership
from schema.accounts.persons import PersonConflict
from schema.base.shape import Connection, Node, extends, payload, shown, shows
from schema.schools.schools import STAFF, School


@shows(students.Student)
class Student(Node):
    """A student, who is the client. Belongs to one school."""

    name: str = shown("Name.")
    email: EmailAddress | None = relation(
        resolvers.EMAIL,
        "E-mail address. Providers and offices see it while an appointment is live, and after the last confirmed "
        "session until its attestation deadline; otherwise it is null for them (ID-8).",
    )
    phone: PhoneNumber | None = relation(resolvers.PHONE, "Telephone number; visible when the e-mail address is.")
    state: StateCode | None = relation(
        resolvers.STATE, "State where the student usually lives; visible when the e-mail address is."
    )
    time_zone: TimeZone = shown("Time zone.")
    erased_at: datetime | None = shown("When the student's identity was erased; null if it was not.")
    school: School | None = relation(SCHOOL, "School that sponsors the student.")


@extends(Membership)
class MembershipStudent:
    """What students add to Membership."""

    student: Student | None = relation(resolvers.STUDENT, "Student it belongs to, for the role STUDENT.")


@extends(PersonConflict)
class PersonConflictStudent:
    """What students add to PersonConflict."""

    student: Student | None = relation(resolvers.STUDENT, "Student concerned, if any.")


class Query:
    """What students add to Query."""

    student: Student | None = query(
        resolvers.student,
        allow=[*STAFF, Role.PROVIDER, Role.OFFICE, Role.STUDENT],
        scope=Scope.STUDENTS_READ,
    )
    students: Connection[Student] | None = query(
        resolvers.students, allow=[*STAFF, Role.PROVIDER, Role.OFFICE], scope=Scope.STUDENTS_READ
    )


class Mutation:
    """What students add to Mutation."""

    enter_student = mutation(
        resolvers.enter_student,
        check=resolvers.check_student,
        answers=payload("EnterStudent", Student),
        allow=[Role.OPS, Role.SCHOOL],
    )
