"""Statements written by hand, on the connection of the running transaction, where a round trip or a lock matters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any, TypeVar
from uuid import UUID

from asyncpg import Record
from tortoise import fields
from tortoise.connection import get_connections
from tortoise.context import get_current_context
from tortoise.fields.base import Field

from models.base.tables import Table

R = TypeVar("R", bound=Record)


class Row(Record):  # type: ignore[misc]  # asyncpg ships no types
    """A row that reads like the model it came from; a column that was not asked for raises AttributeError."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class NestedRow(dict[str, Any]):
    """A row that was read inside the row of another; it reads like the model it came from, as a `Row` does."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


ROW_CLASSES = (Row, NestedRow)
"""What reads are answered with: their columns are found as items, several times as fast as attributes."""


@cache
def nested_row_class(model: type[Table]) -> type[NestedRow]:
    """The class of parts of one model."""
    return type(f"{model.__name__}Part", (NestedRow,), {"__slots__": ()})


def nested_rows_of(model: type[Table], rows: Sequence[Any], names: Mapping[str, str]) -> list[NestedRow | None]:
    """The rows of a model that stand inside others, None where there is none: `names` tells where each column stands.

    The id comes first. Raises KeyError where a column does not stand there.
    """
    part = nested_row_class(model)
    found = zip(*(map(itemgetter(name), rows) for name in names.values()), strict=True)
    return [None if row[0] is None else part(zip(names, row, strict=True)) for row in found]


@cache
def row_class(model: type[Table]) -> type[Any]:
    """The class of rows of one model, so that a row still says what it is."""
    return type(f"{model.__name__}Row", (Row,), {"__slots__": ()})


def column_of(rows: Iterable[Any], name: str) -> list[Any]:
    """One column of rows, of either kind: an item of a row is found several times as fast as its attribute."""
    return [row[name] if isinstance(row, Record | NestedRow) else getattr(row, name) for row in rows]


def client() -> Any:
    """The database's client for the running task: its transaction, or the pool.

    What `get_connections().get("default")` answers, by two look-ups in the place of seven calls: each statement asks.
    """
    try:
        return get_current_context()._connections._storage_var.get()["default"]  # type: ignore[union-attr]
    except (AttributeError, KeyError):  # nothing is open: Tortoise opens it, or says why not
        return get_connections().get("default")


async def fetch(statement: str, *values: Any, record_class: type[Any] = Row) -> list[Any]:
    """All rows of a statement."""
    return await client().call("fetch", statement, *values, record_class=record_class)  # type: ignore[no-any-return]


async def fetch_one(statement: str, *values: Any) -> Any:
    """The first row of a statement, or None."""
    return await client().call("fetchrow", statement, *values, record_class=Row)


async def execute(statement: str, *values: Any) -> str:
    """Run a statement; returns PostgreSQL's own word on it, `UPDATE 3` say."""
    return await client().call("execute", statement, *values)  # type: ignore[no-any-return]


async def execute_first(statement: str, *values: UUID | bytes | str | datetime) -> str:
    """Run a statement as `execute` does: in one message with what begins the transaction, if it comes first in it.

    PostgreSQL takes no parameters in such a message, so its values are literals there.
    """
    own = client()
    if own.opening:
        text = PARAMETER.sub(lambda match: literal(values[int(match[1]) - 1]), statement)
        return await own.execute_first(text)  # type: ignore[no-any-return]
    return await execute(statement, *values)


def literal(value: UUID | bytes | str | datetime) -> str:
    """A value as SQL; what a client wrote stands in it as the hexadecimal digits of its bytes, and ends no literal."""
    match value:
        case UUID():
            return f"'{UUID(int=value.int)}'::uuid"
        case datetime():
            return f"'{value.isoformat()}'::timestamptz"
        case bytes():
            return f"'\\x{value.hex()}'::bytea"
        case str():
            return f"convert_from('\\x{value.encode().hex()}'::bytea, 'UTF8')"


PARAMETER = re.compile(r"\$(\d+)")
"""A parameter in a statement's text."""


def transaction(
    opening: str = "", *, extra_row: Callable[[], Table | None] | None = None
) -> AbstractAsyncContextManager[Any]:
    """The block of a transaction, or of a savepoint inside one: committed at its end, undone by an exception.

    Its first message also has `opening`, statements without parameters. Its first `write` takes along the row that
    `extra_row` gives then, if there is one; a savepoint takes none.
    """
    block: AbstractAsyncContextManager[Any] = client().block(opening, extra_row)
    return block


class Update:
    """A change to a row that exists: these columns, and no others, so that no concurrent update is lost."""

    def __init__(self, row: Table, **columns: Any) -> None:
        self.row = row
        self.columns = columns


async def write(*rows: Table | Update) -> None:
    """Insert rows and apply changes in one statement and one round trip, all or nothing.

    Foreign keys may point from one row to another in any order: PostgreSQL checks them when the statement ends.
    A change also sets the attributes of its row, which the caller must have locked.
    """
    extra = client().take_extra_row()
    if extra is not None:
        rows = (*rows, extra)
    shape = tuple((type(row.row), tuple(row.columns)) if isinstance(row, Update) else (type(row), None) for row in rows)
    values: list[Any] = []
    for row in rows:
        if isinstance(row, Update):
            values.append(row.row.pk)
            values.extend(stored(row.row, column, value) for column, value in row.columns.items())
        else:
            values.extend(
                getattr(row, name) if store is None else store(getattr(row, name), row)
                for name, store in stores_of(type(row))
            )
    await execute(statement_for(shape), *values)
    for row in rows:
        if isinstance(row, Update):
            row.row.update_from_dict(row.columns)
        else:
            row._saved_in_db = True


@cache
def statement_for(shape: tuple[tuple[type[Table], tuple[str, ...] | None], ...]) -> str:
    """The text of a `write`, made once for each combination of tables and columns."""
    parts: list[str] = []
    at = 1
    for model, changed in shape:
        meta = model._meta
        if changed is None:
            names = columns_of(model)
            slots = ", ".join(f"${at + offset}" for offset in range(len(names)))
            columns = ", ".join(f'"{meta.fields_db_projection[name]}"' for name in names)
            parts.append(f'INSERT INTO "{meta.db_table}" ({columns}) VALUES ({slots})')
            at += len(names)
        else:
            sets = ", ".join(f'"{column(model, name)}" = ${at + 1 + offset}' for offset, name in enumerate(changed))
            parts.append(f'UPDATE "{meta.db_table}" SET {sets} WHERE id = ${at}')
            at += 1 + len(changed)
    *first, last = parts
    head = ", ".join(f"part_{number} AS ({part})" for number, part in enumerate(first))
    return f"WITH {head} {last}" if head else last


@cache
def columns_of(model: type[Table]) -> Sequence[str]:
    """The fields of a model that are columns which we write."""
    return tuple(
        name
        for name, field in model._meta.fields_map.items()
        if name in model._meta.fields_db_projection and not generated(field) and name not in model.MADE_BY_DATABASE
    )


def column(model: type[Table], name: str) -> str:
    """The database's name of a field."""
    return model._meta.fields_db_projection[name]


def generated(field: Field[Any]) -> bool:
    """Whether the database, not we, gives the field its value."""
    return bool(field.generated)


def stored(row: Table, name: str, value: Any) -> Any:
    """A value as the database takes it."""
    return row._meta.fields_map[name].to_db_value(value, row)


AS_THEY_ARE = (
    fields.UUIDField,
    fields.DatetimeField,
    fields.DateField,
    fields.BigIntField,
    fields.IntField,
    fields.SmallIntField,
    fields.BooleanField,
)
"""What the driver takes as Python has it."""


@cache
def stores_of(model: type[Table]) -> tuple[tuple[str, Callable[[Any, Any], Any] | None], ...]:
    """For each column that we write its name and what makes its value one for the database, if anything has to."""
    known = model._meta.fields_map
    return tuple(
        (name, None if type(known[name]) in AS_THEY_ARE and not known[name].validators else known[name].to_db_value)
        for name in columns_of(model)
    )
