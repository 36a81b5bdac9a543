"""Relations to one row that are read in the statement of their parents: a LEFT JOIN each, within the reach of its own.

A relation asks for columns of its row under names like `provider_id:providers.name`. Whoever reads rows selects them
along; the relation then finds its row inside its parent. Where it does not (the parent is a model, or a table would
stand in the statement twice) it reads as before: one statement for all parents.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from execution import Selection
from models.access import EVERYTHING, Entity, Role
from models.statements import Row, part_class
from resolvers.context import Context

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
        id = f"{self.name}.id"
        if not all(isinstance(parent, Row) and id in parent for parent in parents):
            return None
        columns = own_columns(self.model, selection.needs)
        pairs = [(column, f"{self.name}.{column}") for column in columns]
        part: Any = part_class(self.model)
        try:
            return [
                None if parent[id] is None else part({column: parent[named] for column, named in pairs})
                for parent in parents
            ]
        except KeyError:  # read for somebody who asks for less
            return None

    def seen_parts(self, context: Context, parents: Sequence[Any], selection: Selection) -> list[Any] | None:
        """The same, noted for the audit trail: they are about to be shown (ID-6)."""
        parts = self.parts(parents, selection)
        if parts is not None:
            context.touch(self.model, [part for part in parts if part is not None])
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


def own_columns(model: type[Entity], needs: Iterable[str], *extra: str) -> tuple[str, ...]:
    """The columns of a row itself: what the client's fields need, the id, and the student for the audit trail."""
    names = dict.fromkeys(("id", *(need for need in needs if "." not in need), *extra))
    if model.RECORD_OF is not None:
        names[model.RECORD_OF] = None
    return tuple(names)


def columns_and_joins(model: type[Entity], needs: tuple[str, ...]) -> tuple[str, tuple[Join, ...]]:
    """The columns to select from a table and from those that are joined to it; no table stands there twice."""
    table = model._meta.db_table
    columns = [f"{table}.{name}" for name in own_columns(model, needs)]
    joins: dict[str, Join] = {}
    for need in dict.fromkeys(needs):
        name, dot, column = need.rpartition(".")
        if dot and JOINS[name].table != table and joins.setdefault(JOINS[name].table, JOINS[name]).name == name:
            columns.append(f'{JOINS[name].table}.{column} AS "{need}"')
    return ", ".join(columns), tuple(joins.values())
