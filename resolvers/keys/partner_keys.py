"""How requests about partner keys are answered (ID-5)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.accounts.office_users import must_own
from models.base.errors import CONSTRAINTS, Refusal
from models.base.scopes import Scope
from models.keys import partner_keys
from models.keys.partner_keys import PartnerKey
from models.practices.practices import Practice
from models.schools.schools import School
from operations.arguments import Text
from operations.context import Context
from operations.reads.pages import Order, Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.rows import find

OfKey = Annotated[UUID, PartnerKey, "Id of the key, not the key itself."]
Days = Annotated[int, f"Validity in days, at most {partner_keys.DAYS_MAX}."]
LATEST_FIRST = Order("created_at", descending=True)


async def many(context: Context, selection: Selection, *, page: PageRequest) -> Page:
    """Partner keys you may see, newest first. The keys themselves are never shown again."""
    return await page_of(context, PartnerKey, selection, page, order=LATEST_FIRST)


async def create(
    context: Context,
    *,
    name: Annotated[str, Text(100, one_line=True, needed=True), "Name of the system that uses it."],
    school_id: Annotated[UUID | None, School, "School; default your own."] = None,
    practice_id: Annotated[UUID | None, Practice, "Practice, for a practice's key; default your own."] = None,
    scopes: Annotated[
        list[Scope] | None, "What it is for. Required for a practice's key; default all that a school's key may be for."
    ] = None,
    days: Days = 365,
) -> dict[str, Any]:
    """Create a key for a system of a school, which acts as PARTNER, or of a practice, as OFFICE. Shown once (ID-5)."""
    owner = await owner_of(context, school_id, practice_id)
    key = await partner_keys.create(
        owner.id if isinstance(owner, School) else None,
        practice_id=owner.id if isinstance(owner, Practice) else None,
        name=name,
        scopes=scopes,
        days=days,
        by=context.viewer,
        at=context.now,
    )
    return shown_once(key)


async def owner_of(context: Context, school_id: UUID | None, practice_id: UUID | None) -> School | Practice:
    """Whose key it is to be: the one that is named, or one's own. Raises NOT_FOUND, NOT_ELIGIBLE, INVALID."""
    if school_id is not None and practice_id is not None:
        raise CONSTRAINTS["partner_keys_owner"]
    if practice_id is None and (school_id is not None or context.viewer.practice_id is None):
        return await find(context, School, school_id or context.viewer.school_id, path="schoolId")
    practice = await find(context, Practice, practice_id or context.viewer.practice_id, path="practiceId")
    await must_own(practice.id, context.viewer)
    return practice


async def check_new_key(
    context: Context, *, school_id: UUID | None, practice_id: UUID | None, scopes: list[Scope] | None, days: int
) -> list[Refusal]:
    """What speaks against a key's life, its scopes and its owner."""
    of_practice = practice_id is not None or (school_id is None and context.viewer.practice_id is not None)
    found = [*partner_keys.days_refusals(days), *partner_keys.scopes_refusals(scopes, of_practice=of_practice)]
    try:
        await owner_of(context, school_id, practice_id)
    except Refusal as refusal:
        found.append(refusal)
    return found


async def rotate(
    context: Context,
    *,
    partner_key_id: OfKey,
    days: Days = 365,
    overlap_hours: Annotated[int, f"Hours during which both keys work, at most {partner_keys.OVERLAP_HOURS_MAX}."] = 24,
) -> dict[str, Any]:
    """Replace a key with one of the same scopes. Both work during the overlap; then the old one expires (ID-5)."""
    key = await own_key(context, partner_key_id)
    return shown_once(
        await partner_keys.rotate(key, days=days, overlap_hours=overlap_hours, by=context.viewer, at=context.now)
    )


async def own_key(context: Context, id: UUID) -> PartnerKey:
    """The key, if the viewer looks after it: of a practice's its owner does (ID-4). Raises NOT_FOUND, NOT_ELIGIBLE."""
    key = await find(context, PartnerKey, id, path="partnerKeyId")
    if key.practice_id is not None:
        await must_own(key.practice_id, context.viewer)
    return key


async def check_rotation(context: Context, *, days: int, overlap_hours: int) -> list[Refusal]:
    """What speaks against a key's life and the overlap, whichever key it follows."""
    return [*partner_keys.days_refusals(days), *partner_keys.overlap_refusals(overlap_hours)]


async def revoke(context: Context, *, partner_key_id: OfKey) -> PartnerKey:
    """Revoke a key at once (ID-5)."""
    key = await own_key(context, partner_key_id)
    return await partner_keys.revoke(key, by=context.viewer, at=context.now)


def shown_once(made: tuple[PartnerKey, str]) -> dict[str, Any]:
    """A new key's row, and the key itself."""
    key, secret = made
    return {"partner_key": key, "secret": secret}
