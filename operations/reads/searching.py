"""Searching by a part of a text."""

from __future__ import annotations

from operations.reads.pages import Order

BY_NAME = Order("name")


def like(search: str) -> str:
    """A text as a pattern that finds it anywhere, its own signs taken literally."""
    literal = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{literal}%"
