"""Reads: the rows of a model that exist for the viewer, only the columns that were asked for, in as few round trips.

Everything that is read for a client passes here, and nothing here reads without the model's reach.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import asyncpg
from tortoise import fields

from execution import Deferred
from models.base.access import EVERYTHING, Entity, Role, Viewer, numbered
from models.base.errors import Code, Refusal
from models.base.statements import fetch, nested_rows_of, row_class
from operations.context import Context, insufficient_scope
from operations.reads.joins import Column, columns_and_joins, joined_models

STATEMENTS_MAX = 2_000
"""Texts that are remembered: as many as clients ask differently, within this bound."""

PARAMETER = re.compile(r"\$(\d+)")
WORD = re.compile("[A-Z]")
Row = TypeVar("Row", bound=Entity)
SESSION_CHECK = -1
"""The part of a statement that says whether the session still is as it was."""


class ReadTemplate(NamedTuple):
    """A read without its values: what statements are remembered by."""

    model: type[Entity]
    needs: tuple[str, ...]
    role: Role
    needs_second_factor: bool
    reach: str
    where: str
    tail: str
    values: int


def template_of(
    viewer: Viewer, model: type[Entity], needs: Iterable[str], where: str, tail: str, values: int
) -> ReadTemplate:
    """The template of a read by a viewer; `where` and `tail` take so many values, from `$1` on."""
    role, needs_second_factor = viewer.role, viewer.needs_second_factor
    needs = tuple(needs)
    if viewer.is_machine:
        must_be_in_scope(viewer, model, needs)
    reach = model.reach_as(role, needs_second_factor)
    return ReadTemplate(model, needs, role, needs_second_factor, reach, where, tail, values)


def must_be_in_scope(viewer: Viewer, model: type[Entity], needs: Sequence[str]) -> None:
    """Refuse a key that is not for these rows, or not for those that are read with them (ID-5)."""
    for one in (model, *joined_models(needs)):
        if viewer.lacks(one.SCOPE) and viewer.role in one.REACH:
            raise insufficient_scope(one.SCOPE)


class Read(Deferred):
    """Rows that are about to be read: by a statement of their own, or by one with what others are about to read."""

    __slots__ = ("context", "most", "shape", "values")

    def __init__(self, context: Context, template: ReadTemplate, values: Sequence[Any], most: float) -> None:
        self.context = context
        self.template = template
        self.values = values
        self.most = most

    def own(self, names: Iterable[str]) -> list[Any]:
        """The ids of the viewer that a statement takes behind the values."""
        viewer = self.context.viewer
        return [getattr(viewer, name) for name in names]

    async def alone(self) -> list[Any]:
        """Read these."""
        if self.context.unchecked_session is not None:
            (rows,) = await self.together([self])
            return rows  # type: ignore[no-any-return]
        statement, names = statement_for(self.template)
        return await fetch(statement, *self.values, *self.own(names), record_class=row_class(self.template.model))

    @classmethod
    async def together(cls, those: Sequence[Read]) -> Sequence[Any]:
        """Read all of these, of one request, in one round trip. The first one of a request also checks its session: a
        row of its own tells that it is as it was, and without that row nothing of the others is shown.
        """
        context = those[0].context
        known = context.unchecked_session
        one = combined(tuple(read.template for read in those), checking_session=known is not None)
        if one is None:
            return await cls.one_by_one(those)
        values = [
            value for read, names in zip(those, one.names, strict=True) for value in (*read.values, *read.own(names))
        ]
        if known is not None:
            values += (known.token_hash, known.stamp)
        longest = max(those, key=lambda read: read.most).template.model
        try:
            rows = await fetch(one.text, *values, record_class=row_class(longest))
        except asyncpg.DataError:
            if len(those) == 1:
                raise
            return await cls.one_by_one(those)  # it is a value of one of them
        parts: list[list[Any]] = [[] for _ in those]
        for row in rows:
            if row["part"] == SESSION_CHECK:
                context.unchecked_session = None
            else:
                parts[row["part"]].append(row)
        await context.check_session()
        return [
            part
            if read.template.model is longest
            else nested_rows_of(read.template.model, part, dict(zip(columns, columns, strict=True)))
            for read, columns, part in zip(those, one.columns, parts, strict=True)
        ]


async def rows_where(
    context: Context,
    model: type[Entity],
    needs: Iterable[str],
    where: str,
    *values: Any,
    tail: str = "",
    shown: int | None = None,
    most: float = float("inf"),
) -> list[Any]:
    """The visible rows that meet a condition, whose values are the parameters from `$1` on; there are so many at most.

    `shown` is how many of them the client gets to see, if not all.
    """
    rows: list[Any] = await Read(
        context, template_of(context.viewer, model, needs, where, tail, len(values)), values, most
    )
    context.touch(model, rows if shown is None else rows[:shown])
    return rows


@lru_cache(maxsize=STATEMENTS_MAX)
def statement_for(template: ReadTemplate) -> tuple[str, tuple[str, ...]]:
    """The text of a read, and which ids of the viewer's it takes behind its values."""
    columns, source, names = source_of(template)
    return f"SELECT {', '.join(told(column) for column in columns)} {source} {template.tail}", names


def told(column: Column) -> str:
    """A column in the list of those that are selected."""
    return column.source if column.name == column.column else f'{column.source} AS "{column.name}"'


def source_of(template: ReadTemplate) -> tuple[list[Column], str, tuple[str, ...]]:
    """The columns of a read, where they come from under which condition, and the ids of the viewer's in that."""
    table = template.model._meta.db_table
    columns, joins = columns_and_joins(template.model, template.needs)
    joined = "".join(join.clause(table, template.role, template.needs_second_factor) for join in joins)
    within = "" if template.reach == EVERYTHING else f" AND {template.reach}"
    source, names = numbered(f"FROM {table}{joined} WHERE {template.where}{within}", template.values + 1)
    return columns, source, names


class Combined(NamedTuple):
    """One statement for several reads; for each its columns, and the viewer's ids that it takes behind its values."""

    text: str
    columns: tuple[tuple[str, ...], ...]
    names: tuple[tuple[str, ...], ...]


@lru_cache(maxsize=STATEMENTS_MAX)
def combined(templates: tuple[ReadTemplate, ...], *, checking_session: bool) -> Combined | None:
    """One statement for several reads, or None if columns of one name are not of one kind.

    Column `part` tells which read a row is of; it has the columns of all, NULL where they are another's. One that
    checks the session takes the hash of its token and its stamp at the end, and has a row of its own if both agree.
    """
    sources = [source_of(template) for template in templates]
    columns: dict[str, Column] = {}
    for column in (column for own, _, _ in sources for column in own):
        if kind_of(columns.setdefault(column.name, column)) != kind_of(column):
            return None
    counts = [template.values + len(names) for template, (_, _, names) in zip(templates, sources, strict=True)]
    starts = [0, *accumulate(counts)]
    parts: list[str] = []
    if checking_session:
        listed = ", ".join(f'{column.nothing} AS "{name}"' for name, column in columns.items())
        parts.append(
            f"SELECT {SESSION_CHECK} AS part, {listed} WHERE session_stamp(${starts[-1] + 1}) = ${starts[-1] + 2}"
        )
    for number, (template, (own, source, _), start) in enumerate(zip(templates, sources, starts, strict=False)):
        held = {column.name: column.source for column in own}
        listed = ", ".join(f'{held.get(name, column.nothing)} AS "{name}"' for name, column in columns.items())
        parts.append(shifted(f"(SELECT {number} AS part, {listed} {source} {template.tail})", start))
    listed_for = tuple(tuple(column.name for column in own) for own, _, _ in sources)
    return Combined(" UNION ALL ".join(parts), listed_for, tuple(names for _, _, names in sources))


def kind_of(column: Column) -> type:
    """What values a column has: one kind for all texts, an enum's too."""
    field = column.model._meta.fields_map[column.column]
    return str if isinstance(field, fields.CharField | fields.TextField) else type(field)


def shifted(text: str, by: int) -> str:
    """A text whose parameters begin so many places later."""
    return PARAMETER.sub(lambda match: f"${int(match[1]) + by}", text) if by else text


def found(row: Row | None, what: str, *, path: Collection[str] = ("id",)) -> Row:
    """The row, or the refusal that there is none."""
    if row is None:
        raise Refusal(
            Code.NOT_FOUND, f"There is no such {what}.", path=list(path), fix="Check the id, or read the list again."
        )
    return row


async def find(context: Context, model: type[Row], id: UUID | None, *, path: str) -> Row:
    """The visible row of `model` with this id, to call a verb on. Raises NOT_FOUND."""
    return noted(context, model, await model.visible(context.viewer, id), path)


async def find_locked(context: Context, model: type[Row], id: UUID | None, *, path: str) -> Row:
    """The same row, locked in the same statement until the transaction ends. Raises NOT_FOUND."""
    return noted(context, model, await model.visible(context.viewer, id, lock=True), path)


def noted(context: Context, model: type[Row], row: Row | None, path: str) -> Row:
    """The row that was found, noted for the audit trail (ID-6); `partnerKeyId` names a partner key."""
    known = found(row, WORD.sub(lambda letter: f" {letter[0].lower()}", path.removesuffix("Id")), path=[path])
    context.touch(model, [known])
    return known
