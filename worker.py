"""The background loop: a timetable of jobs, each calling one model verb."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib import import_module

import asyncpg
import structlog

from database import apart, connected, credentials, url_of
from integrations.storing import storage, tell_if_away
from models import modules
from models.accounts import credentials as account_credentials
from models.accounts import office_users
from models.appointments import appointments, reminders
from models.appointments.appointments import Appointment
from models.availability import openings
from models.base import clock, encryption
from models.base.errors import Refusal, Refused
from models.base.statements import transaction
from models.credits import grants as credits
from models.files import store as stores
from models.files import uploads
from models.jobs.runner import Runner
from models.keys import reminders as key_reminders
from models.records import audit, retention
from notifications.listening import first_of, listen
from notifications.mailbox import MAILBOX
from notifications.post import PostOffice
from notifications.site import Site
from notifications.smtp import Smtp
from settings import Settings

MAIL_SECONDS = 5
"""How often the mail is looked after when no event wakes it: for what is to be tried again, or was not heard."""
JOBS_SECONDS = 1
"""How often the queue of background jobs is looked at when it was empty."""
JOBS_AT_ONCE = 2
"""How many background jobs one process works on at a time."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """One line of the timetable. Work that answers True has more to do and is called again at once."""

    name: str
    every_seconds: float
    work: Callable[[datetime], Awaitable[object]]


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Do the jobs until `stop` is set; a job that fails is told and tried again at its next time."""
    encryption.configure(settings.key_ring)
    kept = storage(settings.s3, settings.data_dir / "files")
    stores.configure(kept)
    async with connected(settings), post_office(settings, stop) as office:
        # What an event wakes: one job for each channel of the outbox, each with a wake of its own.
        channels = {Job("write mails", MAIL_SECONDS, office.write): asyncio.Event()}
        written = asyncio.Event()
        office.when_written = written.set

        def happened() -> None:
            for wake in channels.values():
                wake.set()

        load_kinds()
        runner = runner_of(settings, stop)
        await asyncio.gather(
            tell_if_away(kept),
            *(repeat(job, settings, stop) for job in TIMETABLE),
            *(repeat(job, settings, stop, wake=wake) for job, wake in channels.items()),
            repeat(Job("send mails", MAIL_SECONDS, office.send), settings, stop, wake=written),
            *(
                repeat(Job("background jobs", JOBS_SECONDS, runner.run_next), settings, stop)
                for _ in range(JOBS_AT_ONCE)
            ),
            listen(lambda: asyncpg.connect(**credentials(url_of(settings))), happened, stop),
        )


async def repeat(job: Job, settings: Settings, stop: asyncio.Event, wake: asyncio.Event | None = None) -> None:
    """Do one job at its times, and when it is woken, until `stop` is set."""
    wake = wake or asyncio.Event()
    while not stop.is_set():
        wake.clear()
        more: object = False
        try:
            more = await job.work(await now(settings))
        except Exception as error:
            log.error("job.failed", job=job.name, error=type(error).__name__)
        if more is not True:
            await first_of(stop.wait(), wake.wait(), asyncio.sleep(job.every_seconds))


def load_kinds() -> None:
    """Import what declares kinds of background jobs: models, and `resolvers/<area>/jobs.py` for work that reads as a
    client does, through reach and audit.
    """
    for name in (*modules("models"), *(name for name in modules("resolvers") if name.endswith(".jobs"))):
        import_module(name)


def runner_of(settings: Settings, stop: asyncio.Event) -> Runner:
    """What does the background jobs in this process."""
    return Runner(
        now=partial(now, settings),
        connect=lambda: asyncpg.connect(**credentials(url_of(settings))),
        apart=lambda seconds: apart(settings, statement_seconds=seconds),
        stop=stop,
    )


@asynccontextmanager
async def post_office(settings: Settings, stop: asyncio.Event) -> AsyncIterator[PostOffice]:
    """The mail of this process: over FC_SMTP_URL, or into the development mailbox that the web shows beside it."""
    async with AsyncExitStack() as stack:
        url = settings.smtp_url.get_secret_value() if settings.smtp_url else None
        if url is None and MAILBOX.shown:
            url = await stack.enter_async_context(MAILBOX.open())
        if url is None:
            log.warning("mail.waits", reason="FC_SMTP_URL is not set, and a worker alone has no mailbox to show")
        smtp = Smtp(url, sender=settings.mail_from) if url else None
        if smtp is not None:
            stack.push_async_callback(smtp.close)
        site = Site(address=settings.address, product=settings.product_name, support_email=settings.support_email)
        yield PostOffice(smtp, sender=settings.mail_from, site=site, stop=stop)


async def now(settings: Settings) -> datetime:
    """The server's time."""
    return await clock.demo_now() if settings.may_move_clock else clock.real_now()


async def expire_requests(at: datetime) -> None:
    """End the requests that nobody answered in time (AP-3)."""
    for appointment_id in await appointments.overdue(at=at):
        try:
            async with transaction():
                appointment = await Appointment.locked(appointment_id)
                await appointment.expire(at=at)
        except (Refusal, Refused):
            continue  # it was answered meanwhile
        except Exception as error:  # one request that cannot be ended must not keep the others waiting
            log.error("request.not_expired", appointment=str(appointment_id), error=type(error).__name__)


async def lapse_sessions(at: datetime) -> bool:
    """End the sessions that nobody reported by their deadline (AP-10); says whether there may be more."""
    ended = 0
    waiting = await appointments.unreported(at=at)
    for appointment_id in waiting:
        try:
            async with transaction():
                appointment = await Appointment.locked(appointment_id)
                await appointment.lapse(at=at)
            ended += 1
        except (Refusal, Refused):
            continue  # it was attested meanwhile
        except Exception as error:  # one session that cannot be ended must not keep the others waiting
            log.error("session.not_lapsed", appointment=str(appointment_id), error=type(error).__name__)
    return ended > 0 and len(waiting) == appointments.LAPSED_AT_ONCE_MAX


async def extend_openings(at: datetime) -> None:
    """Keep each provider's openings 60 days ahead (AV-2)."""
    await openings.extend_openings(at=at)


async def expire_credits(at: datetime) -> bool:
    """Expire the unused credits of grants whose time is over (CR-3); says whether there may be more."""
    return await credits.expire_unused(at=at) == credits.WALLETS_AT_ONCE_MAX


async def remove_old(at: datetime) -> bool:
    """Remove what each table keeps for a while only; says whether there may be more."""
    return await retention.remove_old(at=at)


async def remind(at: datetime) -> bool:
    """Write the reminders that have come due: answers, sessions, attestations; says whether there may be more."""
    written = (
        await reminders.remind_of_requests(at=at),
        await reminders.remind_of_sessions(at=at),
        await reminders.remind_to_attest(at=at),
    )
    return max(written) == reminders.AT_ONCE_MAX


async def seal_audit_trail(_: datetime) -> None:
    """Seal the audit trail (ID-6). The log keeps each seal's hash, outside of the database that it speaks for."""
    for sealed in await audit.seal():
        log.info("audit.sealed", seal=sealed.id, entries=sealed.entries, digest=sealed.digest.hex())


async def answer_reset_requests(at: datetime) -> bool:
    """Send links to the addresses that asked for a new password and have an account (ID-3)."""
    return await account_credentials.answer_reset_requests(at=at) == account_credentials.REQUESTS_AT_ONCE


async def remind_of_keys(at: datetime) -> bool:
    """Announce keys that expire soon (ID-5); says whether there may be more."""
    return await key_reminders.remind(at=at) == key_reminders.AT_ONCE_MAX


async def remind_of_revalidation(at: datetime) -> None:
    """Announce office users who are soon to be revalidated (ID-4)."""
    async with transaction():
        await office_users.remind(at=at)


async def remove_files(at: datetime) -> bool:
    """Remove what is in files whose time is over, and the bytes that no file names; says whether there may be more."""
    return any([await uploads.expire(at=at), await uploads.sweep(at=at)])


TIMETABLE = (
    Job("expire requests", 1, expire_requests),
    Job("lapse sessions", 10, lapse_sessions),
    Job("remind", 10, remind),
    Job("answer reset requests", 1, answer_reset_requests),
    Job("remind of revalidation", 600, remind_of_revalidation),
    Job("remind of keys", 600, remind_of_keys),
    Job("expire credits", 60, expire_credits),
    Job("extend openings", 60, extend_openings),
    Job("remove files", 60, remove_files),
    Job("remove old rows", 120, remove_old),
    Job("seal the audit trail", 10, seal_audit_trail),
)
