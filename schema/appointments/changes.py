"""What subscriptions tell of appointments, as clients see it."""

from models.appointments.appointments import Appointment as AppointmentRow
from models.base.scopes import Scope
from operations.changes import EVENT
from operations.queries import relation, subscription
from resolvers.appointments import changes as resolvers
from schema.appointments.appointments import Appointment
from schema.base.events import EVENT_TEXT, REFETCH, Event
from schema.base.shape import shown, value


@value
class AppointmentChange:
    """A change to an appointment."""

    refetch: bool = shown(REFETCH)
    event: Event | None = relation(EVENT, EVENT_TEXT)
    appointment: Appointment | None = relation(resolvers.APPOINTMENT, "Current state of the appointment.")


class Subscription:
    """What appointments add to Subscription."""

    appointment_changed: AppointmentChange | None = subscription(
        resolvers.appointment_changed, allow=[*AppointmentRow.REACH], scope=Scope.APPOINTMENTS_READ
    )
