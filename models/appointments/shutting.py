"""What becomes of a provider's sessions when their account is shut (ID-7, AP-3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from models.accounts.accounts import WHEN_SHUT
from models.appointments.appointments import Appointment, AppointmentStatus, locked
from models.base.access import Viewer
from models.base.events import happened
from models.base.statements import fetch, write

OF_PROVIDER = """
SELECT a.id, a.student_id FROM appointments a JOIN providers p ON p.id = a.provider_id
 WHERE p.person_id = $1 AND a.status = $2 ORDER BY a.student_id, a.id
"""


@asynccontextmanager
async def around_shutting(person_id: UUID, *, by: Viewer, at: datetime) -> AsyncIterator[None]:
    """Decline what waits for the provider; tell their practice, or OPS, of what is confirmed and stays so.

    Most is declined before the account is shut, as wallets are locked before providers; the shutting waits for who is
    just booking, and what came of that is declined after it.
    """
    await decline_waiting(person_id, by=by, at=at)
    yield
    await decline_waiting(person_id, by=by, at=at)
    for row in await fetch(OF_PROVIDER, person_id, AppointmentStatus.CONFIRMED):
        appointment = await Appointment.get(id=row.id)
        await write(happened("appointment.provider_unavailable", appointment, by=by, at=at))


async def decline_waiting(person_id: UUID, *, by: Viewer, at: datetime) -> None:
    """End each request, with its release; one whose time to be answered is over expires."""
    for row in await fetch(OF_PROVIDER, person_id, AppointmentStatus.REQUESTED):
        appointment = await locked(row.id, row.student_id)
        if appointment.status is not AppointmentStatus.REQUESTED:
            continue
        if at < appointment.confirm_by:
            await appointment.decline(by=by, at=at)
        else:
            await appointment.expire(at=at)


WHEN_SHUT.append(around_shutting)
