"""Campus sign-in: who we are to a school's identity provider, who somebody is there, and which addresses are sound.

What is said to it is in `integrations.openid`, which is loaded when somebody first signs in through a campus.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class CampusError(Exception):
    """The identity provider did not answer, or its answer does not hold. The text is for the log, not for people."""


@dataclass(frozen=True, kw_only=True)
class Client:
    """Who we are to one identity provider."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who has signed in there: the provider's own name for them, and their address if it vouches for it."""

    subject: str
    email: str | None


def is_sound_address(address: str, *, loopback: bool) -> bool:
    """Whether we talk to this address: over https, or on this machine where that is allowed."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (loopback and parts.scheme == "http" and host in LOOPBACK)
