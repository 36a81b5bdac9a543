"""How requests about rates are answered (CL-5)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry

from execution import Selection
from models.base.amounts import Money
from models.base.text import StateCode
from models.directory.licenses import LicenseClass
from models.directory.providers import DegreeLevel, Service
from models.rates import importing
from models.rates import rates as models
from models.rates.rates import Rate, RateTerms, VisitType
from operations.context import Context
from operations.reads.pages import Order, Page, PageRequest
from operations.reads.relations import page as page_of

LATEST_FIRST = Order("effective_from", descending=True)


class RateInput:
    """One row of an announcement, as a client sends it; an input type of the schema."""

    visit_type: VisitType = strawberry.field(description="Intake or follow-up.")
    service: Service = strawberry.field(description="What the session is for.")
    degree_level: DegreeLevel = strawberry.field(description="The provider's degree.")
    license_class: LicenseClass = strawberry.field(description="The class of the license that covers the session.")
    state: StateCode | None = strawberry.field(
        default=None, description="The state that the rate is for; all that have none of their own if left out."
    )
    amount: str = strawberry.field(description="US dollars with two digits for the cents, `95.00`.")
    effective_from: date = strawberry.field(description="The first day of sessions that it applies to.")
    effective_until: date | None = strawberry.field(
        default=None, description="The last day of sessions that it applies to; until another begins if left out."
    )


async def many(context: Context, selection: Selection, *, page: PageRequest) -> Page:
    """The rates that you may see, past, present and announced; the latest to begin first (CL-5)."""
    return await page_of(context, Rate, selection, page, order=LATEST_FIRST)


async def as_csv(context: Context, selection: Selection) -> str:
    """All rates as CSV in the form of an import, for a spreadsheet; without any, a file to fill in (CL-5)."""
    return await importing.csv_of_all()


async def announce(
    context: Context, *, rates: Annotated[list[RateInput], "The rates; all of them are announced, or none."]
) -> list[Rate]:
    """Announce what sessions are reimbursed with from today or a later day on (CL-5).

    A rate applies until its last day, or until another of the same kind of session and state begins: what applied
    before ends the day before. What begins on a day is never changed, and where no rate applies nothing can be booked.
    """
    return await models.announce([terms_of(rate) for rate in rates], by=context.viewer, at=context.now)


def terms_of(rate: RateInput) -> RateTerms:
    """One row as the verb takes it."""
    return RateTerms(
        visit_type=rate.visit_type,
        service=rate.service,
        degree_level=rate.degree_level,
        license_class=rate.license_class,
        state=rate.state,
        amount=read_amount(rate.amount),
        effective_from=rate.effective_from,
        effective_until=rate.effective_until,
    )


def read_amount(text: str) -> Money | None:
    """An amount of money; None if it is none."""
    try:
        return Money.read(text)
    except ValueError:
        return None
