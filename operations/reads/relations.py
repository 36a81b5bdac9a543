"""Relations and pages: the rows that exist for the viewer, one statement a level."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from execution import Batched, Selection
from models.base.access import EVERYTHING, Entity
from models.base.statements import Row, column_of, fetch, row_class
from operations.context import Context, bad_input
from operations.reads.cursors import Cursors
from operations.reads.joins import join
from operations.reads.pages import Count, Order, Page, PageRequest
from operations.reads.rows import rows_where, statement_for, template_of


def needs_of_nodes(selection: Selection) -> tuple[str, ...]:
    """What the rows of a connection need, asked for by `nodes` or by `edges`."""
    return (*selection["nodes"].needs, *selection["edges"]["node"].needs)


async def row(context: Context, model: type[Entity], selection: Selection, id: UUID | None) -> Row | None:
    """The one visible row with this id, or None."""
    rows = await rows_where(context, model, selection.needs, f"{model._meta.db_table}.id = $1", id, most=1)
    found: Row | None = rows[0] if rows else None
    return found


def to_one(model: type[Entity], *, by: str) -> Batched:
    """The relation from a column of the parents to the id of `model`: read with the parents, or for all at once."""
    joined = join(model, by, f"{model._meta.db_table}.id = {{parent}}.{by}")

    async def resolve(context: Context, parents: list[Any], selection: Selection) -> list[Any]:
        parts = joined.seen_parts(context, parents, selection)
        if parts is not None:
            return parts
        keys = column_of(parents, by)
        asked = [key for key in dict.fromkeys(keys) if key is not None]
        if not asked:
            return [None] * len(parents)
        rows = await rows_where(context, model, selection.needs, f"{model._meta.db_table}.id = ANY($1)", asked)
        found = {row["id"]: row for row in rows}
        return [found.get(key) for key in keys]

    return Batched(resolve, needs=(by,), needs_below=joined.needs, defers=True)


def to_each(model: type[Entity], *, by: str) -> Batched:
    """The relation from a column of ids to their rows, in the order of the ids, without those outside the reach."""

    async def resolve(context: Context, parents: list[Any], selection: Selection) -> list[Any]:
        keys = column_of(parents, by)
        asked = list(dict.fromkeys(key for several in keys for key in several))
        if not asked:
            return [[] for _ in parents]
        rows = await rows_where(context, model, selection.needs, f"{model._meta.db_table}.id = ANY($1)", asked)
        found = {row["id"]: row for row in rows}
        return [[found[key] for key in several if key in found] for several in keys]

    return Batched(resolve, needs=(by,))


def to_one_back(model: type[Entity], *, by: str, where: str = EVERYTHING) -> Batched:
    """The relation from the parents' ids to the one row of `model` that names them in column `by`.

    The database must hold that there is but one, or the parents would be read as often as there are.
    """
    table = model._meta.db_table
    joined = join(model, f"by {by}", f"{table}.{by} = {{parent}}.id AND {where}")

    async def resolve(context: Context, parents: list[Any], selection: Selection) -> list[Any]:
        parts = joined.seen_parts(context, parents, selection)
        if parts is not None:
            return parts
        ids = column_of(parents, "id")
        needs = (*selection.needs, by)
        rows = await rows_where(context, model, needs, f"{table}.{by} = ANY($1) AND {where}", ids)
        found = {row[by]: row for row in rows}
        return [found.get(id) for id in ids]

    return Batched(resolve, needs=("id",), needs_below=joined.needs, defers=True)


async def all_of(
    context: Context,
    model: type[Entity],
    needs: Sequence[str],
    parents: Sequence[Any],
    *,
    by: str,
    where: str = EVERYTHING,
    order: str,
) -> list[list[Any]]:
    """For each parent the short list of all rows that name it in column `by`, in order."""
    table = model._meta.db_table
    rows = await rows_where(
        context, model, (*needs, by), f"{table}.{by} = ANY($1) AND {where}", [parent.id for parent in parents],
        tail=f"ORDER BY {table}.{order}, {table}.id",
    )  # fmt: skip
    found: dict[Any, list[Any]] = {}
    for row in rows:
        found.setdefault(row[by], []).append(row)
    return [found.get(parent.id, []) for parent in parents]


def to_all(model: type[Entity], *, by: str, order: str, where: str = EVERYTHING) -> Batched:
    """The relation from the parents to all their rows of `model`: for lists that are short by nature."""

    async def resolve(context: Context, parents: list[Any], selection: Selection) -> list[Any]:
        return list(await all_of(context, model, selection.needs, parents, by=by, where=where, order=order))

    return Batched(resolve, needs=("id",), defers=True)


async def page(
    context: Context,
    model: type[Entity],
    selection: Selection,
    request: PageRequest,
    *,
    order: Order,
    where: str = EVERYTHING,
    values: Sequence[Any] = (),
) -> Page:
    """A page of the visible rows that meet a condition (whose values are `$1` on)."""
    table = model._meta.db_table
    cursors = Cursors(context.viewer, model, order, where=where, asked=request.asked)
    beyond, places = keyset(cursors, request, order, first=len(values) + 1)
    rows = await rows_where(
        context,
        model,
        (*needs_of_nodes(selection), order.column),
        f"{where}{beyond}",
        *values,
        *places,
        tail=f"ORDER BY {sorting(table, order, request)} LIMIT {request.size + 1}",
        shown=request.size,
        most=request.size + 1,
    )

    async def count() -> dict[Any, int]:
        reach, ids = model.reach_of(context.viewer, first=len(values) + 1)
        counted = await fetch(f"SELECT count(*) AS n FROM {table} WHERE {where} AND {reach}", *values, *ids)
        return {None: counted[0].n}

    return Page(rows, request=request, cursors=cursors, count=Count(count))


async def pages(
    context: Context,
    model: type[Entity],
    selection: Selection,
    request: PageRequest,
    parents: Sequence[Any],
    *,
    by: str,
    order: Order,
    where: str = EVERYTHING,
    values: Sequence[Any] = (),
    beside: str = "",
) -> list[Page]:
    """For each parent a page of the visible rows that name it in column `by`: one statement for all.

    `beside` joins what is worked out once for each `parent` (its id), for `where` to refer to; `values` begin at `$2`.
    """
    table = model._meta.db_table
    viewer = context.viewer
    cursors = {
        parent.id: Cursors(viewer, model, order, where=f"{by}: {where}", asked=request.asked, parent=parent.id)
        for parent in parents
    }
    ids = list(cursors)
    taken = (ids, *values)
    beyond, places = "", list[Any]()
    if request.continues and cursors:
        if len(cursors) > 1:
            raise bad_input("A cursor is of one object's list: read the next page of each object by itself, by `node`.")
        beyond, places = keyset(cursors[ids[0]], request, order, first=len(taken) + 1)
    one, names = statement_for(
        template_of(
            viewer,
            model,
            (*needs_of_nodes(selection), order.column, by),
            f"{table}.{by} = parent.id AND {where}{beyond}",
            f"ORDER BY {sorting(table, order, request)} LIMIT {request.size + 1}",
            len(taken) + len(places),
        )
    )
    rows = await fetch(
        f"SELECT page.* FROM unnest($1::uuid[]) AS parent (id) {beside} CROSS JOIN LATERAL ({one}) page",
        *taken,
        *places,
        *[getattr(viewer, name) for name in names],
        record_class=row_class(model),
    )
    found: dict[Any, list[Any]] = {}
    for row in rows:
        found.setdefault(row[by], []).append(row)
    for group in found.values():
        context.touch(model, group[: request.size])

    async def count() -> dict[Any, int]:
        reach, own = model.reach_of(context.viewer, first=len(taken) + 1)
        counted = await fetch(
            f"SELECT parent.id AS parent, counted.n FROM unnest($1::uuid[]) AS parent (id) {beside} CROSS JOIN LATERAL"
            f" (SELECT count(*) AS n FROM {table} WHERE {table}.{by} = parent.id AND {where} AND {reach}) counted",
            *taken,
            *own,
        )
        return {row.parent: row.n for row in counted}

    counts = Count(count)
    return [
        Page(found.get(parent.id, []), request=request, cursors=cursors[parent.id], count=counts, parent=parent.id)
        for parent in parents
    ]


def to_many(model: type[Entity], *, by: str, order: Order, where: str = EVERYTHING) -> Batched:
    """The relation from the parents to pages of their rows of `model`."""

    async def resolve(context: Context, parents: list[Any], selection: Selection, *, page: PageRequest) -> list[Any]:
        return list(await pages(context, model, selection, page, parents, by=by, order=order, where=where))

    return Batched(resolve, needs=("id",))


def sorting(table: str, order: Order, request: PageRequest) -> str:
    """ORDER BY for this order, turned round for a page from the end."""
    direction = "DESC" if order.descending is not request.backward else "ASC"
    if order.column == "id":
        return f"{table}.id {direction}"
    return f"{table}.{order.column} {direction}, {table}.id {direction}"


def keyset(cursors: Cursors, request: PageRequest, order: Order, *, first: int) -> tuple[str, list[Any]]:
    """The conditions that keep a page behind `after` and in front of `before`, and their values."""
    table = cursors.model._meta.db_table
    conditions = ""
    values: list[Any] = []
    for argument, cursor, forward in (("after", request.after, True), ("before", request.before, False)):
        if cursor is not None:
            sign = ">" if forward is not order.descending else "<"
            at = first + len(values)
            conditions += f" AND ({table}.{order.column}, {table}.id) {sign} (${at}, ${at + 1})"
            values.extend(cursors.place(cursor, argument=argument))
    return conditions, values


async def total_counts(context: Context, pages: list[Any], selection: Selection) -> list[Any]:
    """The number of rows behind each page, one statement for all pages that were read together."""
    return [await page.count.of(page.parent) for page in pages]


TOTAL_COUNT = Batched(total_counts)


def unique(ids: Collection[UUID]) -> list[UUID]:
    """The ids without repetition, in order."""
    return list(dict.fromkeys(ids))
