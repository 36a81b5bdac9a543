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
    id: Annotated[UUID | None, Appointment, "Only this one; all that you may see if left out."] = None,
) -> AsyncIterator[ChangeNotice]:
    """Each change of an appointment that you may see, with the appointment as it is now.

    The first message says `refetch`: read the present state then, and nothing falls between reading and listening.
    """
    return told(context, APPOINTMENTS, id)


APPOINTMENT = to_one(Appointment, by="row_id")
