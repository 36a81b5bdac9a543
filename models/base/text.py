"""Kinds of text that have a form of their own; the API checks the form where it enters."""

from typing import NewType

StateCode = NewType("StateCode", str)
"""Two letters of a US state or territory, upper case."""

EmailAddress = NewType("EmailAddress", str)
"""An e-mail address, normalised: without spaces around it, in lower case."""

PhoneNumber = NewType("PhoneNumber", str)
"""A telephone number in E.164 form, `+16175550123`."""

NOWHERE = "@invalid"
"""How the address of somebody ends who was erased: no mail server is ever found for it (RFC 2606)."""

EMAIL_LENGTH_MAX = 254
"""What a mail server takes (RFC 5321)."""

HttpsUrl = NewType("HttpsUrl", str)
"""A URL that begins with https://."""

URL_LENGTH_MAX = 500

TimeZone = NewType("TimeZone", str)
"""The name of an IANA time zone, `America/New_York`."""

PresentingConcern = NewType("PresentingConcern", str)
"""The code of a term for the main concern addressed in a session (CL-1); never shown to a school (CL-9)."""
