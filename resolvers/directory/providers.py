"""How requests about providers are answered."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.base.errors import Refusal
from models.base.text import EmailAddress, HttpsUrl, StateCode, TimeZone
from models.base.words import Words
from models.directory.licenses import is_licensed
from models.directory.providers import DegreeLevel, Provider, Service, provider_refusals
from models.vocabularies.terms import CODE_LENGTH_MAX, unknown_refusals
from operations.arguments import NAME, TITLE, Filter, Text
from operations.context import Context
from operations.reads.pages import Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import row, to_one
from operations.reads.searching import BY_NAME, NEWEST_FIRST, has_part

IS_FOUND = f"providers.searchable AND {is_licensed(state='$1', service='$2', at='$3')}"
"""A profile that the directory shows for a state, and for a service if one is asked for (PR-4, AP-1)."""


NAMED = has_part("folded(terms.label_en)", "folded(terms.label_es)", slot="{slot}")
HAS_SPECIALTY = (
    "providers.specialties && ARRAY(SELECT terms.code FROM terms"
    f" WHERE terms.kind = 'SPECIALTY' AND (terms.code = {{slot}} OR {NAMED}))"
)
SPEAKS = "providers.languages && ARRAY[{slot}::text]"
CODE = Text(CODE_LENGTH_MAX, one_line=True, needed=True)


class ProviderOrder(Words):
    """The order of a list of providers."""

    NAME_ASC = "NAME_ASC", "By name."
    CREATED_AT_DESC = "CREATED_AT_DESC", "Newest first."


ORDERS = {ProviderOrder.NAME_ASC: BY_NAME, ProviderOrder.CREATED_AT_DESC: NEWEST_FIRST}


class ProviderFilter(Filter):
    """Conditions on a list of providers; all must hold."""

    state: Annotated[StateCode, "Licensed in this state, where the student will be (AP-1)."]
    service: Annotated[Service | None, "Offers this service."] = None
    specialty: Annotated[
        str | None, Text(100, one_line=True), "Code of a specialty, or part of its label in either language."
    ] = None
    language: Annotated[str | None, CODE, "Code of a language in which they hold sessions (PR-12)."] = None


async def one(context: Context, selection: Selection, *, id: Annotated[UUID, Provider, "Id of the provider."]) -> Any:
    """A provider you may see."""
    return await row(context, Provider, selection, id)


async def search(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    filter: Annotated[ProviderFilter, "Which providers."],
    order_by: Annotated[ProviderOrder, "The order of the list."] = ProviderOrder.NAME_ASC,
) -> Page:
    """The Flexible Credits directory: enrolled providers with a verified license in a state."""
    where = IS_FOUND
    values: list[Any] = [filter.state, filter.service.value if filter.service else None, context.now]
    for condition, value in ((HAS_SPECIALTY, filter.specialty), (SPEAKS, filter.language)):
        if value:
            values.append(value)
            where += " AND " + condition.format(slot=f"${len(values)}")
    return await page_of(context, Provider, selection, page, order=ORDERS[order_by], where=where, values=values)


async def join(
    context: Context,
    *,
    name: Annotated[str, NAME, "Clinician's name, as students see it."],
    title: Annotated[str, TITLE, "Credentials after the name, such as LICSW."],
    email: Annotated[EmailAddress, "Work e-mail address for notifications."],
    degree_level: Annotated[DegreeLevel, "Degree level, which determines the rate (CL-5)."],
    services: Annotated[list[Service], "Services offered (EN-2)."],
    time_zone: Annotated[TimeZone, "Time zone of the provider's calendar (AV-1)."],
    specialties: Annotated[
        list[str] | None, CODE, "Codes of specialties, as `vocabularies` lists them (PR-12)."
    ] = None,
    languages: Annotated[
        list[str] | None, CODE, "Codes of the languages of their sessions, as `vocabularies` lists them (PR-12)."
    ] = None,
    bio: Annotated[str, "Short introduction for students."] = "",
    telehealth_link: Annotated[
        HttpsUrl | None, "Link to the telehealth room, sent to the student on confirmation (EN-7)."
    ] = None,
    missed_appointment_policy: Annotated[str, "Missed-appointment policy, shown before each request (AP-5)."] = "",
) -> Provider:
    """Add a provider. The directory lists them once a license is verified and their enrollment is active (PR-4)."""
    return await Provider.join(
        name=name,
        title=title,
        email=email,
        degree_level=degree_level,
        services=services,
        specialties=specialties or [],
        languages=languages or [],
        time_zone=time_zone,
        telehealth_link=telehealth_link or "",
        bio=bio,
        missed_appointment_policy=missed_appointment_policy,
        by=context.viewer,
        at=context.now,
    )


async def check_profile(
    context: Context,
    *,
    name: str | None,
    services: list[Service],
    time_zone: TimeZone,
    specialties: list[str] | None,
    languages: list[str] | None,
) -> list[Refusal]:
    """What speaks against a profile's data."""
    unknown = await unknown_refusals(specialties or [], languages or [])
    return [*provider_refusals(name or "", services, time_zone), *unknown]


PROVIDER = to_one(Provider, by="provider_id")
