"""How requests for more credits are answered (CR-6)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from execution import Batched, Selection
from models.base.access import EVERYTHING
from models.base.amounts import Credits
from models.base.errors import Refusal, not_found
from models.base.statements import fetch_one
from models.base.words import Words
from models.credits import credit_requests
from models.credits.credit_requests import (
    CreditDecisionReason,
    CreditRequest,
    CreditRequestReason,
    CreditRequestStatus,
    decision_refusals,
    request_refusals,
)
from models.credits.grants import SCHOOL_OF_WALLET, expiry_refusals, grant_warnings
from models.credits.ledger import Grant
from models.schools.students import Student
from operations.arguments import Filter
from operations.context import Context
from operations.reads.pages import Order, Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import to_one
from operations.reads.rows import find, find_locked

OfRequest = Annotated[UUID, CreditRequest, "Id of the request."]
HOUR = timedelta(hours=1)


class CreditRequestOrder(Words):
    """The order of a list of requests for credits."""

    REQUESTED_AT_DESC = "REQUESTED_AT_DESC", "Newest first."
    REQUESTED_AT_ASC = "REQUESTED_AT_ASC", "Oldest first."


ORDERS = {
    CreditRequestOrder.REQUESTED_AT_DESC: Order("requested_at", descending=True),
    CreditRequestOrder.REQUESTED_AT_ASC: Order("requested_at"),
}


class CreditRequestFilter(Filter):
    """Conditions on a list of requests for credits; all must hold."""

    status: Annotated[list[CreditRequestStatus] | None, "Has one of these statuses."] = None


async def many(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    filter: Annotated[CreditRequestFilter | None, "Which requests."] = None,
    order_by: Annotated[CreditRequestOrder, "The order of the list."] = CreditRequestOrder.REQUESTED_AT_DESC,
) -> Page:
    """The requests for credits you may see: your own, or those of your school's students (CR-6)."""
    where, values = EVERYTHING, []
    if filter is not None and filter.status is not None:
        where, values = "credit_requests.status = ANY ($1::text[])", [[status.value for status in filter.status]]
    return await page_of(context, CreditRequest, selection, page, order=ORDERS[order_by], where=where, values=values)


async def ages(context: Context, parents: list[Any], selection: Selection) -> list[int]:
    """For each request the whole hours until it ended, or until now."""
    return [((parent.ended_at or context.now) - parent.requested_at) // HOUR for parent in parents]


AGE = Batched(ages, needs=("requested_at", "ended_at"))
STUDENT = to_one(Student, by="student_id")
GRANT = to_one(Grant, by="grant_id")


async def request(
    context: Context,
    *,
    credits: Annotated[int, "Number of credits asked for; one credit is one session (CR-1)."],
    reason: Annotated[CreditRequestReason, "Why."],
) -> CreditRequest:
    """Ask your school for more credits; one request at a time (CR-6)."""
    return await credit_requests.request(own(context), credits, reason=reason, by=context.viewer, at=context.now)


async def check_request(context: Context, *, credits: int) -> list[Refusal]:
    """What speaks against asking for so many, or for any."""
    return await request_refusals(own(context), credits, at=context.now)


def own(context: Context) -> UUID:
    """The student who asks; the audience of the mutation lets in nobody else."""
    assert context.viewer.student_id is not None
    return context.viewer.student_id


async def decide(
    context: Context,
    *,
    credit_request_id: OfRequest,
    credits: Annotated[int, "How many credits to grant: as many as were asked for, fewer, or 0 to decline."],
    reason: Annotated[CreditDecisionReason | None, "Why fewer than were asked for, or none; needed then."] = None,
    expires_at: Annotated[datetime | None, "When unused credits expire; default never (CR-3)."] = None,
) -> dict[str, Any]:
    """Grant all or some of the credits a student asked for, within the school's limits, or decline (CR-2, CR-6)."""
    asked = await find_locked(context, CreditRequest, credit_request_id, path="creditRequestId")
    student = await find(context, Student, asked.student_id, path="creditRequestId")
    given = await asked.decide(
        student, credits, reason=reason, expires_at=expires_at, by=context.viewer, at=context.now
    )
    warnings = grant_warnings(Credits(credits)) if given else []
    return {"credit_request": asked, "grant": given, "warnings": warnings}


async def check_decision(
    context: Context,
    *,
    credit_request_id: UUID | None,
    credits: int,
    reason: CreditDecisionReason | None,
    expires_at: datetime | None,
) -> list[Refusal]:
    """What speaks against a decision: its expiry whatever the request, and the rest by what was asked."""
    if credit_request_id is None:
        return expiry_refusals(expires_at, context.now) if credits else []
    asked = await CreditRequest.visible(context.viewer, credit_request_id)
    if asked is None:
        return [not_found("request", path=["creditRequestId"])]
    school = await fetch_one(SCHOOL_OF_WALLET, asked.student_id, context.now)
    return decision_refusals(asked, school, credits, reason, expires_at, context.now)


async def withdraw(context: Context, *, credit_request_id: OfRequest) -> CreditRequest:
    """Withdraw a request for credits that has not been decided."""
    asked = await find_locked(context, CreditRequest, credit_request_id, path="creditRequestId")
    await asked.withdraw(by=context.viewer, at=context.now)
    return asked
