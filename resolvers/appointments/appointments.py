"""How requests about appointments are answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from execution import Batched, Selection
from models.appointments import booking
from models.appointments.appointments import Appointment, AppointmentStatus
from models.appointments.rules import BookingFacts, request_refusals
from models.availability.openings import Opening
from models.base.access import EVERYTHING, NOTHING, Role
from models.base.events import Event
from models.base.text import StateCode
from models.base.words import Words
from models.directory.providers import Service
from operations.arguments import Filter
from operations.context import Context, forbidden
from operations.reads.pages import Order, Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import row, to_many
from operations.reads.rows import find_locked
from operations.reads.searching import SEARCH, like

LIVE = "appointments.ended_at IS NULL"
"""Requested or confirmed, said so that the index of all live appointments is used; those statuses say the same."""
LIVE_STATUSES = {AppointmentStatus.REQUESTED, AppointmentStatus.CONFIRMED}


class AppointmentOrder(Words):
    """The order of a list of appointments."""

    STARTS_AT_ASC = "STARTS_AT_ASC", "Earliest start first."
    STARTS_AT_DESC = "STARTS_AT_DESC", "Latest start first."
    CONFIRM_BY_ASC = "CONFIRM_BY_ASC", "Earliest answer deadline first."
    REQUESTED_AT_DESC = "REQUESTED_AT_DESC", "Newest request first."


ORDERS = {
    AppointmentOrder.STARTS_AT_ASC: Order("starts_at"),
    AppointmentOrder.STARTS_AT_DESC: Order("starts_at", descending=True),
    AppointmentOrder.CONFIRM_BY_ASC: Order("confirm_by"),
    AppointmentOrder.REQUESTED_AT_DESC: Order("requested_at", descending=True),
}


class AppointmentFilter(Filter):
    """Conditions on a list of appointments; all must hold."""

    status: Annotated[list[AppointmentStatus] | None, "Has one of these statuses."] = None
    from_: Annotated[datetime | None, "Starts at or after this time."] = None
    until: Annotated[datetime | None, "Starts before this time."] = None
    upcoming: Annotated[bool | None, "True: requested or confirmed, and not over yet."] = None
    to_attest: Annotated[bool | None, "True: confirmed and over, waiting for attestation (CL-1)."] = None
    search: Annotated[str | None, SEARCH, "Part of the student's or provider's name or e-mail address; OPS only."] = (
        None
    )


def conditions(wanted: AppointmentFilter | None, now: datetime) -> tuple[str, list[Any]]:
    """The SQL condition of a filter and its values from `$1` on."""
    parts: list[str] = []
    values: list[Any] = []

    def add(condition: str, value: Any) -> None:
        values.append(value)
        parts.append(condition.replace("$?", f"${len(values)}"))

    if wanted is None:
        return EVERYTHING, []
    if wanted.status is not None:
        # In the text, not as values: a plan that has to do for all of them could not use an index of the live ones.
        listed = ", ".join(f"'{status.value}'" for status in sorted(set(wanted.status)))
        parts.append(f"appointments.status IN ({listed})" if listed else NOTHING)
        if LIVE_STATUSES.issuperset(wanted.status):
            parts.append(LIVE)
    if wanted.from_ is not None:
        add("appointments.starts_at >= $?", wanted.from_)
    if wanted.until is not None:
        add("appointments.starts_at < $?", wanted.until)
    if wanted.upcoming:
        add(
            f"{LIVE} AND appointments.ends_at > $?"
            # Redundant, and what lets the index on the start be used.
            " AND appointments.starts_at > $?::timestamptz - interval '1 hour'",
            now,
        )
    if wanted.to_attest:
        add(f"{LIVE} AND appointments.status = 'CONFIRMED' AND appointments.ends_at <= $?", now)
    if wanted.search:
        add(
            "(EXISTS (SELECT 1 FROM students s WHERE s.id = appointments.student_id"
            " AND (s.name ILIKE $? OR s.email ILIKE $?))"
            " OR EXISTS (SELECT 1 FROM providers p WHERE p.id = appointments.provider_id"
            " AND (p.name ILIKE $? OR p.email ILIKE $?)))",
            like(wanted.search),
        )
    return " AND ".join(parts) or EVERYTHING, values


async def one(
    context: Context, selection: Selection, *, id: Annotated[UUID, Appointment, "Id of the appointment."]
) -> Any:
    """An appointment you may see."""
    return await row(context, Appointment, selection, id)


async def many(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    filter: Annotated[AppointmentFilter | None, "Which appointments."] = None,
    order_by: Annotated[AppointmentOrder, "The order of the list."] = AppointmentOrder.STARTS_AT_ASC,
) -> Page:
    """The appointments you may see."""
    if filter is not None and filter.search and context.viewer.role is not Role.OPS:
        raise forbidden()  # a search finds by addresses too, which other roles are not shown
    where, values = conditions(filter, context.now)
    return await page_of(context, Appointment, selection, page, order=ORDERS[order_by], where=where, values=values)


async def preflight(
    context: Context,
    selection: Selection,
    *,
    opening_id: Annotated[UUID, Opening, "Opening to check."],
    state: Annotated[StateCode, "State where the student will be during the session."],
    service: Annotated[Service, "Service requested."] = Service.THERAPY,
    accepts_missed_appointment_policy: Annotated[
        bool, "Whether the student accepts the provider's missed-appointment policy (AP-5)."
    ] = False,
) -> Any:
    """Check a request without making it: every reason it would be refused now (AP-9)."""
    student = context.viewer.student_id
    assert student is not None, "the audience is students"
    facts = await booking.booking_facts(
        student_id=student, opening_id=opening_id, service=service, state=state, at=context.now
    )
    return Preflight(facts, request_refusals(facts, accepts_policy=accepts_missed_appointment_policy, at=context.now))


class Preflight:
    """What a request would come to, and every reason against it."""

    def __init__(self, facts: BookingFacts, refusals: list[Any]) -> None:
        self.visit_type = facts.visit_type
        self.starts_at = facts.starts_at
        self.ends_at = facts.ends_at
        self.missed_appointment_policy = facts.missed_appointment_policy
        self.credits_available = facts.available
        self.refusals = refusals

    @property
    def would_succeed(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.refusals


async def request(
    context: Context,
    *,
    opening_id: Annotated[UUID, Opening, "Opening to book."],
    state: Annotated[StateCode, "State where the student will be during the session (AP-1)."],
    service: Annotated[Service, "Service requested."] = Service.THERAPY,
    accepts_missed_appointment_policy: Annotated[
        bool, "Whether the student was shown and accepts the provider's missed-appointment policy (AP-5)."
    ] = False,
) -> Appointment:
    """Request an appointment. It reserves the time and holds one credit until the provider answers (CR-4, AP-3)."""
    student = context.viewer.student_id
    assert student is not None, "the audience is students"
    return await booking.request(
        student_id=student,
        opening_id=opening_id,
        service=service,
        state=state,
        accepts_policy=accepts_missed_appointment_policy,
        by=context.viewer,
        at=context.now,
    )


OfAppointment = Annotated[UUID, Appointment, "Id of the appointment."]


async def confirm(context: Context, *, appointment_id: OfAppointment) -> Appointment:
    """Confirm a request, within 72 hours and before the session starts (AP-3)."""
    appointment = await find_locked(context, Appointment, appointment_id, path="appointmentId")
    await appointment.confirm(by=context.viewer, at=context.now)
    return appointment


async def decline(context: Context, *, appointment_id: OfAppointment) -> Appointment:
    """Decline a request. Its time and credit are released at once (AP-3, CR-4)."""
    appointment = await find_locked(context, Appointment, appointment_id, path="appointmentId")
    await appointment.decline(by=context.viewer, at=context.now)
    return appointment


async def withdraw(context: Context, *, appointment_id: OfAppointment) -> Appointment:
    """Withdraw a request before it is answered. Its time and credit are released at once (CR-4)."""
    appointment = await find_locked(context, Appointment, appointment_id, path="appointmentId")
    await appointment.withdraw(by=context.viewer, at=context.now)
    return appointment


async def cancel(context: Context, *, appointment_id: OfAppointment) -> Appointment:
    """Cancel a confirmed appointment before it starts (CR-4, CR-5)."""
    appointment = await find_locked(context, Appointment, appointment_id, path="appointmentId")
    await appointment.cancel(by=context.viewer, at=context.now)
    return appointment


async def mark_no_show(context: Context, *, appointment_id: OfAppointment) -> Appointment:
    """Mark that the student did not attend. No-shows are not reimbursed (CR-5, AP-7)."""
    appointment = await find_locked(context, Appointment, appointment_id, path="appointmentId")
    await appointment.mark_no_show(by=context.viewer, at=context.now)
    return appointment


OF_STUDENT = to_many(Appointment, by="student_id", order=Order("starts_at", descending=True))
HISTORY: Batched = to_many(Event, by="appointment_id", order=Order("id"))
