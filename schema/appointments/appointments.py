"""Appointments as clients see them."""

from datetime import datetime

from models.appointments import appointments as models
from models.appointments.appointments import AppointmentStatus
from models.base.access import Role
from models.base.scopes import Scope
from models.base.text import StateCode
from models.directory.providers import Service
from models.rates.rates import VisitType
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.appointments import appointments as resolvers
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

PAYERS = [Role.PROVIDER, Role.OPS, Role.FINANCE]


@shows(models.Appointment)
class Appointment(Node):
    """A session between a student and a provider, from request to outcome."""

    status: AppointmentStatus = shown("Current status.")
    visit_type: VisitType = shown("Intake (60 minutes) or follow-up (50 minutes) (AP-2).")
    service: Service = shown("Service requested.")
    state: StateCode = shown("State where the student will be during the session (AP-1).")
    starts_at: datetime = shown("Start of the session.")
    ends_at: datetime = shown("End of the session.")
    requested_at: datetime = shown("When the student requested it.")
    confirm_by: datetime = shown("Deadline for the provider's answer; after it the request expires (AP-3).")
    confirmed_at: datetime | None = shown("When the provider confirmed it.")
    ended_at: datetime | None = shown("When it reached a final status.")
    attest_by: datetime = shown("Deadline for the provider's attestation (CL-1).")
    telehealth_link: str | None = optional_text(
        "telehealth_link", "Link to the provider's telehealth room, once confirmed (EN-7)."
    )
    missed_appointment_policy: str | None = optional_text(
        "missed_appointment_policy", "Missed-appointment policy accepted with the request (AP-5)."
    )
    expected_reimbursement: Money | None = money(
        "expected_cents", "Reimbursement expected if the session takes place (CL-5).", allow=PAYERS
    )
    student: Student | None = relation(STUDENT, "Student who requested it.")
    provider: Provider | None = relation(PROVIDER, "Provider of the session.")
    school: School | None = relation(SCHOOL, "School that sponsors it.")
    history: Connection[Event] = relation(resolvers.HISTORY, "Events of the appointment and its claim, oldest first.")


@extends(Student)
class StudentAppointments:
    """What appointments add to Student."""

    appointments: Connection[Appointment] = relation(
        resolvers.OF_STUDENT, "Appointments of the student that you may see, latest start first."
    )


@value
class BookingPreflight:
    """What a request would result in, and every reason it would be refused (AP-9)."""

    would_succeed: bool = shown("Whether the request would be accepted now.")
    visit_type: VisitType = shown("Intake or follow-up (AP-2).")
    starts_at: datetime = shown("Start of the session.")
    ends_at: datetime = shown("End of the session.")
    credits_available: int = shown("Credits available now.")
    missed_appointment_policy: str = shown(
        "Provider's missed-appointment policy, to be accepted with the request (AP-5)."
    )
    refusals: list[UserError] = computed(
        lambda value: [user_error(refusal) for refusal in value.refusals],
        "Every reason the request would be refused.",
        needs=("refusals",),
    )


class Query:
    """What appointments add to Query."""

    appointment: Appointment | None = query(
        resolvers.one,
        allow=[Role.STUDENT, Role.PROVIDER, Role.OFFICE, Role.SCHOOL, Role.PARTNER, Role.OPS],
        scope=Scope.APPOINTMENTS_READ,
    )
    appointments: Connection[Appointment] | None = query(
        resolvers.many,
        allow=[Role.STUDENT, Role.PROVIDER, Role.OFFICE, Role.SCHOOL, Role.PARTNER, Role.OPS],
        scope=Scope.APPOINTMENTS_READ,
    )
    booking_preflight: BookingPreflight | None = query(resolvers.preflight, allow=[Role.STUDENT])


class Mutation:
    """What appointments add to Mutation."""

    request_appointment = mutation(
        resolvers.request,
        check=resolvers.check_request,
        answers=payload("RequestAppointment", Appointment),
        allow=[Role.STUDENT],
    )
    withdraw_appointment = mutation(
        resolvers.withdraw, answers=payload("WithdrawAppointment", Appointment), allow=[Role.STUDENT]
    )
    confirm_appointment = mutation(
        resolvers.confirm,
        answers=payload("ConfirmAppointment", Appointment),
        allow=[Role.PROVIDER, Role.OFFICE],
        scope=Scope.APPOINTMENTS_WRITE,
    )
    decline_appointment = mutation(
        resolvers.decline,
        answers=payload("DeclineAppointment", Appointment),
        allow=[Role.PROVIDER, Role.OFFICE],
        scope=Scope.APPOINTMENTS_WRITE,
    )
    cancel_appointment = mutation(
        resolvers.cancel,
        answers=payload("CancelAppointment", Appointment),
        allow=[Role.STUDENT, Role.PROVIDER, Role.OFFICE, Role.OPS],
        scope=Scope.APPOINTMENTS_WRITE,
    )
    mark_no_show = mutation(
        resolvers.mark_no_show, answers=payload("MarkNoShow", Appointment), allow=[Role.PROVIDER, Role.OPS]
    )
