"""What the fast path may take for granted about a value, after one look at its class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from execution.leaves import IrregularError

IRREGULAR_CLASSES = (Exception, type(None))


def sequence(value: Any) -> Any:
    """A value that may be iterated twice; anything else is left to the careful path."""
    if isinstance(value, tuple | list | set | frozenset) and not hasattr(value, "__await__"):
        return value
    raise IrregularError


class Rows:
    """The classes whose columns may be read as items, which is faster than as attributes."""

    def __init__(self, row_classes: tuple[type, ...]) -> None:
        self._row_classes = row_classes
        self.classes: set[type] = set()
        # The attributes that a plan reads from its objects.
        self.read: set[str] = set()

    def admit(self, of: type) -> None:
        """Take in a class of rows, unless it answers one of the attributes in a way of its own."""
        for base in self._row_classes:
            if issubclass(of, base) and (set(dir(of)) - set(dir(base))).isdisjoint(self.read):
                self.classes.add(of)


def vetting(vetted: set[type], rows: Rows, test: Callable[..., Any] | None) -> Callable[..., None]:
    """A function that admits the class of a value to `vetted`, or finds it irregular."""

    def vet(value: Any, info: Any = None) -> None:
        of = type(value)
        if issubclass(of, IRREGULAR_CLASSES) or hasattr(of, "__await__"):
            raise IrregularError
        if test is not None and test(value, info) is not True:
            raise IrregularError
        rows.admit(of)
        vetted.add(of)

    return vet
