"""Recipients: to whom the messages about an event go. Each area registers its own, with the SQL that finds them (ID-7).

A later area adds one by calling `recipient(…)` when it is imported; nothing to its left needs to know its tables. Its
name also stands in the CHECK `mails_recipient`, which its migration replaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.base.statements import fetch


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody as seen from an event.

    `addresses` takes the ids of events, `$1`, and answers rows of `event_id`, `account_id` (null where nobody's account
    is written to) and `address`, for all of them in one statement. It must not fail whatever an event holds.
    `instead` is who is written to about an event for which nobody was found.
    """

    name: str
    addresses: str
    instead: Recipient | None = None

    async def found(self, event_ids: Sequence[UUID]) -> list[Any]:
        """Everybody who is written to about these events."""
        rows = await fetch(self.addresses, list(event_ids))
        if self.instead is None:
            return rows
        known = {row.event_id for row in rows}
        left = [id for id in event_ids if id not in known]
        return [*rows, *(await self.instead.found(left) if left else ())]


RECIPIENTS: dict[str, Recipient] = {}
"""Every recipient, by its name."""


def recipient(name: str, addresses: str, *, instead: Recipient | None = None) -> Recipient:
    """Register a recipient. Raises ValueError for a name that is taken."""
    if name in RECIPIENTS:
        raise ValueError(f"{name} is a recipient already")
    RECIPIENTS[name] = Recipient(name, addresses, instead)
    return RECIPIENTS[name]
