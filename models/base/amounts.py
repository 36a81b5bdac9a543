"""Amounts: money and credits are types, not numbers; they refuse floats, booleans and mixing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

DOLLARS = re.compile(r"[0-9]{1,9}\.[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Whole:
    """A whole number of one unit; only the same unit may be added to it."""

    units: int

    def __post_init__(self) -> None:
        if type(self.units) is not int:
            raise TypeError(f"{type(self).__name__} takes a whole number, not {type(self.units).__name__}")

    def __add__(self, other: Self) -> Self:
        return type(self)(self.units + self.same(other))

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.units - self.same(other))

    def __neg__(self) -> Self:
        return type(self)(-self.units)

    def same(self, other: Self) -> int:
        """The other's units, if it is of the very same type."""
        if type(other) is not type(self):
            raise TypeError(f"{type(self).__name__} and {type(other).__name__} do not mix")
        return other.units


@dataclass(frozen=True, slots=True, order=True)
class Credits(Whole):
    """A number of sessions: one credit is one session (CR-1)."""


@dataclass(frozen=True, slots=True, order=True)
class Money(Whole):
    """US dollars in whole cents, kept as BIGINT, shown as a decimal string."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The amount that a decimal string tells. Raises ValueError unless it is written like `95.00`."""
        if DOLLARS.fullmatch(text) is None:
            raise ValueError("an amount is written like 95.00")
        return cls(int(text.replace(".", "")))

    @property
    def cents(self) -> int:
        """The amount in cents."""
        return self.units

    def __str__(self) -> str:
        sign = "-" if self.units < 0 else ""
        dollars, cents = divmod(abs(self.units), 100)
        return f"{sign}{dollars}.{cents:02d}"
