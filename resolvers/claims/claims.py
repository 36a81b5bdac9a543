"""How requests about claims are answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from execution import Batched, Selection
from models.appointments.appointments import Appointment
from models.base.access import EVERYTHING
from models.base.statements import fetch
from models.base.text import PresentingConcern
from models.base.words import Words
from models.claims import claims
from models.claims.claims import Claim, ClaimStatus
from operations.arguments import Filter
from operations.context import Context
from operations.reads.pages import Order, Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import row, to_one, to_one_back
from operations.reads.rows import find_locked
from resolvers.appointments.appointments import OfAppointment


class ClaimOrder(Words):
    """The order of a list of claims."""

    SUBMITTED_AT_DESC = "SUBMITTED_AT_DESC", "Newest first."
    SUBMITTED_AT_ASC = "SUBMITTED_AT_ASC", "Oldest first."


ORDERS = {
    ClaimOrder.SUBMITTED_AT_DESC: Order("submitted_at", descending=True),
    ClaimOrder.SUBMITTED_AT_ASC: Order("submitted_at"),
}


class ClaimFilter(Filter):
    """Conditions on a list of claims; all must hold."""

    status: Annotated[list[ClaimStatus] | None, "Has one of these statuses."] = None
    from_: Annotated[datetime | None, "Submitted at or after this time."] = None
    until: Annotated[datetime | None, "Submitted before this time."] = None


def conditions(wanted: ClaimFilter | None) -> tuple[str, list[Any]]:
    """The SQL condition of a filter and its values from `$1` on."""
    if wanted is None:
        return EVERYTHING, []
    parts: list[str] = []
    values: list[Any] = []
    statuses = None if wanted.status is None else [status.value for status in wanted.status]
    for condition, value in (
        ("claims.status = ANY ({}::text[])", statuses),
        ("claims.submitted_at >= {}", wanted.from_),
        ("claims.submitted_at < {}", wanted.until),
    ):
        if value is not None:
            values.append(value)
            parts.append(condition.format(f"${len(values)}"))
    return " AND ".join(parts) or EVERYTHING, values


async def one(context: Context, selection: Selection, *, id: Annotated[UUID, Claim, "Id of the claim."]) -> Any:
    """A claim you may see."""
    return await row(context, Claim, selection, id)


async def many(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    filter: Annotated[ClaimFilter | None, "Which claims."] = None,
    order_by: Annotated[ClaimOrder, "The order of the list."] = ClaimOrder.SUBMITTED_AT_DESC,
) -> Page:
    """The claims you may see."""
    where, values = conditions(filter)
    return await page_of(context, Claim, selection, page, order=ORDERS[order_by], where=where, values=values)


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
    presenting_concern: Annotated[
        PresentingConcern, "Main concern addressed in the session; never shown to the school (CL-9)."
    ],
) -> Claim:
    """Attest that a session took place and claim its reimbursement. The claim is adjudicated at once (CL-1, CL-6)."""
    appointment = await find_locked(context, Appointment, appointment_id, path="appointmentId")
    return await claims.attest(appointment, presenting_concern=presenting_concern, by=context.viewer, at=context.now)


CLAIM = to_one_back(Claim, by="appointment_id", where="claims.status NOT IN ('VOID', 'REPLACED')")
