"""How requests about openings are answered."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.availability.openings import Opening
from operations.context import Context
from operations.reads.relations import row


async def opening(context: Context, selection: Selection, *, id: Annotated[UUID, Opening, "Id of the opening."]) -> Any:
    """An opening, whether or not it is still offered."""
    return await row(context, Opening, selection, id)
