"""How requests about a school's figures are answered."""

from __future__ import annotations

from typing import Annotated, Any

from execution import Batched, Selection
from models.figures.figures import YEAR_MAX, YEAR_MIN, monthly_figures
from operations.context import Context, bad_input


async def monthly(
    context: Context,
    parents: list[Any],
    selection: Selection,
    *,
    year: Annotated[int, "Calendar year, in the school's time zone."],
) -> list[Any]:
    """For each school the figures of the twelve months of a year."""
    if not YEAR_MIN <= year <= YEAR_MAX:
        raise bad_input(f"The year is {YEAR_MIN} to {YEAR_MAX}.", argument="year")
    found = await monthly_figures([parent.id for parent in parents], year)
    return [found[parent.id] for parent in parents]


MONTHLY = Batched(monthly, needs=("id",))
