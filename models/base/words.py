"""Words: the enums that clients see, each value declared with what it means."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Self


class Words(StrEnum):
    """A list of words of which a column or an argument holds one; its docstring and its meanings are the schema's.

    `class Answer(Words): YES = "YES", "It is so."`; with `shown_as="…"` the schema has another name for the list.
    """

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> Self:
        """A word of the list."""
        word = str.__new__(cls, value)
        word._value_ = value
        word.meaning = meaning
        return word

    def __init_subclass__(cls, shown_as: str | None = None, **keywords: Any) -> None:
        """Note under which name the schema shows the list."""
        super().__init_subclass__(**keywords)
        SHOWN_AS[cls] = shown_as or cls.__name__


SHOWN_AS: dict[type[Words], str] = {}
"""Every list of words, and its name in the schema."""
