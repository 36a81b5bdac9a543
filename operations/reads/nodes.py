"""Any object by its id: `node` and `nodes`."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from execution import Selection
from models.base.access import Entity
from models.base.ids import MalformedIdError, split
from operations.context import Context, bad_input
from operations.reads.rows import rows_where

NODES_MAX = 100
NODES: dict[str, tuple[type[Entity], str]] = {}
"""For each prefix the model and the name of its GraphQL type; `@shows` fills it."""


async def one(context: Context, selection: Selection, *, id: Annotated[strawberry.ID, "The id of any object."]) -> Any:
    """Any object by its id; null if there is none that you may see."""
    return (await many(context, selection, ids=[id]))[0]


async def many(
    context: Context,
    selection: Selection,
    *,
    ids: Annotated[list[strawberry.ID], f"The ids of up to {NODES_MAX} objects of any kinds."],
) -> list[Any]:
    """Several objects by their ids, in their order; null for each that you may not see."""
    if len(ids) > NODES_MAX:
        raise bad_input(f"At most {NODES_MAX} ids at a time.", argument="ids")
    found: dict[str, Any] = {}
    for prefix, texts in by_prefix(ids).items():
        model, type_name = NODES[prefix]
        table = model._meta.db_table
        needs = selection.on(type_name).needs
        rows = await rows_where(context, model, needs, f"{table}.id = ANY($1)", [id for _, id in texts])
        known = {row.id: row for row in rows}
        found.update({text: known.get(id) for text, id in texts})
    return [found.get(id) for id in ids]


def by_prefix(ids: list[strawberry.ID]) -> dict[str, list[tuple[str, Any]]]:
    """The ids that could be somebody's, by their kind; others are nobody's."""
    found: dict[str, list[tuple[str, Any]]] = {}
    for text in dict.fromkeys(ids):
        try:
            prefix, id = split(text)
        except MalformedIdError:
            continue
        if prefix in NODES:
            found.setdefault(prefix, []).append((text, id))
    return found
