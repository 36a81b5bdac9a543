"""Schools and students as clients see them."""

from datetime import date, datetime

import strawberry

from models.base.access import Role
from models.base.text import EmailAddress, PhoneNumber, StateCode, TimeZone
from models.schools import schools, students
from models.schools.schools import MissedSessionPolicy
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers import appointments, credits
from resolvers import schools as resolvers
from resolvers.accounts import SCHOOL
from schema.appointments import Appointment
from schema.credits import Wallet
from schema.shape import Connection, Money, Node, money, payload, shown, shows, value

STAFF = [Role.OPS, Role.SCHOOL, Role.PARTNER]


@value
class MonthlyFigures:
    """One month of a school in numbers. A month of fewer than 11 students is suppressed (CL-9)."""

    month: date = shown("The first day of the month.")
    suppressed: bool = shown("Whether the numbers are withheld because the group is too small.")
    requested: int | None = shown("Appointments that were requested for this month.")
    completed: int | None = shown("Sessions that took place.")
    no_shows: int | None = shown("Sessions that the student missed.")
    settled_credits: int | None = shown("Credits that accepted claims settled.")
    reimbursed: Money | None = money("amount_cents", "What accepted claims come to.")


@shows(schools.School)
class School(Node):
    """A university; its counselling centre sponsors credits."""

    name: str = shown("The school's name.")
    time_zone: TimeZone = shown("The zone of its calendar.")
    credits_min: int = shown("The fewest credits of one grant (CR-2).")
    credits_max: int = shown("The most credits of one grant (CR-2).")
    missed_session_policy: MissedSessionPolicy = shown("What becomes of the credit of a missed session (CR-5).")
    crisis_line: str = shown("Whom to call in an acute crisis, beside 988 (AP-8).")
    created_at: datetime = shown("Since when it takes part.")
    monthly: list[MonthlyFigures] = relation(resolvers.MONTHLY, "The months of a year that had sessions.", allow=STAFF)


@shows(students.Student)
class Student(Node):
    """The client: belongs to one school, may be away in another state."""

    name: str = shown("The student's name.")
    email: EmailAddress = shown("The student's address.")
    phone: PhoneNumber | None = shown("The student's telephone.")
    state: StateCode = shown("The state where the student usually is.")
    time_zone: TimeZone = shown("The student's time zone.")
    erased_at: datetime | None = shown("When the identity was removed for good; null for everybody else.")
    school: School | None = relation(SCHOOL, "The school.")
    wallet: Wallet | None = relation(credits.OF_STUDENT, "The student's credits.")
    appointments: Connection[Appointment] = relation(
        appointments.OF_STUDENT, "The student's appointments that you may see, latest first."
    )


@strawberry.type
class Query:
    """What schools add to Query."""

    school: School | None = query(resolvers.one, allow=[*STAFF, Role.FINANCE, Role.STUDENT])
    schools: Connection[School] | None = query(resolvers.many, allow=[Role.OPS, Role.FINANCE])
    student: Student | None = query(resolvers.student, allow=[*STAFF, Role.PROVIDER, Role.OFFICE, Role.STUDENT])
    students: Connection[Student] | None = query(resolvers.students, allow=[*STAFF, Role.PROVIDER, Role.OFFICE])


@strawberry.type
class Mutation:
    """What schools add to Mutation."""

    open_school = mutation(resolvers.open_school, answers=payload("OpenSchool", School), allow=[Role.OPS])
    enter_student = mutation(
        resolvers.enter_student, answers=payload("EnterStudent", Student), allow=[Role.OPS, Role.SCHOOL]
    )
