"""What becomes of a provider's sessions when their account is shut (ID-7, AP-3)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from models.accounts.accounts import Account, account_shut, account_shuts
from models.appointments.appointments import Appointment, AppointmentStatus
from models.base.access import Viewer
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.statements import fetch, write

OF_PROVIDER = """
SELECT a.id FROM appointments a JOIN providers p ON p.id = a.provider_id
 WHERE p.person_id = $1 AND a.status = $2 ORDER BY a.student_id, a.id
"""


@account_shuts.effect
async def before_shutting(account: Account, /, *, by: Viewer, at: datetime) -> None:
    """Decline what waits for the provider, as wallets are locked before the provider that the shutting unlists."""
    await decline_waiting(account.person_id, by=by, at=at)


@account_shut.effect
async def after_shutting(account: Account, /, *, by: Viewer, at: datetime) -> None:
    """Decline what came while the shutting waited; tell the practice, or OPS, of what is confirmed and stays so."""
    await decline_waiting(account.person_id, by=by, at=at)
    for row in await fetch(OF_PROVIDER, account.person_id, AppointmentStatus.CONFIRMED):
        appointment = await Appointment.get(id=row.id)
        await write(new_event(EventVerb.APPOINTMENT_PROVIDER_UNAVAILABLE, appointment, by=by, at=at))


async def decline_waiting(person_id: UUID, *, by: Viewer, at: datetime) -> None:
    """End each request, with its release; one whose time to be answered is over expires."""
    for row in await fetch(OF_PROVIDER, person_id, AppointmentStatus.REQUESTED):
        appointment = await Appointment.locked(row.id)
        if appointment.status is not AppointmentStatus.REQUESTED:
            continue
        if at < appointment.confirm_by:
            await appointment.decline(by=by, at=at)
        else:
            await appointment.expire(at=at)
