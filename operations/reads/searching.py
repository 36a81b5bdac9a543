"""Searching by a part of a text, whatever its case, accents and apostrophes."""

from __future__ import annotations

from typing import Any

from models.base.access import EVERYTHING
from operations.arguments import Text
from operations.reads.pages import Order

BY_NAME = Order("name")
NEWEST_FIRST = Order("created_at", descending=True)
SEARCH = Text(200, one_line=True)
"""A text to search by."""


def containing(search: str | None, *columns: str) -> tuple[str, list[Any]]:
    """The condition that one of these columns contains the text, and its value; every row without a text."""
    if not search:
        return EVERYTHING, []
    return has_part(*(f"folded({column})" for column in columns), slot="$1"), [search]


def has_part(*folded: str, slot: str) -> str:
    """The condition that the text in this slot stands in one of these: `folded(…)` or `folded_list(…)` of a column.

    They are written as their indexes are (migration 0026), by which the rows are found.
    """
    return "(" + " OR ".join(f"{text} LIKE search_pattern({slot})" for text in folded) + ")"


def person_has_part(table: str, *, slot: str) -> str:
    """The condition that the text in this slot stands in the name or the address of a person of this table."""
    return has_part(f"folded({table}.name)", f"folded({table}.email)", slot=slot)
