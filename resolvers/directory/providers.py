"""How requests about providers are answered."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.base.errors import Refusal
from models.base.text import EmailAddress, HttpsUrl, StateCode, TimeZone
from models.directory.licenses import is_licensed
from models.directory.providers import DegreeLevel, Provider, Service, provider_refusals
from operations.arguments import NAME, TITLE, Text
from operations.context import Context
from operations.reads.pages import Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import row, to_one
from operations.reads.searching import BY_NAME, SEARCH, has_part

IS_FOUND = f"providers.searchable AND {is_licensed(state='$1', service='$2', at='$3')}"
"""A profile that the directory shows for a state, and for a service if one is asked for (PR-4, AP-1)."""


async def one(context: Context, selection: Selection, *, id: Annotated[UUID, Provider, "The provider's id."]) -> Any:
    """One provider, if you may see them."""
    return await row(context, Provider, selection, id)


async def search(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    state: Annotated[StateCode, "The state where the student will be; a license must be valid there (AP-1)."],
    service: Annotated[Service | None, "Only who offers this service."] = None,
    specialty: Annotated[str | None, SEARCH, "Only who names this specialty."] = None,
) -> Page:
    """The directory of Flexible Credits: enrolled providers with a verified license in a state, by name."""
    where = IS_FOUND
    values: list[Any] = [state, service.value if service else None, context.now]
    if specialty:
        where += f" AND {has_part('folded_list(providers.specialties)', slot='$4')}"
        values.append(specialty)
    return await page_of(context, Provider, selection, page, order=BY_NAME, where=where, values=values)


async def join(
    context: Context,
    *,
    name: Annotated[str, NAME, "The clinician's name, as clients see it."],
    title: Annotated[str, TITLE, "What stands behind the name, LICSW say."],
    email: Annotated[EmailAddress, "The work address that messages go to."],
    degree_level: Annotated[DegreeLevel, "The degree, which the rate depends on (CL-5)."],
    services: Annotated[list[Service], "What sessions are offered (EN-2)."],
    time_zone: Annotated[TimeZone, "The zone of the provider's calendar (AV-1)."],
    specialties: Annotated[
        list[str] | None, Text(100, one_line=True, needed=True), "What the provider is experienced in."
    ] = None,
    bio: Annotated[str, "A few words to students."] = "",
    telehealth_link: Annotated[
        HttpsUrl | None, "The room; it goes to the student with the confirmation (EN-7)."
    ] = None,
    missed_appointment_policy: Annotated[str, "What a missed session means, shown before a request (AP-5)."] = "",
) -> Provider:
    """Enter a provider's profile. It is found once a license is verified and the enrollment is active (PR-4)."""
    return await Provider.join(
        name=name,
        title=title,
        email=email,
        degree_level=degree_level,
        services=services,
        specialties=specialties or [],
        time_zone=time_zone,
        telehealth_link=telehealth_link or "",
        bio=bio,
        missed_appointment_policy=missed_appointment_policy,
        by=context.viewer,
        at=context.now,
    )


async def check_profile(
    context: Context, *, name: str | None, services: list[Service], time_zone: TimeZone
) -> list[Refusal]:
    """What speaks against a profile's data."""
    return provider_refusals(name or "", services, time_zone)


PROVIDER = to_one(Provider, by="provider_id")
