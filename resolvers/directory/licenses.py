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
from operations.reads.rows import find


async def enter_license(
    context: Context,
    *,
    provider_id: Annotated[UUID, Provider, "Whose license it is."],
    license_class: Annotated[LicenseClass, "What it permits (EN-2)."],
    title: Annotated[str, TITLE, "The state's own title, LICSW say (EN-2)."],
    number: Annotated[str, TITLE, "The number, as the board prints it."],
    state: Annotated[StateCode, "The state that gave it (EN-1)."],
    expires_on: Annotated[date, "Its last day."],
) -> License:
    """Enter a provider's license; it counts once it is verified (PR-4)."""
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


async def verify_license(context: Context, *, license_id: Annotated[UUID, License, "The license."]) -> License:
    """OPS verified the license with the board (PR-4)."""
    license = await find(context, License, license_id, path="licenseId")
    await license.verify(by=context.viewer, at=context.now)
    return license


LICENSES = to_all(License, by="provider_id", order="state")
