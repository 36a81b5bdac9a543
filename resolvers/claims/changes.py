"""What subscriptions tell of claims."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from models.claims.claims import Claim
from operations.broker import ChangeNotice, Topic
from operations.changes import subject_of, told
from operations.context import Context
from operations.reads.relations import to_one

CLAIMS = Topic(model=Claim, row_of=lambda fact: subject_of(Claim.PREFIX, fact))


def claim_changed(
    context: Context, *, id: Annotated[UUID | None, Claim, "Only this one; default all you may see."] = None
) -> AsyncIterator[ChangeNotice]:
    """Changes to claims you may see, with the claim's current state. The first message has `refetch: true`."""
    return told(context, CLAIMS, id)


CLAIM = to_one(Claim, by="row_id")
