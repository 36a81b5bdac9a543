"""How requests about claims are answered."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Batched, Selection
from models.appointments.appointments import Appointment
from models.base.access import EVERYTHING
from models.base.statements import fetch
from models.claims import claims
from models.claims.claims import Claim, ClaimStatus, PresentingConcern
from operations.context import Context
from operations.reads.pages import Order, Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import row, to_one, to_one_back
from operations.reads.rows import find_locked
from resolvers.appointments.appointments import OfAppointment

LATEST_FIRST = Order("submitted_at", descending=True)


async def one(context: Context, selection: Selection, *, id: Annotated[UUID, Claim, "The claim's id."]) -> Any:
    """One claim, if you may see it."""
    return await row(context, Claim, selection, id)


async def many(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    status: Annotated[list[ClaimStatus] | None, "Only claims with one of these decisions."] = None,
) -> Page:
    """The claims that you may see, latest first."""
    where, values = EVERYTHING, []
    if status is not None:
        where, values = "claims.status = ANY ($1::text[])", [[one.value for one in status]]
    return await page_of(context, Claim, selection, page, order=LATEST_FIRST, where=where, values=values)


APPOINTMENT = to_one(Appointment, by="appointment_id")


async def session_starts(context: Context, parents: list[Any], selection: Selection) -> list[Any]:
    """For each claim when its session began: FINANCE pays by it and sees nothing else of the session."""
    ids = [parent.appointment_id for parent in parents]
    rows = await fetch("SELECT id, starts_at FROM appointments WHERE id = ANY ($1)", ids)
    found = {row.id: row.starts_at for row in rows}
    return [found[id] for id in ids]


SESSION_STARTS_AT = Batched(session_starts, needs=("appointment_id",))


async def attest(
    context: Context,
    *,
    appointment_id: OfAppointment,
    presenting_concern: Annotated[PresentingConcern, "What the session was about; never shown to the school (CL-9)."],
) -> Claim:
    """Attest that a session occurred and submit it for reimbursement; the claim is decided at once (CL-1, CL-6)."""
    appointment = await find_locked(context, Appointment, appointment_id, path="appointmentId")
    return await claims.attest(appointment, presenting_concern=presenting_concern, by=context.viewer, at=context.now)


CLAIM = to_one_back(Claim, by="appointment_id", where="claims.status <> 'VOID'")
