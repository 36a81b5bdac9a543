"""The worker itself: woken by events, killed in the middle, ended in order; and the mailbox of a laptop."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

import worker
from database import url_of
from models.base import clock
from models.base.statements import fetch, fetch_one
from notifications.mailbox import MAILBOX
from settings import Settings
from tests.notifications.server import WAIT_SECONDS, MailServer, mail_server
from tests.notifications.work import forget_mails_so_far
from tests.support.api import api_on
from tests.support.processes import ROOT, bare_environment
from tests.support.world import granted, school_of, student_of

NEVER_SECONDS = 3_600


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[None]:
    """The worker runs for the length of the block, and ends in order."""
    stop = asyncio.Event()
    task = asyncio.create_task(worker.run(settings, stop))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(WAIT_SECONDS):
            await task


@asynccontextmanager
async def worker_process(settings: Settings, server: MailServer | None, folder: Path) -> AsyncIterator[Process]:
    """The worker in a process of its own, as a person starts it; ended, if it still runs."""
    places = {"FC_DATABASE_URL": url_of(settings), "FC_ENV": "test"} | ({"FC_SMTP_URL": server.url} if server else {})
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "worker"),
        cwd=ROOT,
        env=bare_environment(folder, **places),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(WAIT_SECONDS):
                await process.communicate()


@dataclass
class Hold:
    """Takes messages, but answers no more from a certain number on: their worker will never know."""

    server: MailServer
    number: int
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    dead: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, message: EmailMessage) -> None:
        """Hold the answer back until the worker is dead."""
        if len(self.server.copies()) >= self.number:
            self.reached.set()
            await self.dead.wait()


async def news(number: int) -> None:
    """One student with so many things to be told."""
    student = await student_of(await school_of())
    await forget_mails_so_far()
    for _ in range(number):
        await granted(student, 1)


async def test_killed_workers_lose_no_mail_and_a_second_copy_has_the_same_message_id(
    committed: Settings, tmp_path: Path
) -> None:
    await news(60)
    async with mail_server() as server:
        for killed_at in (3, 17, 40):
            hold = Hold(server, killed_at)
            server.before_taking = hold
            async with worker_process(committed, server, tmp_path) as process:
                async with asyncio.timeout(WAIT_SECONDS):
                    await hold.reached.wait()
                process.kill()
                await process.communicate()
            hold.dead.set()
            row = await fetch_one("SELECT count(*) AS left FROM mails WHERE status = 'SENDING'")
            assert row.left > 0
            await clock.move(hours=1)
        server.before_taking = None
        async with worker_process(committed, server, tmp_path):
            await server.has(60)
        statuses = await fetch("SELECT status, message_id FROM mails")
        assert [row.status for row in statuses] == ["SENT"] * 60
        copies = server.copies()
        assert set(copies) == {row.message_id for row in statuses}
        assert sum(copies.values()) <= 60 + 3
        assert max(copies.values()) <= 2


async def test_a_worker_that_is_told_to_stop_ends_in_order_and_marks_what_it_sent(
    committed: Settings, tmp_path: Path
) -> None:
    await news(40)
    async with mail_server() as server:
        some = asyncio.Event()

        async def count(message: EmailMessage) -> None:
            if len(server.copies()) >= 5:
                some.set()

        server.before_taking = count
        async with worker_process(committed, server, tmp_path) as process:
            await some.wait()
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(WAIT_SECONDS):
                await process.communicate()
            assert process.returncode == 0
        sent = await fetch("SELECT message_id FROM mails WHERE status = 'SENT'")
        assert {row.message_id for row in sent} == set(server.copies())
        assert await fetch("SELECT 1 FROM mails WHERE status = 'SENDING'") == []


async def test_a_worker_alone_without_a_mail_server_says_so_and_keeps_the_mails(
    committed: Settings, tmp_path: Path
) -> None:
    async with worker_process(committed, None, tmp_path) as process:
        assert process.stdout is not None
        async with asyncio.timeout(WAIT_SECONDS):
            assert any([b"FC_SMTP_URL" in line async for line in until_said(process.stdout, b"FC_SMTP_URL")])


async def until_said(lines: asyncio.StreamReader, word: bytes) -> AsyncIterator[bytes]:
    """The lines up to the one that holds the word."""
    async for line in lines:
        yield line
        if word in line:
            return


async def test_a_committed_event_wakes_the_worker_and_so_it_does_after_its_connection_was_lost(
    committed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MAIL_SECONDS", NEVER_SECONDS)
    student = await student_of(await school_of())
    await forget_mails_so_far()
    async with mail_server() as server:
        async with working(committed.model_copy(update={"smtp_url": as_secret(server.url)})):
            await granted(student, 1)
            await server.has(1)
            lost = await fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query ILIKE 'LISTEN%'"
            )
            assert len(lost) == 1
            await granted(student, 1)
            await server.has(2)
        assert set(server.copies().values()) == {1}


async def test_a_mail_that_could_not_be_heard_of_is_found_by_looking(
    committed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deaf(*_: Any) -> None:
        """Hear nothing."""

    monkeypatch.setattr(worker, "listen", deaf)
    monkeypatch.setattr(worker, "MAIL_SECONDS", 0.05)
    async with mail_server() as server, working(committed.model_copy(update={"smtp_url": as_secret(server.url)})):
        await news(1)
        await server.has(1)


async def test_what_a_person_does_is_in_the_mailbox_a_moment_later(
    committed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived = asyncio.Queue[str]()
    take = MAILBOX.handle_DATA

    async def tell(server: Any, session: Any, envelope: Any) -> str:
        answer = await take(server, session, envelope)
        await arrived.put(MAILBOX.messages()[-1]["subject"])
        return answer

    monkeypatch.setattr(MAILBOX, "handle_DATA", tell)
    async with api_on(committed) as api, working(committed):
        found = await api.ask(OPENING, role="STUDENT")
        opening = found["providers"]["nodes"][0]["openings"]["nodes"][0]["id"]
        answer = await api.do(
            "requestAppointment",
            role="STUDENT",
            selection="appointment { id }",
            openingId=opening,
            state="MA",
            acceptsMissedAppointmentPolicy=True,
        )
        assert answer["userErrors"] == []
        async with asyncio.timeout(WAIT_SECONDS):
            while not (await arrived.get()).startswith("New request"):
                pass
        response = await api.http.get("/dev/mail.json")
        message = next(each for each in response.json() if each["subject"].startswith("New request"))
        assert set(message) == {"id", "to", "from", "subject", "sentAt", "text", "html"}
        assert message["from"] == "Flexible Credits <credits@demo.test>"
        assert answer["appointment"]["id"] in message["text"]
        assert answer["appointment"]["id"] in message["html"]


OPENING = '{ providers(filter: {state: "MA"}, first: 1) { nodes { openings(first: 1) { nodes { id } } } } }'


async def test_no_mailbox_is_shown_where_a_mail_server_is_set(committed: Settings) -> None:
    async with api_on(committed.model_copy(update={"smtp_url": as_secret("smtp://mail.test")})) as api:
        assert (await api.http.get("/dev/mail.json")).status_code == 404
        assert (await api.http.get("/dev/mail")).status_code == 404


def as_secret(url: str) -> SecretStr:
    """An address as the settings keep it."""
    return SecretStr(url)
