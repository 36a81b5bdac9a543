"""How the consent to sessions by video is shown on an appointment."""

from __future__ import annotations

from typing import Any

from execution import Batched, Selection
from models.appointments.telehealth import telehealth_consents
from models.base.statements import column_of
from operations.context import Context


async def consents(context: Context, parents: list[Any], selection: Selection) -> list[Any]:
    """For each appointment the consent of its student, while both are live."""
    ids = column_of(parents, "id")
    found = await telehealth_consents(ids)
    return [found.get(id) for id in ids]


CONSENT = Batched(consents, needs=("id",))
