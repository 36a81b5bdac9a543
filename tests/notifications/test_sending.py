"""Sending: what servers do to mail, and that no mail is lost by it, held up by another, or shown twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from models.base.ids import new_id
from models.base.statements import execute, fetch, fetch_one
from notifications import facts, letters, post, queue
from notifications.post import PostOffice
from notifications.smtp import Fault, LostServerError, NoServerError, Smtp, options_of
from settings import Settings
from tests.notifications.server import HOST, SENDER, MailServer, mail_server, post_office
from tests.notifications.work import do_all, forget_mails_so_far, mails
from tests.support.world import AT, granted, load_rates, school_of, student_of

MINUTE = timedelta(minutes=1)


@pytest_asyncio.fixture(loop_scope="session")
async def server(committed: Settings) -> AsyncIterator[MailServer]:
    """A mail server beside a fresh database."""
    async with mail_server() as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def office(server: MailServer) -> AsyncIterator[PostOffice]:
    """A post office that delivers to it."""
    async with post_office(server.url) as found:
        yield found


async def students_with_news(number: int) -> list[str]:
    """So many students, each of whom is to be told of one credit; their addresses."""
    await load_rates()
    school = await school_of()
    students = [await student_of(school) for _ in range(number)]
    await forget_mails_so_far()
    for student in students:
        await granted(student, 1)
    return [student.email for student in students]


async def test_an_event_leaves_the_outbox_with_the_writing_of_its_mails(office: PostOffice) -> None:
    await students_with_news(2)
    assert len(await fetch("SELECT 1 FROM outgoing")) == 2
    assert await office.write(AT)
    assert await fetch("SELECT 1 FROM outgoing") == []
    assert [mail.status for mail in await mails()] == ["PENDING", "PENDING"]
    assert not await office.write(AT)


async def test_an_event_that_is_written_twice_makes_one_mail(office: PostOffice, server: MailServer) -> None:
    await students_with_news(1)
    await do_all(office)
    await execute("INSERT INTO outgoing (event_id) SELECT id FROM events WHERE verb = 'credit.granted'")
    await do_all(office)
    assert list(server.copies().values()) == [1]


async def test_a_mail_keeps_no_content_and_a_sent_one_stays_sent(office: PostOffice, server: MailServer) -> None:
    [address] = await students_with_news(1)
    await do_all(office)
    [mail] = await mails()
    assert (mail.status, mail.attempts, mail.sent_at, mail.address) == ("SENT", 1, AT, address)
    assert mail.message_id == str(server.taken[0][1]["Message-ID"])
    assert "new credit" not in str(mail)
    for change in ("status = 'PENDING', sent_at = NULL", "message_id = '<other@mail.test>'", "address = 'a@b.test'"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await execute(f"UPDATE mails SET {change}")


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("status = 'SENT'", "mails_sent"),
        ("sent_at = now()", "mails_sent"),
        ("status = 'LOST'", "mails_status"),
        ("attempts = -1", "mails_attempts"),
        ("recipient = 'EVERYBODY'", "mails_recipient"),
    ],
)
async def test_the_database_itself_refuses_a_mail_that_cannot_be(
    office: PostOffice, change: str, constraint: str
) -> None:
    await students_with_news(1)
    await office.write(AT)
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await execute(f"UPDATE mails SET {change}")
    assert refused.value.constraint_name == constraint


@pytest.mark.parametrize("constraint", ["mails_once", "mails_message_id_key"])
async def test_the_database_itself_refuses_a_second_mail_for_the_same(office: PostOffice, constraint: str) -> None:
    await students_with_news(2)
    await office.write(AT)
    address, message_id = (
        ("address", "'<new@x.test>'") if constraint == "mails_once" else ("'new@x.test'", "message_id")
    )
    with pytest.raises(asyncpg.UniqueViolationError) as refused:
        await execute(
            "INSERT INTO mails"
            " (id, event_id, recipient, address, template, status, attempts, next_at, message_id, fault)"
            f" SELECT $1, event_id, recipient, {address}, template, 'PENDING', 0, next_at, {message_id}, ''"
            " FROM mails LIMIT 1",
            new_id(),
        )
    assert refused.value.constraint_name == constraint


async def test_a_dead_server_costs_nothing_and_once_it_lives_all_arrive_once(committed: Settings) -> None:
    async with mail_server() as gone:
        url = gone.url
    async with post_office(url) as office:
        addresses = await students_with_news(45)
        for minute in range(0, 300, 10):
            await do_all(office, at=AT + minute * MINUTE)
        assert {(mail.status, mail.attempts) for mail in await mails()} == {("PENDING", 0)}
        async with mail_server(gone.port) as alive:
            await do_all(office, at=AT + 300 * MINUTE)
            assert sorted(to for to, _ in alive.taken) == sorted(addresses)
            assert set(alive.copies().values()) == {1}
    assert {mail.status for mail in await mails()} == {"SENT"}


async def test_a_dead_server_is_asked_less_and_less_often(committed: Settings) -> None:
    async with mail_server() as gone:
        url = gone.url
    asked = []
    async with post_office(url) as office:
        assert office.smtp is not None
        ready = office.smtp.ready

        async def counted() -> None:
            asked.append(second)
            await ready()

        office.smtp.ready = counted  # type: ignore[method-assign]
        for second in range(300):
            await office.send(AT + timedelta(seconds=second))
    assert asked == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]


async def test_a_server_that_goes_away_in_the_middle_gets_the_same_message_again(
    office: PostOffice, server: MailServer
) -> None:
    await students_with_news(5)
    smtp = office.smtp
    assert smtp is not None

    async def hang_up(message: EmailMessage) -> None:
        if len(server.taken) == 2:
            smtp._client.close()  # the second message was taken, and the answer never arrives

    server.before_taking = hang_up
    await do_all(office)
    assert sorted((mail.status, mail.attempts) for mail in await mails()) == [
        ("PENDING", 0), ("PENDING", 0), ("PENDING", 0), ("PENDING", 1), ("SENT", 1),
    ]  # fmt: skip
    for minute in range(1, 4):
        await do_all(office, at=AT + minute * MINUTE)
    assert {mail.status for mail in await mails()} == {"SENT"}
    assert sorted(server.copies().values()) == [1, 1, 1, 1, 2]


async def test_a_connection_that_the_server_closed_meanwhile_is_made_again(
    office: PostOffice, server: MailServer
) -> None:
    await students_with_news(1)
    await do_all(office)
    [connection] = server.connections
    connection.abort()
    await students_with_news(1)
    await do_all(office)
    assert [(mail.status, mail.attempts) for mail in await mails()] == [("SENT", 1), ("SENT", 1)]
    assert len(server.connections) == 2


async def test_one_refused_address_holds_up_no_other(office: PostOffice, server: MailServer) -> None:
    first, second, third = await students_with_news(3)
    server.refuses = {first: "550 no such user", second: "450 try later"}
    await do_all(office)
    found = {mail.address: (mail.status, mail.fault) for mail in await mails()}
    assert found == {first: ("FAILED", "SMTP 550"), second: ("PENDING", "SMTP 450"), third: ("SENT", "")}
    server.refuses.clear()
    await do_all(office, at=AT + MINUTE)
    assert sorted(to for to, _ in server.taken) == sorted([second, third])


async def test_a_refused_message_fails_or_waits_as_the_server_says(office: PostOffice, server: MailServer) -> None:
    first, second = await students_with_news(2)
    server.answers = {first: "554 no", second: "451 busy"}
    await do_all(office)
    assert {mail.address: mail.status for mail in await mails()} == {first: "FAILED", second: "PENDING"}


async def test_trying_again_takes_longer_each_time_and_has_an_end(office: PostOffice, server: MailServer) -> None:
    [address] = await students_with_news(1)
    server.refuses = {address: "450 never"}
    at = AT
    waits: list[timedelta] = []
    while await fetch("SELECT 1 FROM mails WHERE status = 'PENDING'") or not waits:
        await do_all(office, at=at)
        [mail] = await mails()
        waits.append(mail.next_at - at)
        at = mail.next_at
    assert waits[:4] == [1 * MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE]
    assert len(waits) == queue.ATTEMPTS_MAX
    assert timedelta(days=1) < at - AT < timedelta(days=3)
    assert [(mail.status, mail.fault) for mail in await mails()] == [("FAILED", "SMTP 450")]


async def test_partly_refused_says_who_was_refused_and_delivers_to_the_others(server: MailServer) -> None:
    server.refuses = {"b@x.test": "550 no", "c@x.test": "450 later"}
    smtp = Smtp(server.url, sender=SENDER)
    message = letters.compose(
        letters.Letter("Hello", "Hello", "<p>Hello</p>"),
        to="a@x.test",
        sender=SENDER,
        product="Flexible Credits",
        message_id="<1@x.test>",
        at=AT,
    )
    await smtp.ready()
    refused = await smtp.deliver(message, ["a@x.test", "b@x.test", "c@x.test"])
    assert refused == {"b@x.test": Fault(True, "SMTP 550"), "c@x.test": Fault(False, "SMTP 450")}
    assert [to for to, _ in server.taken] == ["a@x.test"]
    assert await smtp.deliver(message, ["b@x.test", "c@x.test"]) == refused
    assert await smtp.deliver(message, ["a@x.test"]) == {}
    await smtp.close()


async def test_a_server_that_closes_with_421_is_lost_and_no_mails_fault(server: MailServer) -> None:
    server.refuses = {"a@x.test": "421 closing"}
    smtp = Smtp(server.url, sender=SENDER)
    message = letters.compose(
        letters.Letter("Hello", "Hello", "<p>Hello</p>"),
        to="a@x.test",
        sender=SENDER,
        product="Flexible Credits",
        message_id="<1@x.test>",
        at=AT,
    )
    await smtp.ready()
    with pytest.raises(LostServerError):
        await smtp.deliver(message, ["a@x.test"])
    server.refuses.clear()
    await smtp.ready()
    assert await smtp.deliver(message, ["a@x.test"]) == {}
    await smtp.close()


async def test_poisoned_facts_fail_alone_and_are_told_by_id(
    office: PostOffice, server: MailServer, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third = await students_with_news(3)
    await execute("UPDATE students SET time_zone = 'Nowhere/Nothing' WHERE email = $1", first)
    await execute("UPDATE students SET email = 'not an address' WHERE email = $1", second)
    await do_all(office)
    assert {mail.address: mail.status for mail in await mails()} == {
        first: "FAILED", "not an address": "FAILED", third: "SENT",
    }  # fmt: skip
    said = capsys.readouterr().out
    assert said.count("mail.not_written") == 2
    assert "eml_" in said
    assert first not in said
    assert "Nowhere" not in said


async def test_a_crashing_template_fails_its_own_mail_alone(
    office: PostOffice, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await students_with_news(30)
    whole = letters.write_letter

    def crashing(template: str, words: Any) -> Any:
        if words["student"] == "Student" and crashed.pop("first", False):
            raise ZeroDivisionError
        return whole(template, words)

    crashed = {"first": True}
    monkeypatch.setattr(post, "write_letter", crashing)
    await do_all(office)
    assert [mail.status for mail in await mails()].count("FAILED") == 1
    assert len(server.taken) == 29


async def test_a_failing_database_is_no_mails_fault(
    office: PostOffice, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await students_with_news(3)
    whole = facts.is_still_true

    async def failing(*_: object) -> bool:
        raise asyncpg.ConnectionDoesNotExistError

    monkeypatch.setattr(post, "is_still_true", failing)
    await office.write(AT)
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await office.send(AT)
    assert {(mail.status, mail.attempts) for mail in await mails()} == {("PENDING", 0)}
    monkeypatch.setattr(post, "is_still_true", whole)
    await do_all(office)
    assert len(server.taken) == 3


async def test_a_mail_whose_worker_died_is_taken_over_after_the_lease_and_not_before(
    office: PostOffice, server: MailServer
) -> None:
    await students_with_news(1)
    await office.write(AT)
    assert len(await queue.claim(at=AT, most=10)) == 1
    await do_all(office, at=AT + queue.LEASE - timedelta(seconds=1))
    assert server.taken == []
    await do_all(office, at=AT + queue.LEASE)
    assert len(server.taken) == 1


async def test_a_mail_that_kills_each_worker_is_given_up(office: PostOffice, server: MailServer) -> None:
    await students_with_news(1)
    await office.write(AT)
    at = AT
    for _ in range(queue.ATTEMPTS_MAX):
        assert [mail.status for mail in await queue.claim(at=at, most=10)] == ["SENDING"]
        at += queue.LEASE
    await do_all(office, at=at)
    assert [(mail.status, mail.fault) for mail in await mails()] == [("FAILED", "its worker died each time")]
    assert server.taken == []


async def test_a_worker_that_lost_its_lease_changes_nothing_but_that_it_was_sent(
    office: PostOffice, server: MailServer
) -> None:
    await students_with_news(1)
    await office.write(AT)
    [slow] = await queue.claim(at=AT, most=10)
    [quick] = await queue.claim(at=AT + queue.LEASE, most=10)
    await queue.mark_failed(slow.id, slow.attempts, "SMTP 550")
    await queue.give_back([slow], at=AT)
    assert [(mail.status, mail.attempts) for mail in await mails()] == [("SENDING", 2)]
    await queue.mark_sent(slow.id, at=AT)
    await queue.mark_failed(quick.id, quick.attempts, "SMTP 550")
    assert [mail.status for mail in await mails()] == ["SENT"]


async def test_two_workers_at_once_share_the_work_and_send_nothing_twice(server: MailServer) -> None:
    addresses = await students_with_news(120)
    async with post_office(server.url) as first, post_office(server.url) as second:
        await asyncio.gather(do_all(first), do_all(second))
    assert sorted(to for to, _ in server.taken) == sorted(addresses)
    assert set(server.copies().values()) == {1}
    row = await fetch_one("SELECT count(*) AS mails, max(attempts) AS attempts FROM mails WHERE status = 'SENT'")
    assert (row.mails, row.attempts) == (120, 1)


async def test_stopping_finishes_the_running_mail_and_puts_the_others_back(
    office: PostOffice, server: MailServer
) -> None:
    await students_with_news(6)

    async def stop(message: EmailMessage) -> None:
        if len(server.taken) == 3:
            office.stop.set()

    server.before_taking = stop
    await office.write(AT)
    assert not await office.send(AT)
    assert sorted((mail.status, mail.attempts) for mail in await mails()) == [("PENDING", 0)] * 3 + [("SENT", 1)] * 3


async def test_a_server_that_lets_nobody_in_is_no_server(server: MailServer) -> None:
    smtp = Smtp(f"smtp://user:secret@{HOST}:{server.port}?starttls=never", sender=SENDER)
    with pytest.raises(NoServerError) as refused:
        await smtp.ready()
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "tls", "start_tls"),
    [
        ("smtp://mail.test", False, None),
        ("smtp://user:pass@mail.test:587", False, True),
        ("smtp://user:pass@127.0.0.1:25", False, None),
        ("smtp://mail.test?starttls=required", False, True),
        ("smtps://user:p%40ss@mail.test", True, False),
    ],
)
def test_a_password_never_travels_in_the_open(url: str, tls: bool, start_tls: bool | None) -> None:
    options = options_of(url)
    assert (options["use_tls"], options["start_tls"]) == (tls, start_tls)
    assert options["password"] in (None, "pass", "p@ss")
