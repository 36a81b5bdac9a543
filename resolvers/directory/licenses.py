"""How requests about licenses are answered."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from models.base.errors import Refusal, not_found
from models.base.text import StateCode
from models.directory.licenses import License, LicenseClass, license_refusals
from models.directory.providers import Provider
from operations.arguments import TITLE
from operations.context import Context
from operations.reads.relations import to_all
from operations.reads.rows import find, find_locked


async def enter_license(
    context: Context,
    *,
    provider_id: Annotated[UUID, Provider, "Provider who holds the license."],
    license_class: Annotated[LicenseClass, "License class (EN-2)."],
    title: Annotated[str, TITLE, "Title used by the state, such as LICSW (EN-2)."],
    number: Annotated[str, TITLE, "License number, as printed by the board."],
    state: Annotated[StateCode, "Issuing state (EN-1)."],
    expires_on: Annotated[date, "Last day on which it is valid."],
) -> License:
    """Add a provider's license. It takes effect once it is verified (PR-4)."""
    provider = await find(context, Provider, provider_id, path="providerId")
    return await License.enter(
        provider,
        license_class=license_class,
        title=title,
        number=number,
        state=state,
        expires_on=expires_on,
        by=context.viewer,
        at=context.now,
    )


async def check_license(
    context: Context, *, provider_id: UUID | None, number: str | None, state: StateCode, expires_on: date
) -> list[Refusal]:
    """What speaks against a license's data, and against its provider."""
    found = license_refusals(number or "", state, expires_on, context.now)
    if provider_id is not None and await Provider.visible(context.viewer, provider_id) is None:
        found.append(not_found("provider", path=["providerId"]))
    return found


async def verify_license(context: Context, *, license_id: Annotated[UUID, License, "Id of the license."]) -> License:
    """Mark a license as verified with the state board; refused while another reviewer has taken it (PR-4)."""
    license = await find_locked(context, License, license_id, path="licenseId")
    await license.verify(by=context.viewer, at=context.now)
    return license


LICENSES = to_all(License, by="provider_id", order="state")
