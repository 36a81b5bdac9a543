"""A real mail server for tests, on this machine alone: it keeps what it takes and can be told to misbehave."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope

from notifications.post import PostOffice
from notifications.site import Site
from notifications.smtp import Smtp

HOST = "127.0.0.1"
SENDER = "credits@mail.test"
ADDRESS = "https://credits.example.test"
WAIT_SECONDS = 60


@dataclass
class MailServer:
    """What arrived; `refuses` are answers to addresses, `before_taking` is awaited while a message is taken."""

    port: int = 0
    refuses: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    before_taking: Callable[[EmailMessage], Awaitable[None]] | None = None
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    connections: set[Any] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Its address."""
        return f"smtp://{HOST}:{self.port}?starttls=never"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802
        """Take an address, or answer what the test wants."""
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        """Take a message, once for each of its addresses."""
        self.connections.add(server.transport)
        message: Any = message_from_bytes(envelope.content or b"", policy=default)  # type: ignore[arg-type]
        if answer := next((self.answers[to] for to in envelope.rcpt_tos if to in self.answers), None):
            return answer
        self.taken.extend((to, message) for to in envelope.rcpt_tos)
        async with self.arrived:
            self.arrived.notify_all()
        if self.before_taking is not None:
            await self.before_taking(message)
        return "250 taken"

    async def has(self, messages: int) -> None:
        """Wait until so many different messages have arrived."""
        async with asyncio.timeout(WAIT_SECONDS), self.arrived:
            await self.arrived.wait_for(lambda: len(self.copies()) >= messages)

    def copies(self) -> Counter[str]:
        """How many copies of each Message-ID arrived."""
        return Counter(str(message["Message-ID"]) for _, message in self.taken)

    def subjects(self, address: str) -> list[str]:
        """The subjects that went to this address, in order."""
        return [str(message["Subject"]) for to, message in self.taken if to == address]


@asynccontextmanager
async def mail_server(port: int = 0) -> AsyncIterator[MailServer]:
    """A server that listens for the length of the block."""
    loop = asyncio.get_running_loop()
    found = MailServer()
    server = await loop.create_server(lambda: SMTP(found, hostname="mail.test", loop=loop), HOST, port)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()


@asynccontextmanager
async def post_office(url: str) -> AsyncIterator[PostOffice]:
    """A post office that delivers there."""
    smtp = Smtp(url, sender=SENDER, timeout_seconds=10)
    try:
        yield PostOffice(smtp, sender=SENDER, site=Site(address=ADDRESS), stop=asyncio.Event())
    finally:
        await smtp.close()


def content_of(message: EmailMessage) -> tuple[str, str]:
    """The plain text and the HTML of a message."""
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    return text.get_content(), html.get_content()
