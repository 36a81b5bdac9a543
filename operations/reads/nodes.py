"""Any object by its id: `node` and `nodes`."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import strawberry

from execution import Batched, Selection
from models.base.access import Entity
from models.base.ids import MalformedIdError, split
from models.base.statements import column_of
from operations.context import Context, bad_input
from operations.reads.rows import rows_where

NODES_MAX = 100
NODES: dict[str, tuple[type[Entity], str]] = {}
"""For each prefix the model and the name of its GraphQL type; `@shows` fills it."""


async def one(context: Context, selection: Selection, *, id: Annotated[strawberry.ID, "Id of any object."]) -> Any:
    """Any object by its id; null if you may not see it."""
    return (await many(context, selection, ids=[id]))[0]


async def many(
    context: Context,
    selection: Selection,
    *,
    ids: Annotated[list[strawberry.ID], f"Ids of at most {NODES_MAX} objects of any type."],
) -> list[Any]:
    """Several objects by id, in the order of the ids; null for each you may not see."""
    if len(ids) > NODES_MAX:
        raise bad_input(f"At most {NODES_MAX} ids at a time.", argument="ids")
    found: dict[str, Any] = {}
    for prefix, texts in by_prefix(ids).items():
        known = {row.id: row for row in await rows_of(context, prefix, selection, [id for _, id in texts])}
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


async def subjects(context: Context, parents: list[Any], selection: Selection) -> list[Any]:
    """For each event the object that it happened to, as it is now; None for one that the viewer may not see."""
    wanted: dict[str, list[UUID]] = {}
    for prefix, id in zip(column_of(parents, "subject_type"), column_of(parents, "subject_id"), strict=True):
        if prefix in NODES:
            wanted.setdefault(prefix, []).append(id)
    found: dict[tuple[str, UUID], Any] = {}
    for prefix, ids in wanted.items():
        for row in await rows_of(context, prefix, selection, ids):
            found[prefix, row.id] = row
    return [found.get((parent.subject_type, parent.subject_id)) for parent in parents]


async def rows_of(context: Context, prefix: str, selection: Selection, ids: list[UUID]) -> list[Any]:
    """The visible rows of one kind with these ids."""
    model, type_name = NODES[prefix]
    needs = selection.on(type_name).needs
    return list(await rows_where(context, model, needs, f"{model._meta.db_table}.id = ANY($1)", ids))


SUBJECT = Batched(subjects, needs=("subject_type", "subject_id"))
