"""What subscriptions tell of appointments."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from models.appointments.appointments import Appointment
from operations.broker import ChangeNotice, Topic
from operations.changes import subject_of, told
from operations.context import Context
from operations.reads.relations import to_one

APPOINTMENTS = Topic(model=Appointment, row_of=lambda fact: subject_of(Appointment.PREFIX, fact))


def appointment_changed(
    context: Context,
    *,
    id: Annotated[UUID | None, Appointment, "Only this one; default all you may see."] = None,
) -> AsyncIterator[ChangeNotice]:
    """Changes to appointments you may see, with the appointment's current state.

    The first message has `refetch: true`: fetch the current state then, and no change is missed.
    """
    return told(context, APPOINTMENTS, id)


APPOINTMENT = to_one(Appointment, by="row_id")
