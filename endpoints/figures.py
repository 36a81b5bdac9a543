"""A school's figures as CSV, for its own systems (ID-5): the numbers of `School.monthly`, suppressed alike (CL-9)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from starlette.responses import Response
from starlette.routing import Route

from documents.csv import Cell, csv_bytes
from endpoints.doors import Doors, Rules, Visit
from endpoints.problems import bad_parameter
from models.base.access import Role
from models.base.amounts import Money
from models.base.scopes import Scope
from models.figures.figures import YEAR_MAX, YEAR_MIN, MonthlyFigures, monthly_figures

ADDRESS = "/partners/figures.csv"
RULES = Rules(name=f"GET {ADDRESS}", allow=[Role.PARTNER, Role.SCHOOL], scope=Scope.FIGURES_READ, cost=12)
COLUMNS = ("month", "suppressed", "requested", "completed", "no_shows", "settled_credits", "reimbursed", "currency")


def route(doors: Doors) -> Route:
    """For the application."""
    return doors.route(ADDRESS, read, RULES)


async def read(visit: Visit) -> Response:
    """The twelve months of `year`, a calendar year in the school's time zone, of the viewer's own school."""
    year, school_id = year_of(visit.request.query_params.get("year", "")), visit.viewer.school_id
    assert school_id is not None, "both roles are of a school"
    found = await monthly_figures([school_id], year)
    headers = {"content-disposition": f'attachment; filename="figures-{year}.csv"'}
    return Response(as_csv(found[school_id]), headers=headers, media_type="text/csv; header=present")


def year_of(text: str) -> int:
    """The year that is asked for. Raises Problem."""
    if not text.isascii() or not text.isdecimal() or len(text) > 4 or not YEAR_MIN <= int(text) <= YEAR_MAX:
        raise bad_parameter("year", f"Say which year: ?year={YEAR_MIN} to {YEAR_MAX}.")
    return int(text)


def as_csv(months: Iterable[MonthlyFigures]) -> bytes:
    """A line a month; what is suppressed is empty."""
    return csv_bytes(COLUMNS, [line_of(month) for month in months])


def line_of(month: MonthlyFigures) -> list[Cell]:
    """The cells of one month."""
    reimbursed = None if month.amount_cents is None else Decimal(str(Money(month.amount_cents)))
    counts = (month.requested, month.completed, month.no_shows, month.settled_credits)
    currency = None if reimbursed is None else "USD"
    return [month.month, str(month.suppressed).lower(), *counts, reimbursed, currency]
