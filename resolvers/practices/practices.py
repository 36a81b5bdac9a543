"""How requests about practices and their office users are answered (ID-4)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.accounts import office_users
from models.accounts.accounts import Membership
from models.base.access import EVERYTHING
from models.base.words import Words
from models.directory.providers import Provider
from models.practices.practices import Practice
from operations.arguments import NAME, Filter, Text
from operations.context import Context
from operations.reads.pages import Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import row, to_all, to_one
from operations.reads.rows import find
from operations.reads.searching import BY_NAME, NEWEST_FIRST, SEARCH, containing

OFFICE_TITLE = Text(100, one_line=True)
OfMember = Annotated[UUID, Membership, "Membership of the office user."]


async def one(context: Context, selection: Selection, *, id: Annotated[UUID, Practice, "Id of the practice."]) -> Any:
    """A practice you may see."""
    return await row(context, Practice, selection, id)


class PracticeOrder(Words):
    """The order of a list of practices."""

    NAME_ASC = "NAME_ASC", "By name."
    CREATED_AT_DESC = "CREATED_AT_DESC", "Newest first."


ORDERS = {PracticeOrder.NAME_ASC: BY_NAME, PracticeOrder.CREATED_AT_DESC: NEWEST_FIRST}


class PracticeFilter(Filter):
    """Conditions on a list of practices; all must hold."""

    search: Annotated[str | None, SEARCH, "Part of the name."] = None


async def many(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    filter: Annotated[PracticeFilter | None, "Which practices."] = None,
    order_by: Annotated[PracticeOrder, "The order of the list."] = PracticeOrder.NAME_ASC,
) -> Page:
    """The practices you may see."""
    where, values = (EVERYTHING, []) if filter is None else containing(filter.search, "practices.name")
    return await page_of(context, Practice, selection, page, order=ORDERS[order_by], where=where, values=values)


async def open_practice(
    context: Context, *, name: Annotated[str, NAME, "Practice's full name; must be unique."]
) -> Practice:
    """Add a group practice. Invite its owner next, with `invite` and `isOwner` (ID-4)."""
    return await Practice.open(name=name, by=context.viewer, at=context.now)


async def set_practice(
    context: Context,
    *,
    provider_id: Annotated[UUID, Provider, "Provider."],
    practice_id: Annotated[UUID | None, Practice, "Practice; omit to remove the link."] = None,
) -> Provider:
    """Link a provider to a practice, whose office may then draft and schedule for them (ID-4, EN-5)."""
    provider = await find(context, Provider, provider_id, path="providerId")
    if practice_id is not None:
        await find(context, Practice, practice_id, path="practiceId")
    return await provider.set_practice(practice_id, by=context.viewer, at=context.now)


async def modify(
    context: Context,
    *,
    membership_id: OfMember,
    title: Annotated[str, OFFICE_TITLE, "New job title."],
) -> Membership:
    """Change an office user's job title (ID-4)."""
    member = await office_users.office_user(membership_id, context.viewer)
    return await office_users.modify(member, title=title, by=context.viewer, at=context.now)


async def remove(context: Context, *, membership_id: OfMember) -> Membership:
    """Remove an office user's access at once (ID-4)."""
    member = await office_users.office_user(membership_id, context.viewer)
    return await office_users.remove(member, by=context.viewer, at=context.now)


async def revalidate(context: Context, *, membership_id: OfMember) -> Membership:
    """Confirm that an office user still works for the practice. Otherwise access lapses after 90 days (ID-4)."""
    member = await office_users.office_user(membership_id, context.viewer)
    return await office_users.revalidate(member, by=context.viewer, at=context.now)


async def hand_over(context: Context, *, membership_id: OfMember) -> Membership:
    """Transfer ownership of the practice to an office user. The former owner becomes an office user (ID-4)."""
    member = await office_users.office_user(membership_id, context.viewer)
    return await office_users.hand_over(member, by=context.viewer, at=context.now)


PROVIDERS = to_all(Provider, by="practice_id", order="name")
OFFICE_USERS = to_all(Membership, by="practice_id", order="created_at", where="memberships.ended_at IS NULL")


PRACTICE = to_one(Practice, by="practice_id")
