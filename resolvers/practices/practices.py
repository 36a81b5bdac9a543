"""How requests about practices and their office users are answered (ID-4)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.accounts import office_users
from models.accounts.accounts import Membership
from models.base.errors import Refusal, not_found
from models.directory.providers import Provider
from models.practices.practices import Practice
from operations.arguments import NAME, Text
from operations.context import Context
from operations.reads.pages import Order, Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import row, to_all, to_one
from operations.reads.rows import find

OFFICE_TITLE = Text(100, one_line=True)
OfMember = Annotated[UUID, Membership, "The office user's membership."]


async def one(context: Context, selection: Selection, *, id: Annotated[UUID, Practice, "The practice's id."]) -> Any:
    """One practice, if you may see it."""
    return await row(context, Practice, selection, id)


async def many(context: Context, selection: Selection, *, page: PageRequest) -> Page:
    """The practices that you may see, by name."""
    return await page_of(context, Practice, selection, page, order=Order("name"))


async def open_practice(
    context: Context, *, name: Annotated[str, NAME, "The practice's full name; no other practice has it."]
) -> Practice:
    """Enter a group practice; invite its owner next, by `invite` with `isOwner` (ID-4)."""
    return await Practice.open(name=name, by=context.viewer, at=context.now)


async def set_practice(
    context: Context,
    *,
    provider_id: Annotated[UUID, Provider, "The provider."],
    practice_id: Annotated[UUID | None, Practice, "The practice; none to end the link."] = None,
) -> Provider:
    """Link a provider's profile to a practice, whose office then drafts and schedules for it (ID-4, EN-5)."""
    provider = await find(context, Provider, provider_id, path="providerId")
    if practice_id is not None:
        await find(context, Practice, practice_id, path="practiceId")
    return await provider.set_practice(practice_id, by=context.viewer, at=context.now)


async def check_link(context: Context, *, provider_id: UUID | None, practice_id: UUID | None) -> list[Refusal]:
    """What speaks against a provider or a practice, whichever of them is known."""
    found = []
    if provider_id is not None and await Provider.visible(context.viewer, provider_id) is None:
        found.append(not_found("provider", path=["providerId"]))
    if practice_id is not None and await Practice.visible(context.viewer, practice_id) is None:
        found.append(not_found("practice", path=["practiceId"]))
    return found


async def modify(
    context: Context,
    *,
    membership_id: OfMember,
    title: Annotated[str, OFFICE_TITLE, "What they are called in the practice."],
) -> Membership:
    """Change what an office user is called in the practice (ID-4)."""
    member = await office_users.office_user(membership_id, context.viewer)
    return await office_users.modify(member, title=title, by=context.viewer, at=context.now)


async def check_office_user(context: Context, *, membership_id: UUID | None) -> list[Refusal]:
    """What speaks against changing this office user. Raises NOT_FOUND, NOT_ELIGIBLE."""
    if membership_id is not None:
        await office_users.office_user(membership_id, context.viewer)
    return []


async def remove(context: Context, *, membership_id: OfMember) -> Membership:
    """End an office user's access at once (ID-4)."""
    member = await office_users.office_user(membership_id, context.viewer)
    return await office_users.remove(member, by=context.viewer, at=context.now)


async def revalidate(context: Context, *, membership_id: OfMember) -> Membership:
    """Say that an office user still works for the practice; without it access lapses after 90 days (ID-4)."""
    member = await office_users.office_user(membership_id, context.viewer)
    return await office_users.revalidate(member, by=context.viewer, at=context.now)


async def hand_over(context: Context, *, membership_id: OfMember) -> Membership:
    """Make an office user the practice's owner; the owner until now becomes an office user (ID-4)."""
    member = await office_users.office_user(membership_id, context.viewer)
    return await office_users.hand_over(member, by=context.viewer, at=context.now)


PROVIDERS = to_all(Provider, by="practice_id", order="name")
OFFICE_USERS = to_all(Membership, by="practice_id", order="created_at", where="memberships.ended_at IS NULL")


PRACTICE = to_one(Practice, by="practice_id")
