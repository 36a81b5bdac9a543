"""The post office: the two jobs of mail, writing what events call for and sending what was written (NO-2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import asyncpg
import structlog
from tortoise.exceptions import OperationalError

from models.base.encryption import UnopenableError
from models.base.ids import encode
from models.notifications.mails import Mail, MailStatus
from notifications import queue
from notifications.facts import is_still_true, mail_facts
from notifications.letters import compose, write_letter
from notifications.outbox import write_mails
from notifications.site import Site
from notifications.smtp import Fault, LostServerError, NoServerError, Smtp
from notifications.words import words_of

log = structlog.get_logger()

BATCH = 20
MAIL_SECONDS_MAX = 60
SENDING_MAX = queue.LEASE - timedelta(seconds=2 * MAIL_SECONDS_MAX)
"""How long a batch may take before the rest is put back, so that no mail outlives its lease while it is sent."""

SERVER_WAIT_FIRST = timedelta(seconds=1)
SERVER_WAIT_LONGEST = timedelta(minutes=1)


class PostOffice:
    """Writes and sends mail. One for a process; any number of processes share the work.

    `site` is where people reach the program. Without `smtp` mails are written and wait.
    """

    def __init__(self, smtp: Smtp | None, *, sender: str, site: Site, stop: asyncio.Event) -> None:
        self.smtp = smtp
        self.sender = sender
        self.site = site
        self.stop = stop
        self.when_written: Callable[[], None] = lambda: None
        self._wait = SERVER_WAIT_FIRST
        self._quiet_until: datetime | None = None

    async def write(self, at: datetime) -> bool:
        """Turn waiting events into mails; says whether there may be more."""
        events = await write_mails(at=at, domain=self.sender.rpartition("@")[2])
        if events:
            self.when_written()
        return events > 0

    async def send(self, at: datetime) -> bool:
        """Send one batch of what is due; says whether there may be more.

        Mails are taken only once the server answers, so that a dead one costs no mail an attempt.
        """
        if self.smtp is None or self.stop.is_set() or not await self._server_answers(self.smtp, at):
            return False
        taken = await queue.claim(at=at, most=BATCH)
        for mail in taken:
            if mail.status == MailStatus.FAILED:
                tell("mail.given_up", mail, reason="its worker died each time")
        went_on = await self._send_batch(self.smtp, [mail for mail in taken if mail.status == MailStatus.SENDING], at)
        return went_on and len(taken) == BATCH

    async def _server_answers(self, smtp: Smtp, at: datetime) -> bool:
        """Whether the server is there; after a failure it is left alone for a while."""
        if self._quiet_until is not None and at < self._quiet_until:
            return False
        try:
            await smtp.ready()
        except NoServerError as error:
            self._leave_alone(str(error), at)
            return False
        return True

    def _leave_alone(self, reason: str, at: datetime) -> None:
        """Wait with the next try, each time longer, up to a minute."""
        log.warning("mail.no_server", reason=reason, next_try_seconds=self._wait.total_seconds())
        self._quiet_until = at + self._wait
        self._wait = min(self._wait * 2, SERVER_WAIT_LONGEST)

    async def _send_batch(self, smtp: Smtp, mails: list[Any], at: datetime) -> bool:
        """Send one after the other; what was not tried, as time ran out or the server went away, goes back."""
        clock = asyncio.get_running_loop().time
        until = clock() + SENDING_MAX.total_seconds()
        left = list(mails)
        try:
            facts = await mail_facts([mail.id for mail in mails])
            while left and clock() < until and not self.stop.is_set():
                message = await self._written(left[0], facts[left[0].id], at)
                mail = left.pop(0)
                if message is not None:
                    await self._deliver(smtp, mail, message, at)
            return not left
        except (LostServerError, TimeoutError) as error:
            self._leave_alone(str(error) or "timeout", at)
            return False
        finally:
            await queue.give_back(left, at=at)

    async def _written(self, mail: Any, facts: Any, at: datetime) -> EmailMessage | None:
        """The message, or None when there is none to send: it is not true any more, or cannot be written."""
        try:
            if not await is_still_true(mail.template, facts, at):
                await queue.mark_dropped(mail.id, mail.attempts)
                return None
            letter = write_letter(mail.template, await words_of(mail.template, facts, at=at, site=self.site))
            return compose(
                letter,
                to=mail.address,
                sender=self.sender,
                product=self.site.product,
                message_id=mail.message_id,
                at=at,
            )
        except UnopenableError as error:  # a key is missing here; it may come with the next start
            await self._put_off(mail, Fault(permanent=False, reason=type(error).__name__), at)
            return None
        except Exception as error:
            if is_the_databases(error):
                raise
            # Whatever else a template or its facts do wrong concerns this one mail.
            tell("mail.not_written", mail, reason=type(error).__name__)
            await queue.mark_failed(mail.id, mail.attempts, f"not written: {type(error).__name__}")
            return None

    async def _deliver(self, smtp: Smtp, mail: Any, message: EmailMessage, at: datetime) -> None:
        """Hand one mail over and mark what became of it at once."""
        try:
            async with asyncio.timeout(MAIL_SECONDS_MAX):
                refused = await smtp.deliver(message, [mail.address])
        except (LostServerError, TimeoutError) as error:
            await self._put_off(mail, Fault(permanent=False, reason=f"server lost: {error or 'timeout'}"), at)
            raise
        if fault := refused.get(mail.address):
            await self._put_off(mail, fault, at)
        else:
            await queue.mark_sent(mail.id, at=at)
        self._quiet_until, self._wait = None, SERVER_WAIT_FIRST

    async def _put_off(self, mail: Any, fault: Fault, at: datetime) -> None:
        """Try again later, or never."""
        if fault.permanent:
            await queue.mark_failed(mail.id, mail.attempts, fault.reason)
        elif await queue.put_off(mail.id, mail.attempts, fault.reason, at=at):
            return
        tell("mail.given_up", mail, reason=fault.reason)


def is_the_databases(error: Exception) -> bool:
    """Whether the database failed, rather than the facts or the template: then trying again later helps."""
    if isinstance(error, asyncpg.DataError):
        return False
    lost = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OperationalError, OSError)
    return isinstance(error, lost)


def tell(what: str, mail: Any, *, reason: str) -> None:
    """A word to the log: which mail and why, never to whom or what it says."""
    log.error(what, mail=encode(Mail.PREFIX, mail.id), template=mail.template, attempts=mail.attempts, reason=reason)
