"""How requests about campus sign-in are answered (ID-1)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from integrations.campus import is_sound_address
from models.base import throttling
from models.base.errors import Code, Refusal, refuse_if_any
from models.base.ids import encode
from models.base.statements import fetch
from models.base.text import URL_LENGTH_MAX
from models.campus import campus
from models.campus.campus import CampusIssuer
from models.schools.schools import School
from operations.arguments import NAME, Filter, Text
from operations.context import Context
from operations.reads.rows import find
from operations.reads.searching import SEARCH, like
from resolvers.accounts.agreements import AgreementInput, agreed
from resolvers.accounts.sessions import Device, handed_out

FOUND_MAX = 20
RETURN_TO_MAX = 10
ADDRESS = Text(URL_LENGTH_MAX, one_line=True)


class Campus:
    """A school with campus single sign-on."""

    def __init__(self, id: UUID, name: str, address: str) -> None:
        self.school_id = encode(School.PREFIX, id)
        self.name = name
        self.sign_in_address = f"{address}/campus/{self.school_id}/sign-in"


class CampusFilter(Filter):
    """Conditions on a list of schools with campus sign-in; all must hold."""

    search: Annotated[str, SEARCH, "Part of the school's name."]


async def search(
    context: Context, selection: Selection, *, filter: Annotated[CampusFilter, "Which schools."]
) -> list[Campus]:
    """Schools with campus single sign-on, by name; at most 20."""
    rows = await fetch(
        "SELECT s.id, s.name FROM schools s JOIN campus_issuers c ON c.school_id = s.id AND c.disabled_at IS NULL"
        " WHERE s.name ILIKE $1 ORDER BY s.name LIMIT $2",
        like(filter.search), FOUND_MAX,
    )  # fmt: skip
    return [Campus(row.id, row.name, context.environment.address) for row in rows]


async def set_issuer(
    context: Context,
    *,
    school_id: Annotated[UUID, School, "School."],
    issuer: Annotated[str, ADDRESS, "Issuer URL, exactly as the provider publishes it."],
    client_id: Annotated[str, NAME, "OAuth client id."],
    client_secret: Annotated[str, "OAuth client secret; stored encrypted and never shown again."],
    return_to: Annotated[list[str], ADDRESS, "Allowed return URLs, each in full."],
) -> CampusIssuer:
    """Set a school's OpenID Connect provider, which its students sign in with (ID-1)."""
    school = await find(context, School, school_id, path="schoolId")
    loopback = not context.environment.production
    unsound = [] if is_sound_address(issuer, loopback=loopback) else ["issuer"]
    if any(not is_sound_return(address, loopback=loopback) for address in return_to):
        unsound.append("returnTo")
    found = [
        Refusal(Code.INVALID, "This is not a valid URL.", rule="ID-1", path=[path], fix="Start it with https://.")
        for path in unsound
    ]
    if not 1 <= len(return_to) <= RETURN_TO_MAX:
        message = f"A school names 1 to {RETURN_TO_MAX} addresses."
        found.append(
            Refusal(Code.OUT_OF_BOUNDS, message, rule="ID-1", path=["returnTo"], fix="Name each client's once.")
        )
    refuse_if_any(found)
    return await campus.set_issuer(
        school.id,
        issuer=issuer,
        client_id=client_id,
        client_secret=client_secret,
        return_to=return_to,
        by=context.viewer,
        at=context.now,
    )


def is_sound_return(address: str, *, loopback: bool) -> bool:
    """Whether a client may be sent back there: a page over https, or an app by a scheme of its own, as app.test:/in."""
    scheme, _, rest = address.partition(":")
    is_app = "." in scheme and scheme.replace(".", "").isalnum() and rest.startswith("/")
    return is_app or is_sound_address(address, loopback=loopback)


async def disable_issuer(
    context: Context, *, campus_issuer_id: Annotated[UUID, CampusIssuer, "The school's OpenID Connect provider."]
) -> CampusIssuer:
    """Disable a school's campus sign-in. Its students then sign in with e-mail address and password (ID-1)."""
    issuer = await find(context, CampusIssuer, campus_issuer_id, path="campusIssuerId")
    return await campus.disable(issuer, by=context.viewer, at=context.now)


async def admit_code(context: Context, **_: Any) -> None:
    """Count the try of a code, outside of the transaction that a refusal rolls back."""
    await throttling.admit_link(context.source, at=context.now)


async def exchange(
    context: Context,
    _: None,
    *,
    code: Annotated[str, "One-time code the browser returned with; valid for 5 minutes."],
    verifier: Annotated[str, "PKCE code verifier of the sign-in (RFC 7636)."],
    accepts: Annotated[
        list[AgreementInput] | None, "Agreements the person accepts; required at the first sign-in (PR-1)."
    ] = None,
    device: Device = "",
) -> dict[str, Any]:
    """Exchange the one-time code of a campus sign-in for tokens. The code works once (ID-1, ID-2)."""
    opened = await campus.exchange(
        code, verifier=verifier, accepted=agreed(accepts or []), device=device, at=context.now
    )
    await throttling.link_was_right(context.source)
    return handed_out(context, opened)
