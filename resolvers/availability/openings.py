"""How requests about weekly hours and openings are answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from execution import Batched, Selection
from models.availability.openings import OFFERED, Opening, bookable_from, bookable_until, overlaps
from models.base.access import Role
from operations.context import Context
from operations.reads.pages import Order, PageRequest
from operations.reads.relations import pages, row

BY_START = Order("starts_at")
OWN_PERSON = "(SELECT own.person_id FROM students own WHERE own.id = $4)"
FOR_STUDENT = f"""
 AND EXISTS (
     SELECT 1 FROM providers host WHERE host.id = openings.provider_id AND host.searchable
        AND host.person_id <> {OWN_PERSON}
        AND (host.accepting_new_clients OR EXISTS (
             SELECT 1 FROM appointments met WHERE met.provider_id = host.id AND met.person_id = {OWN_PERSON}
                AND met.confirmed_at IS NOT NULL)))
 AND NOT EXISTS (
     SELECT 1 FROM appointments own WHERE own.person_id = {OWN_PERSON} AND {overlaps("own")})
"""
"""What a student is offered of what is free: with whom they may book, at a time when they are free too (AV-4)."""


async def opening(context: Context, selection: Selection, *, id: Annotated[UUID, Opening, "The opening's id."]) -> Any:
    """One opening, whether it is still offered or not."""
    return await row(context, Opening, selection, id)


async def offered(
    context: Context,
    parents: list[Any],
    selection: Selection,
    *,
    page: PageRequest,
    since: Annotated[datetime | None, "Only openings from this instant on."] = None,
    until: Annotated[datetime | None, "Only openings before this instant."] = None,
) -> list[Any]:
    """For each provider the openings that a request would get now, soonest first (AV-4)."""
    begin = max(filter(None, (bookable_from(context.now), since)))
    end = min(filter(None, (bookable_until(context.now), until)))
    where = f"openings.starts_at >= $2 AND openings.starts_at < $3 AND {OFFERED}"
    values: list[Any] = [begin, end]
    if context.viewer.role is Role.STUDENT:
        where += FOR_STUDENT
        values.append(context.viewer.student_id)
    found = await pages(
        context, Opening, selection, page, parents, by="provider_id", order=BY_START, where=where, values=values
    )
    return list(found)


OPENINGS = Batched(offered, needs=("id",))
