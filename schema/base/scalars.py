"""Scalars: forms of text that are checked where they enter, and shown in one way."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

import strawberry
import us
from graphql import EnumValueNode, GraphQLError, StringValueNode, ValueNode
from strawberry.types.scalar import ScalarDefinition

from models.accounts.accounts import normalised
from models.base.text import (
    EMAIL_LENGTH_MAX,
    URL_LENGTH_MAX,
    EmailAddress,
    HttpsUrl,
    PhoneNumber,
    PresentingConcern,
    StateCode,
    TimeZone,
)
from models.base.times import YEAR_MAX, YEAR_MIN, is_time_zone

STATES = frozenset(state.abbr for state in (*us.states.STATES_AND_TERRITORIES, us.states.DC))
TEXT_MAX = URL_LENGTH_MAX

DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# As RFC 3339 has it; Python keeps six digits of a second, and more would be lost without a word.
HOUR, SIXTIETH = "(?:[01][0-9]|2[0-3])", "[0-5][0-9]"
DATETIME = re.compile(
    rf"{DATE.pattern}[Tt]{HOUR}:{SIXTIETH}:{SIXTIETH}(\.[0-9]+)?(?:[Zz]|[+-]{HOUR}:{SIXTIETH})", re.ASCII
)
FRACTION_MAX = len(".123456")
CONCERN = re.compile(r"[A-Z][A-Z0-9_]{0,59}", re.ASCII)
E164 = re.compile(r"\+[1-9][0-9]{1,14}")
# The characters of RFC 3986, a percent sign only in front of two digits.
URI = re.compile(r"https://(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")
HOST = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*\.?")


def fault(message: str) -> GraphQLError:
    """What is wrong with a value; said as a GraphQL error, as the library hides all others."""
    return GraphQLError(message, extensions={"code": "BAD_INPUT"})


def text(value: Any, what: str, longest: int = TEXT_MAX) -> str:
    """A short text of one line. Raises a GraphQLError."""
    if not isinstance(value, str):
        raise fault(f"{what} is sent as a string.")
    if len(value) > longest or not value.isprintable():
        raise fault(f"{what} is a line of at most {longest} characters.")
    return value


def within_years(day: date, what: str) -> None:
    """Refuse times that no calendar of ours has."""
    if not YEAR_MIN <= day.year <= YEAR_MAX:
        raise fault(f"{what} is of the years {YEAR_MIN} to {YEAR_MAX}.")


def parse_datetime(value: Any) -> datetime:
    """An instant with an offset, as UTC."""
    form = DATETIME.fullmatch(text(value, "A DateTime"))
    if form is None:
        raise fault("A DateTime is written like 2026-11-22T15:00:00Z, with Z or an offset like -05:00 at its end.")
    if form[1] and len(form[1]) > FRACTION_MAX:
        raise fault("A DateTime has at most six digits behind its seconds.")
    try:
        at = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except ValueError:
        raise fault("There is no such day or time; a DateTime is written like 2026-11-22T15:00:00Z.") from None
    except OverflowError:
        raise fault("This DateTime is out of range.") from None
    within_years(at, "A DateTime")
    return at


def show_datetime(value: datetime | str) -> str:
    """An instant in UTC, with Z. Raises ValueError for a time without an offset, which is no instant."""
    if isinstance(value, str):
        return value
    if value.tzinfo is None:
        raise ValueError("a time without an offset")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_date(value: Any) -> date:
    """A calendar day."""
    try:
        if DATE.fullmatch(text(value, "A Date")) is None:
            raise ValueError
        day = date.fromisoformat(value)
    except ValueError:
        raise fault("A Date is written like 2026-11-22.") from None
    within_years(day, "A Date")
    return day


def parse_time_zone(value: Any) -> TimeZone:
    """An IANA zone."""
    if not is_time_zone(text(value, "A TimeZone")):
        raise fault("This is not an IANA time zone; write it like America/New_York.")
    return TimeZone(value)


def parse_email(value: Any) -> EmailAddress:
    """An address in the plain form that every mail server takes, normalised."""
    # Loaded for the first address: its large patterns are not compiled while the server starts.
    from email_validator import EmailNotValidError, validate_email

    try:
        checked = validate_email(
            text(value, "An EmailAddress").strip(),
            check_deliverability=False,
            test_environment=True,
            allow_smtputf8=False,
            strict=True,
        )
    except EmailNotValidError:
        raise fault("This is not an e-mail address.") from None
    address = normalised(f"{checked.local_part}@{checked.ascii_domain}")
    if len(address) > EMAIL_LENGTH_MAX:
        raise fault(f"An EmailAddress has at most {EMAIL_LENGTH_MAX} characters.")
    return EmailAddress(address)


def parse_phone(value: Any) -> PhoneNumber:
    """A telephone number in E.164 form."""
    # Loaded for the first number: the plans of all countries are not read while the server starts.
    import phonenumbers

    if E164.fullmatch(text(value, "A PhoneNumber")) is None:
        raise fault("A PhoneNumber is written in E.164 form, like +16175550123.")
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        raise fault("There is no such country code.") from None
    shown = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_possible_number(number) or shown != value:
        raise fault("There can be no such telephone number.")
    return PhoneNumber(value)


def parse_url(value: Any) -> HttpsUrl:
    """An address of the web that is safe to show as a link: https, a host, nobody's name or password in it."""
    try:
        sound = URI.fullmatch(text(value, "A URL", URL_LENGTH_MAX)) is not None and is_web_address(value)
    except ValueError:
        sound = False
    if not sound:
        raise fault("A URL begins with https:// and names a host, without a user's name in it.")
    return HttpsUrl(value)


def is_web_address(url: str) -> bool:
    """Whether the address names a host, and nothing but a port beside it. Raises ValueError."""
    parts = urlsplit(url)
    return parts.port != 0 and "@" not in parts.netloc and HOST.fullmatch(parts.hostname or "") is not None


def parse_concern(value: Any) -> PresentingConcern:
    """The code of a presenting concern."""
    if CONCERN.fullmatch(text(value, "A PresentingConcern")) is None:
        raise fault("A PresentingConcern is a code that `vocabularies` lists, like ANXIETY.")
    return PresentingConcern(value)


def parse_state(value: Any) -> StateCode:
    """A US state."""
    state = text(value, "A StateCode").upper() if str(value).isascii() else ""
    if state not in STATES:
        raise fault("A StateCode is two letters of a US state or territory, like MA.")
    return StateCode(state)


def scalar(
    name: str,
    description: str,
    parse: Callable[[Any], Any],
    show: Callable[[Any], Any] = str,
    url: str | None = None,
    *,
    literals: tuple[type[ValueNode], ...] = (StringValueNode,),
) -> ScalarDefinition:
    """One scalar of the schema."""

    def parse_literal(node: ValueNode, variables: Any = None) -> Any:
        # A name without quotes would otherwise pass as well; and the error should say where it is.
        try:
            return parse(node.value if isinstance(node, literals) else None)  # type: ignore[attr-defined]
        except GraphQLError as refused:
            raise GraphQLError(refused.message, node, extensions=refused.extensions) from None

    return strawberry.scalar(
        name=name,
        description=description,
        parse_value=parse,
        parse_literal=parse_literal,
        serialize=show,
        specified_by_url=url,
    )


SCALARS: dict[object, ScalarDefinition] = {
    datetime: scalar(
        "DateTime",
        "A point in time (RFC 3339). Send it with an offset; it is returned in UTC with Z.",
        parse_datetime,
        show_datetime,
        "https://scalars.graphql.org/chillicream/date-time",
    ),
    date: scalar(
        "Date", "A calendar date, YYYY-MM-DD.", parse_date, str, "https://scalars.graphql.org/andimarek/local-date"
    ),
    TimeZone: scalar(
        "TimeZone",
        "An IANA time zone, such as America/New_York.",
        parse_time_zone,
        str,
        "https://www.iana.org/time-zones",
    ),
    EmailAddress: scalar(
        "EmailAddress",
        "An e-mail address; case-insensitive.",
        parse_email,
        str,
        "https://www.rfc-editor.org/rfc/rfc5321",
    ),
    PhoneNumber: scalar(
        "PhoneNumber",
        "A telephone number in E.164 format, such as +16175550123.",
        parse_phone,
        str,
        "https://www.itu.int/rec/T-REC-E.164",
    ),
    HttpsUrl: scalar(
        "URL", "A URL that begins with https://.", parse_url, str, "https://www.rfc-editor.org/rfc/rfc3986"
    ),
    # An enum until its terms became data: the same name, and codes without quotes, keep clients' documents valid.
    PresentingConcern: scalar(
        "PresentingConcern",
        "Code of the main concern addressed in a session, such as ANXIETY; `vocabularies` lists them all.",
        parse_concern,
        literals=(StringValueNode, EnumValueNode),
    ),
    StateCode: scalar(
        "StateCode",
        "Two-letter code of a US state or territory, such as MA.",
        parse_state,
        str,
        "https://pe.usps.com/text/pub28/28apb.htm",
    ),
}
"""The scalars by the Python type that stands for them."""

NATIVE = frozenset({"DateTime", "Date"})
"""Scalars whose Python values the JSON encoder writes just as `serialize` would."""
