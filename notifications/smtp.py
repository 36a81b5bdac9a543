"""SMTP: one client, connected once and used for all mails, and what its failures mean for a mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import aiosmtplib

TIMEOUT_SECONDS = 20
SERVICE_NOT_AVAILABLE = 421
TLS_MODES: dict[str, bool | None] = {"required": True, "never": False, "": None}


class NoServerError(Exception):
    """The mail server cannot be reached or does not let us in: no mail's fault, so no mail's attempt."""


class LostServerError(Exception):
    """The server went away in the middle of a mail; whether it took the mail is not known."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a mail was not taken for one address, and whether it ever will be."""

    permanent: bool
    reason: str


class Smtp:
    """A mail server, by the address `smtp://user:password@host:port`, or `smtps://` for TLS from the first byte.

    `smtp://` goes over to TLS where the server offers it, and must do so (`?starttls=required`) wherever a
    password is sent to another machine.
    """

    def __init__(self, url: str, *, sender: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self.sender = sender
        self._client = aiosmtplib.SMTP(**options_of(url), timeout=timeout_seconds)

    async def ready(self) -> None:
        """Be connected, or raise NoServerError. An idle connection is asked whether it still lives."""
        try:
            if self._client.is_connected:
                try:
                    await self._client.noop()
                    return
                except (aiosmtplib.SMTPException, OSError):
                    self._client.close()
            await self._client.connect()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            self._client.close()
            raise NoServerError(reason_of(error)) from None

    async def deliver(self, message: EmailMessage, recipients: Sequence[str]) -> dict[str, Fault]:
        """Hand one message over; answers the addresses that were refused, so nothing means: taken for all."""
        try:
            refused, _ = await self._client.send_message(message, sender=self.sender, recipients=recipients)
            return {address: fault_of(answer.code) for address, answer in refused.items()}
        except aiosmtplib.SMTPRecipientsRefused as error:
            self._must_go_on(max(one.code for one in error.recipients))
            return {one.recipient: fault_of(one.code) for one in error.recipients}
        except aiosmtplib.SMTPSenderRefused as error:  # our own address: to be mended, and no reason to lose mail
            self._must_go_on(error.code)
            return dict.fromkeys(recipients, Fault(permanent=False, reason=f"sender refused, SMTP {error.code}"))
        except aiosmtplib.SMTPResponseException as error:
            self._must_go_on(error.code)
            return dict.fromkeys(recipients, fault_of(error.code))
        except aiosmtplib.SMTPNotSupported:
            return dict.fromkeys(recipients, Fault(permanent=True, reason="the server does not take this address"))
        except (aiosmtplib.SMTPException, OSError) as error:
            self._client.close()
            raise LostServerError(reason_of(error)) from None

    async def close(self) -> None:
        """Say goodbye, as far as anybody listens."""
        try:
            if self._client.is_connected:
                await self._client.quit()
        except (aiosmtplib.SMTPException, OSError):
            self._client.close()

    def _must_go_on(self, code: int) -> None:
        """421 says that the server closes the connection, whatever was asked."""
        if code == SERVICE_NOT_AVAILABLE:
            self._client.close()
            raise LostServerError(f"SMTP {code}")


def options_of(url: str) -> dict[str, Any]:
    """The arguments of the client for an address."""
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    secure = parts.scheme == "smtps"
    start_tls = TLS_MODES[dict(parse_qsl(parts.query)).get("starttls", "")]
    if parts.username and start_tls is None and not is_loopback(host):
        start_tls = True
    return {
        "hostname": host,
        "port": parts.port,
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "use_tls": secure,
        "start_tls": False if secure else start_tls,
    }


def is_loopback(host: str) -> bool:
    """Whether this is our own machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def fault_of(code: int) -> Fault:
    """What a server's answer means: 5xx for ever, anything else for now. Its text is left out: it may name people."""
    return Fault(permanent=500 <= code < 600, reason=f"SMTP {code}")


def reason_of(error: Exception) -> str:
    """A few words on a failure, without addresses or passwords."""
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {code}" if isinstance(code, int) else type(error).__name__
