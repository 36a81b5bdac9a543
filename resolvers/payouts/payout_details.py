"""How requests about payout details are answered (EN-3)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.directory.providers import Provider
from models.payouts import payout_details
from models.payouts.payout_details import AccountKind, Payee, PayoutDetails, RevealReason, TinKind
from operations.arguments import NAME, Filter, Text
from operations.context import Context
from operations.reads.pages import Order, Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import to_one
from operations.reads.rows import find, rows_where

NUMBER = Text(40, one_line=True, needed=True)
LATEST_FIRST = Order("set_at", descending=True)
OfProvider = Annotated[UUID | None, Provider, "Provider; default yourself."]


class PayoutDetailsFilter(Filter):
    """Conditions on a list of payout details; all must hold."""

    provider_id: OfProvider = None


async def current(context: Context, selection: Selection, *, provider_id: OfProvider = None) -> Any:
    """A provider's current payout details; null if none were set."""
    rows = await rows_where(
        context,
        PayoutDetails,
        selection.needs,
        "payout_details.provider_id = $1 AND payout_details.superseded_at IS NULL",
        provider_id or context.viewer.provider_id,
    )
    return rows[0] if rows else None


async def history(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    filter: Annotated[PayoutDetailsFilter | None, "Which payout details."] = None,
) -> Page:
    """A provider's payout details, present and past, newest first."""
    whose = (filter.provider_id if filter is not None else None) or context.viewer.provider_id
    return await page_of(
        context,
        PayoutDetails,
        selection,
        page,
        order=LATEST_FIRST,
        where="payout_details.provider_id = $1",
        values=[whose],
    )


async def set_details(
    context: Context,
    *,
    legal_name: Annotated[str, NAME, "Payee's legal name, as on tax forms."],
    tin_kind: Annotated[TinKind, "Kind of taxpayer identification number."],
    tin: Annotated[str, NUMBER, "Taxpayer identification number, with or without hyphens; stored encrypted."],
    routing_number: Annotated[str, NUMBER, "Bank routing number, nine digits."],
    account_number: Annotated[str, NUMBER, "Account number; stored encrypted."],
    account_kind: Annotated[AccountKind, "Kind of bank account."],
    authorises_direct_deposit: Annotated[bool, "Whether you authorise direct deposit into this account."],
) -> PayoutDetails:
    """Set your payout details, as on your Form W-9. Former details are kept as history (EN-3)."""
    provider = context.viewer.provider_id
    assert provider is not None, "the audience is providers"
    payee = Payee(
        legal_name=legal_name,
        tin_kind=tin_kind,
        tin=tin,
        routing_number=routing_number,
        account_number=account_number,
        account_kind=account_kind,
    )
    return await payout_details.set_details(
        provider, payee, authorises_deposit=authorises_direct_deposit, by=context.viewer, at=context.now
    )


async def reveal(
    context: Context,
    *,
    payout_details_id: Annotated[UUID, PayoutDetails, "Payout details to reveal."],
    reason: Annotated[RevealReason, "Reason, recorded in the history with your name."],
) -> dict[str, Any]:
    """Show the full numbers, once. Who looked, when and why is recorded permanently (ID-6)."""
    details = await find(context, PayoutDetails, payout_details_id, path="payoutDetailsId")
    numbers = await payout_details.reveal(details, reason, by=context.viewer, at=context.now)
    return {"payout_details": details, "tin": numbers.tin, "account_number": numbers.account_number}


PROVIDER = to_one(Provider, by="provider_id")
