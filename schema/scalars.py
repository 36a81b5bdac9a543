"""Scalars: forms of text that are checked where they enter, and shown in one way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

import phonenumbers
import strawberry
import us
from email_validator import EmailNotValidError, validate_email
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from models.accounts import normalised
from models.text import EmailAddress, HttpsUrl, PhoneNumber, StateCode, TimeZone
from models.times import is_time_zone

STATES = frozenset(state.abbr for state in (*us.states.STATES_AND_TERRITORIES, us.states.DC))
TEXT_MAX = 500


def fault(message: str) -> GraphQLError:
    """What is wrong with a value; said as a GraphQL error, as the library hides all others."""
    return GraphQLError(message, extensions={"code": "BAD_INPUT"})


def text(value: Any, what: str) -> str:
    """A short text without control characters. Raises a GraphQLError."""
    if not isinstance(value, str) or len(value) > TEXT_MAX or any(ord(character) < 32 for character in value):
        raise fault(f"{what} is a text of at most {TEXT_MAX} characters.")
    return value


def parse_datetime(value: Any) -> datetime:
    """An instant with an offset, as UTC."""
    try:
        at = datetime.fromisoformat(text(value, "A DateTime"))
    except ValueError:
        raise fault("A DateTime is written like 2026-11-22T15:00:00Z.") from None
    if "T" not in value and "t" not in value:
        raise fault("A DateTime has a date and a time.")
    if at.tzinfo is None:
        raise fault("A DateTime needs an offset: end it with Z or with +00:00.")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise fault("This DateTime is out of range.") from None


def show_datetime(value: datetime | str) -> str:
    """An instant in UTC, with Z."""
    if isinstance(value, str):
        return value
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_date(value: Any) -> date:
    """A calendar day."""
    try:
        if len(text(value, "A Date")) != len("2026-11-22"):
            raise ValueError
        return date.fromisoformat(value)
    except ValueError:
        raise fault("A Date is written like 2026-11-22.") from None


def parse_time_zone(value: Any) -> TimeZone:
    """An IANA zone."""
    if not is_time_zone(text(value, "A TimeZone")):
        raise fault("This is not an IANA time zone; write it like America/New_York.")
    return TimeZone(value)


def parse_email(value: Any) -> EmailAddress:
    """An address, normalised."""
    try:
        checked = validate_email(
            text(value, "An EmailAddress").strip(), check_deliverability=False, test_environment=True
        )
    except EmailNotValidError:
        raise fault("This is not an e-mail address.") from None
    return EmailAddress(normalised(checked.normalized))


def parse_phone(value: Any) -> PhoneNumber:
    """A telephone number in E.164 form."""
    try:
        number = phonenumbers.parse(text(value, "A PhoneNumber"))
    except phonenumbers.NumberParseException:
        raise fault("A PhoneNumber is written in E.164 form, like +16175550123.") from None
    if not phonenumbers.is_possible_number(number):
        raise fault("There can be no such telephone number.")
    return PhoneNumber(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def parse_url(value: Any) -> HttpsUrl:
    """An address of the web."""
    try:
        parts = urlsplit(text(value, "A URL"))
        sound = parts.scheme == "https" and bool(parts.hostname) and " " not in value
    except ValueError:
        sound = False
    if not sound:
        raise fault("A URL begins with https:// and names a host.")
    return HttpsUrl(value)


def parse_state(value: Any) -> StateCode:
    """A US state."""
    if text(value, "A StateCode").upper() not in STATES:
        raise fault("A StateCode is two letters of a US state or territory, like MA.")
    return StateCode(value.upper())


def parse_json(value: Any) -> Any:
    """Nothing is taken in as JSON."""
    raise fault("JSON is only shown, never taken.")


def scalar(
    name: str, description: str, parse: Callable[[Any], Any], show: Callable[[Any], Any] = str, url: str | None = None
) -> ScalarDefinition:
    """One scalar of the schema."""
    return strawberry.scalar(
        name=name, description=description, parse_value=parse, serialize=show, specified_by_url=url
    )


def as_is(value: Any) -> Any:
    """A value that is JSON already."""
    return value


SCALARS: dict[object, ScalarDefinition] = {
    datetime: scalar(
        "DateTime",
        "An instant. Sent with an offset, shown in UTC with Z.",
        parse_datetime,
        show_datetime,
        "https://scalars.graphql.org/andimarek/date-time",
    ),
    date: scalar(
        "Date", "A calendar day, YYYY-MM-DD.", parse_date, str, "https://scalars.graphql.org/andimarek/local-date"
    ),
    TimeZone: scalar(
        "TimeZone",
        "The name of an IANA time zone, like America/New_York.",
        parse_time_zone,
        str,
        "https://www.iana.org/time-zones",
    ),
    EmailAddress: scalar(
        "EmailAddress",
        "An e-mail address; case makes no difference.",
        parse_email,
        str,
        "https://www.rfc-editor.org/rfc/rfc5321",
    ),
    PhoneNumber: scalar(
        "PhoneNumber",
        "A telephone number in E.164 form, like +16175550123.",
        parse_phone,
        str,
        "https://www.itu.int/rec/T-REC-E.164",
    ),
    HttpsUrl: scalar(
        "URL", "An address that begins with https://.", parse_url, str, "https://www.rfc-editor.org/rfc/rfc3986"
    ),
    StateCode: scalar("StateCode", "Two letters of a US state or territory, like MA.", parse_state, str),
}
"""The scalars by the Python type that stands for them."""

NATIVE = frozenset({"DateTime", "Date"})
"""Scalars whose Python values the JSON encoder writes just as `serialize` would."""
