"""What ends when a student leaves: requests and sessions that lie ahead."""

from __future__ import annotations

from datetime import datetime

from models.appointments.appointments import Appointment, AppointmentStatus
from models.base.access import Viewer
from models.base.effects import Leaving, student_leaves


@student_leaves.effect
async def end_appointments(leaving: Leaving, *, by: Viewer, at: datetime) -> None:
    """End what is live by its own verbs, each with its release; how many it was, and how many are left.

    A session that has begun is left to its provider, who attests it or says that nobody came (CL-1, AP-7).
    """
    live = Appointment.filter(
        student_id=leaving.student_id, status__in=[AppointmentStatus.REQUESTED, AppointmentStatus.CONFIRMED]
    )
    for appointment in await live.order_by("id").select_for_update(no_key=True):
        if appointment.status is AppointmentStatus.REQUESTED:
            if at < appointment.confirm_by:
                await appointment.withdraw(by=by, at=at)
            else:
                await appointment.expire(at=at)
        elif at < appointment.starts_at:
            await appointment.cancel(by=by, at=at)
        else:
            leaving.done["appointments_left"] += 1
            continue
        leaving.done["appointments_ended"] += 1
