"""A school in numbers: twelve months, small groups withheld (CL-9). Calculated without a database where it can be."""

from __future__ import annotations

from datetime import date
from typing import Any

from models.figures.figures import SMALLEST_GROUP, figures, monthly_figures
from settings import Settings
from tests.support.databases import undone
from tests.support.world import school_of


def month_of(students: int) -> dict[str, Any]:
    return {
        "month": date(2026, 3, 1), "students": students, "requested": 20, "completed": 15, "no_shows": 2,
        "settled_credits": 14, "amount_cents": 133_000,
    }  # fmt: skip


def test_a_group_of_ten_is_withheld_and_one_of_eleven_is_told() -> None:
    assert figures(month_of(SMALLEST_GROUP - 1)).suppressed
    assert figures(month_of(SMALLEST_GROUP - 1)).requested is None
    told = figures(month_of(SMALLEST_GROUP))
    assert (told.suppressed, told.requested, told.amount_cents) == (False, 20, 133_000)


async def test_a_year_has_twelve_months_and_one_without_sessions_tells_nothing(database: Settings) -> None:
    async with undone():
        school = await school_of()
        (year,) = (await monthly_figures([school.id], 2026)).values()
    assert [month.month for month in year] == [date(2026, number, 1) for number in range(1, 13)]
    assert all(month.suppressed and month.requested is None for month in year)
