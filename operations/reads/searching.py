"""Searching by a part of a text."""

from __future__ import annotations

from typing import Any

from models.base.access import EVERYTHING
from operations.arguments import Text
from operations.reads.pages import Order

BY_NAME = Order("name")
NEWEST_FIRST = Order("created_at", descending=True)
SEARCH = Text(200)
"""A text to search by."""


def containing(search: str | None, *columns: str) -> tuple[str, list[Any]]:
    """The condition that one of these columns contains the text, and its value; every row without a text."""
    if not search:
        return EVERYTHING, []
    return f"({' OR '.join(f'{column} ILIKE $1' for column in columns)})", [like(search)]


def like(search: str) -> str:
    """A text as a pattern that finds it anywhere, its own signs taken literally."""
    literal = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{literal}%"
