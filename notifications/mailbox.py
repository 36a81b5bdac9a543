"""The development mailbox: a mail server inside this process that keeps the last messages and passes none on.

Used where FC_SMTP_URL is not set, never in production. The worker delivers to it over SMTP as to any other server;
the page `/dev/mail` shows what it holds. Worker and web share it by being one process.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiosmtpd.smtp import Envelope

KEPT = 200
HOST = "127.0.0.1"
TAKEN = "250 kept in the development mailbox"


class Mailbox:
    """The messages that arrived, the newest ones only."""

    def __init__(self, kept: int = KEPT) -> None:
        self.shown = False
        self._messages: deque[dict[str, str]] = deque(maxlen=kept)

    def messages(self) -> list[dict[str, str]]:
        """What the page shows, oldest first."""
        return list(self._messages)

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802 — aiosmtpd's name
        """Keep a message; a second copy of one that is kept already replaces it."""
        message = read(message_from_bytes(envelope.content or b"", policy=default), envelope)  # type: ignore[arg-type]
        copies = [kept for kept in self._messages if kept["id"] == message["id"] and kept["to"] == message["to"]]
        for copy in copies:
            self._messages.remove(copy)
        self._messages.append(message)
        return TAKEN

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Take messages on a free port of this machine alone; yields the address for `Smtp`."""
        from aiosmtpd.smtp import SMTP  # here, as no server in production has a mailbox, and each knows of it

        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(self, hostname="mailbox.localhost", loop=loop), HOST, 0)
        try:
            yield f"smtp://{HOST}:{server.sockets[0].getsockname()[1]}?starttls=never"
        finally:
            server.close()


def read(message: EmailMessage, envelope: Envelope) -> dict[str, str]:
    """A message as the page reads it."""
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    return {
        "id": str(message["Message-ID"] or "").strip("<>"),
        "to": ", ".join(envelope.rcpt_tos),
        "from": str(message["From"] or envelope.mail_from),
        "subject": str(message["Subject"] or ""),
        "sentAt": parsedate_to_datetime(str(message["Date"])).isoformat() if message["Date"] else "",
        "text": text.get_content() if text else "",
        "html": html.get_content() if html else "",
    }


MAILBOX = Mailbox()
"""The mailbox of this process: `app` shows it, `worker` opens it."""
