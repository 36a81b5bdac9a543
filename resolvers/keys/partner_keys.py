"""How requests about partner keys are answered (ID-5)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.keys import partner_keys
from models.keys.partner_keys import PartnerKey
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
    days: Days = 365,
) -> dict[str, Any]:
    """Create a key for a school's system, which acts as PARTNER in the school. The key is shown only once (ID-5)."""
    school = await find(context, School, school_id or context.viewer.school_id, path="schoolId")
    return shown_once(await partner_keys.create(school.id, name=name, days=days, by=context.viewer, at=context.now))


async def rotate(
    context: Context,
    *,
    partner_key_id: OfKey,
    days: Days = 365,
    overlap_hours: Annotated[int, f"Hours during which both keys work, at most {partner_keys.OVERLAP_HOURS_MAX}."] = 24,
) -> dict[str, Any]:
    """Replace a key with a new one. Both work during the overlap; then the old one expires (ID-5)."""
    key = await find(context, PartnerKey, partner_key_id, path="partnerKeyId")
    return shown_once(
        await partner_keys.rotate(key, days=days, overlap_hours=overlap_hours, by=context.viewer, at=context.now)
    )


async def revoke(context: Context, *, partner_key_id: OfKey) -> PartnerKey:
    """Revoke a key at once (ID-5)."""
    key = await find(context, PartnerKey, partner_key_id, path="partnerKeyId")
    return await partner_keys.revoke(key, by=context.viewer, at=context.now)


def shown_once(made: tuple[PartnerKey, str]) -> dict[str, Any]:
    """A new key's row, and the key itself."""
    key, secret = made
    return {"partner_key": key, "secret": secret}
