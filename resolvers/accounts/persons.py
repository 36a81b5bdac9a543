"""How requests about persons who do not go together are answered (ID-7)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from execution import Computed, Selection
from models.accounts.accounts import Account
from models.accounts.persons import REASONS, ConflictReason, PersonConflict
from models.base.access import EVERYTHING
from models.base.errors import Refused
from operations.arguments import Text
from operations.context import Context
from operations.reads.pages import Order, Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import to_one
from operations.reads.rows import find

OfConflict = Annotated[UUID, PersonConflict, "The conflict."]


async def many(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    open: Annotated[bool, "Only those that wait to be settled."] = True,
) -> Page:
    """Accounts that could not be joined to a student or provider, oldest first."""
    where = "person_conflicts.resolved_at IS NULL" if open else EVERYTHING
    return await page_of(context, PersonConflict, selection, page, order=Order("at"), where=where)


async def locked(context: Context, id: UUID) -> PersonConflict:
    """The conflict, locked. Raises NOT_FOUND."""
    seen: PersonConflict = await find(context, PersonConflict, id, path="personConflictId")
    return await PersonConflict.filter(id=seen.id).select_for_update(no_key=True).get()


async def link(context: Context, *, person_conflict_id: OfConflict) -> PersonConflict | Refused:
    """Try again to make them one person, once what stood in the way is corrected (ID-7)."""
    conflict = await locked(context, person_conflict_id)
    return await conflict.link(by=context.viewer, at=context.now)


async def dismiss(
    context: Context,
    *,
    person_conflict_id: OfConflict,
    reason: Annotated[str, Text(500), "Why they stay apart."],
) -> PersonConflict:
    """Leave an account and a student, or a provider, apart for good (ID-7)."""
    conflict = await locked(context, person_conflict_id)
    return await conflict.dismiss(reason=reason, by=context.viewer, at=context.now)


def reason_of(conflict: PersonConflict) -> ConflictReason:
    """What the broken constraint says of the two."""
    return REASONS[conflict.broken]


REASON = Computed(reason_of, needs=("broken",))
ACCOUNT = to_one(Account, by="account_id")
