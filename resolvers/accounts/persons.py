"""How requests about persons who do not go together are answered (ID-7)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from execution import Computed, Selection
from models.accounts.accounts import Account
from models.accounts.persons import REASONS, ConflictReason, PersonConflict
from models.base.access import EVERYTHING
from models.base.errors import Refused
from operations.arguments import Filter, Text
from operations.context import Context
from operations.reads.pages import Order, Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import to_one
from operations.reads.rows import find

OfConflict = Annotated[UUID, PersonConflict, "Id of the conflict."]


class PersonConflictFilter(Filter):
    """Conditions on a list of conflicts; all must hold."""

    open: Annotated[bool | None, "True: not resolved yet. False: resolved."] = None


async def many(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    filter: Annotated[PersonConflictFilter | None, "Which conflicts."] = None,
) -> Page:
    """Accounts that could not be linked with a student or provider, oldest first."""
    where = EVERYTHING
    if filter is not None and filter.open is not None:
        where = f"person_conflicts.resolved_at IS {'' if filter.open else 'NOT '}NULL"
    return await page_of(context, PersonConflict, selection, page, order=Order("at"), where=where)


async def locked(context: Context, id: UUID) -> PersonConflict:
    """The conflict, locked. Raises NOT_FOUND."""
    seen: PersonConflict = await find(context, PersonConflict, id, path="personConflictId")
    return await PersonConflict.filter(id=seen.id).select_for_update(no_key=True).get()


async def link(context: Context, *, person_conflict_id: OfConflict) -> PersonConflict | Refused:
    """Retry linking an account with a student or provider, once the cause of the conflict is corrected (ID-7)."""
    conflict = await locked(context, person_conflict_id)
    return await conflict.link(by=context.viewer, at=context.now)


async def dismiss(
    context: Context,
    *,
    person_conflict_id: OfConflict,
    reason: Annotated[str, Text(500), "Why they are kept separate."],
) -> PersonConflict:
    """Keep an account and a student or provider separate permanently (ID-7)."""
    conflict = await locked(context, person_conflict_id)
    return await conflict.dismiss(reason=reason, by=context.viewer, at=context.now)


def reason_of(conflict: PersonConflict) -> ConflictReason:
    """What the broken constraint says of the two."""
    return REASONS[conflict.broken]


REASON = Computed(reason_of, needs=("broken",))
ACCOUNT = to_one(Account, by="account_id")
