"""Appointments as clients see them."""

from datetime import datetime

import strawberry

from models.appointments import appointments as models
from models.appointments.appointments import AppointmentStatus
from models.base.access import Role
from models.base.text import StateCode
from models.directory.providers import Service
from models.rates.rates import VisitType
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.appointments import appointments as resolvers
from resolvers.appointments.appointments import AppointmentFilter
from resolvers.directory.providers import PROVIDER
from resolvers.schools.schools import SCHOOL
from resolvers.schools.students import STUDENT
from schema.base.events import Event
from schema.base.shape import (
    Connection,
    Money,
    Node,
    UserError,
    computed,
    extends,
    money,
    optional_text,
    payload,
    shown,
    shows,
    user_error,
    value,
)
from schema.directory.providers import Provider
from schema.schools.schools import School
from schema.schools.students import Student

strawberry.input(AppointmentFilter, description="Which appointments; conditions are joined by and.")

PAYERS = [Role.PROVIDER, Role.OPS, Role.FINANCE]


@shows(models.Appointment)
class Appointment(Node):
    """One session between a student and a provider, from request to outcome."""

    status: AppointmentStatus = shown("Where it stands.")
    visit_type: VisitType = shown("Intake, 60 minutes, or follow-up, 50 minutes (AP-2).")
    service: Service = shown("What the session is for.")
    state: StateCode = shown("The state where the student will be (AP-1).")
    starts_at: datetime = shown("When the session begins.")
    ends_at: datetime = shown("When the session ends.")
    requested_at: datetime = shown("When the student asked for it.")
    confirm_by: datetime = shown("Until when the provider answers; then it expires (AP-3).")
    confirmed_at: datetime | None = shown("When the provider accepted it.")
    ended_at: datetime | None = shown("When it reached its end.")
    attest_by: datetime = shown("Until when the provider attests it in time (CL-1).")
    telehealth_link: str | None = optional_text("telehealth_link", "The provider's room, once it is confirmed (EN-7).")
    missed_appointment_policy: str | None = optional_text(
        "missed_appointment_policy", "The provider's policy that was accepted with the request (AP-5)."
    )
    expected_reimbursement: Money | None = money(
        "expected_cents", "What the provider will be reimbursed if it takes place (CL-5).", allow=PAYERS
    )
    student: Student | None = relation(STUDENT, "Who asked for it.")
    provider: Provider | None = relation(PROVIDER, "Who gives it.")
    school: School | None = relation(SCHOOL, "Who sponsors it.")
    history: Connection[Event] = relation(resolvers.HISTORY, "All that happened to it and to its claim, in order.")


@extends(Student)
class StudentAppointments:
    """What appointments add to Student."""

    appointments: Connection[Appointment] = relation(
        resolvers.OF_STUDENT, "The student's appointments that you may see, latest first."
    )


@value
class BookingPreflight:
    """What a request would come to, and every rule that would refuse it (AP-9)."""

    would_succeed: bool = shown("Whether nothing speaks against it now.")
    visit_type: VisitType = shown("What the session would be (AP-2).")
    starts_at: datetime = shown("When it would begin.")
    ends_at: datetime = shown("When it would end.")
    credits_available: int = shown("Credits that are free now.")
    missed_appointment_policy: str = shown("The provider's policy, to be accepted with the request (AP-5).")
    refusals: list[UserError] = computed(
        lambda value: [user_error(refusal) for refusal in value.refusals],
        "Every reason against it.",
        needs=("refusals",),
    )


class Query:
    """What appointments add to Query."""

    appointment: Appointment | None = query(
        resolvers.one, allow=[Role.STUDENT, Role.PROVIDER, Role.OFFICE, Role.SCHOOL, Role.PARTNER, Role.OPS]
    )
    appointments: Connection[Appointment] | None = query(
        resolvers.many, allow=[Role.STUDENT, Role.PROVIDER, Role.OFFICE, Role.SCHOOL, Role.PARTNER, Role.OPS]
    )
    booking_preflight: BookingPreflight | None = query(resolvers.preflight, allow=[Role.STUDENT])


class Mutation:
    """What appointments add to Mutation."""

    request_appointment = mutation(
        resolvers.request, answers=payload("RequestAppointment", Appointment), allow=[Role.STUDENT]
    )
    withdraw_appointment = mutation(
        resolvers.withdraw, answers=payload("WithdrawAppointment", Appointment), allow=[Role.STUDENT]
    )
    confirm_appointment = mutation(
        resolvers.confirm, answers=payload("ConfirmAppointment", Appointment), allow=[Role.PROVIDER, Role.OFFICE]
    )
    decline_appointment = mutation(
        resolvers.decline, answers=payload("DeclineAppointment", Appointment), allow=[Role.PROVIDER, Role.OFFICE]
    )
    cancel_appointment = mutation(
        resolvers.cancel,
        answers=payload("CancelAppointment", Appointment),
        allow=[Role.STUDENT, Role.PROVIDER, Role.OFFICE],
    )
    mark_no_show = mutation(
        resolvers.mark_no_show, answers=payload("MarkNoShow", Appointment), allow=[Role.PROVIDER, Role.OPS]
    )
