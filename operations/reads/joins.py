"""Relations to one row that are read in the statement of their parents: a LEFT JOIN each, within the reach of its own.

A relation asks for columns of its row under names like `provider_id:providers.name`. Whoever reads rows selects them
along; the relation then finds its row inside its parent. Where it does not (the parent is a model, or a table would
stand in the statement twice) it reads as before: one statement for all parents.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from execution import Selection
from models.base.access import EVERYTHING, Entity, Role
from models.base.statements import ROW_CLASSES, nested_rows_of
from operations.context import Context

NAME_BYTES = 63
"""PostgreSQL cuts longer names of columns."""


@dataclass(frozen=True, slots=True)
class Join:
    """How the one related row is found: `on` names the parent's table as `{parent}`. At most one row may meet it."""

    name: str
    model: type[Entity]
    on: str

    @property
    def table(self) -> str:
        """The table of the related row."""
        return self.model._meta.db_table

    def needs(self, selection: Selection) -> tuple[str, ...]:
        """What the parents' rows have to hold so that the related row need not be read by itself."""
        return tuple(f"{self.name}.{column}" for column in own_columns(self.model, selection.needs))

    def clause(self, parent: str, role: Role, needs_second_factor: bool) -> str:
        """The join within the reach of viewers of this kind, its slots still open."""
        reach = self.model.reach_as(role, needs_second_factor)
        within = "" if reach == EVERYTHING else f" AND {reach}"
        return f" LEFT JOIN {self.table} ON {self.on.format(parent=parent)}{within}"

    def parts(self, parents: Sequence[Any], selection: Selection) -> list[Any] | None:
        """The related row of each parent, or None for it; nothing at all unless every parent holds its own."""
        if not all(issubclass(of, ROW_CLASSES) for of in set(map(type, parents))):
            return None
        names = {column: f"{self.name}.{column}" for column in own_columns(self.model, selection.needs)}
        try:
            return nested_rows_of(self.model, parents, names)
        except KeyError:  # read for somebody who asks for less
            return None

    def seen_parts(self, context: Context, parents: Sequence[Any], selection: Selection) -> list[Any] | None:
        """The same, noted for the audit trail: they are about to be shown (ID-6)."""
        parts = self.parts(parents, selection)
        if parts is not None:
            context.touch(self.model, parts)
        return parts


JOINS: dict[str, Join] = {}
"""All of them by their names."""


def join(model: type[Entity], name: str, on: str) -> Join:
    """A relation that can be read with its parents."""
    known = Join(f"{name}:{model._meta.db_table}", model, on)
    longest = max(len(f"{known.name}.{column}") for column in model._meta.fields_db_projection)
    if longest > NAME_BYTES:
        raise ValueError(f"{known.name} and a column make a name that PostgreSQL cuts")
    if JOINS.setdefault(known.name, known) != known:
        raise ValueError(f"two relations are called {known.name}")
    return known


def own_columns(model: type[Entity], needs: Iterable[str]) -> tuple[str, ...]:
    """The columns of a row itself: its id, what the client's fields need, and the student for the audit trail."""
    names = dict.fromkeys(("id", *(need for need in needs if "." not in need)))
    if model.RECORD_OF is not None:
        names[model.RECORD_OF] = None
    return tuple(names)


class Column(NamedTuple):
    """A column that is selected, and the name that it has in the answer."""

    name: str
    model: type[Entity]
    column: str

    @property
    def source(self) -> str:
        """Where it is read."""
        return f"{self.model._meta.db_table}.{self.column}"

    @property
    def nothing(self) -> str:
        """NULL as a value of its type."""
        return f"(NULL::{self.model._meta.db_table}).{self.column}"


def joined_models(needs: Iterable[str]) -> list[type[Entity]]:
    """The models of the related rows that are asked for."""
    names = dict.fromkeys(need.rpartition(".")[0] for need in needs if "." in need)
    return [JOINS[name].model for name in names]


def columns_and_joins(model: type[Entity], needs: tuple[str, ...]) -> tuple[list[Column], tuple[Join, ...]]:
    """The columns to select from a table and from those that are joined to it; no table stands there twice."""
    table = model._meta.db_table
    columns = [Column(name, model, name) for name in own_columns(model, needs)]
    joins: dict[str, Join] = {}
    for need in dict.fromkeys(needs):
        name, dot, column = need.rpartition(".")
        if dot and JOINS[name].table != table and joins.setdefault(JOINS[name].table, JOINS[name]).name == name:
            columns.append(Column(need, JOINS[name].model, column))
    return columns, tuple(joins.values())
