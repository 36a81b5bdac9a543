"""What a message looks like and what it can never hold: nothing clinical, no forged header, no forged markup."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from models.accounts.accounts import Account, Membership
from models.appointments import reminders
from models.appointments.appointments import Appointment
from models.base.access import Role
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.statements import execute, fetch, write
from models.credits import credit_requests, reversals
from models.credits.credit_requests import CreditDecisionReason, CreditRequestReason
from models.credits.ledger import ReversalReason, Transfer
from models.directory.licenses import LicenseClass
from models.directory.providers import Service
from models.practices.practices import Practice
from notifications.letters import SUBJECT_LENGTH_MAX, compose, write_letter
from notifications.policy import POLICY
from notifications.words import first_name, one_line, web_address
from settings import Settings
from tests.notifications.server import ADDRESS, SENDER, content_of, mail_server, post_office
from tests.notifications.work import do_all
from tests.support.concerns import CONCERNS
from tests.support.letters import SITE, TEMPLATE_NAMES, words
from tests.support.world import (
    AT,
    Pair,
    as_provider,
    as_staff,
    as_student,
    attested,
    confirmed,
    granted,
    pair_of,
    requested,
)

CLINICAL = re.compile(
    r"therap|counsel|psych|diagnos|medicat|clinic|treatment|symptom|mental|wellness|disorder|concern"
    + "".join(rf"|\b{code.lower().replace('_', '.?')}" for code in CONCERNS)
    + "".join(f"|{word.value.lower().replace('_', '.?')}" for word in [*Service, *LicenseClass]),
    re.IGNORECASE,
)
"""Words that tell what a session is about; OTHER is looked for in its own way, as it is a word of every day."""

HARMLESS = re.compile(r"\bother\b|another", re.IGNORECASE)


DATE = re.compile(r"[A-Z][a-z]{2}, [A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d{2} [AP]M [A-Z]{3,4}")
ANY_DATE = re.compile(r"\b20\d\d\b|\d{1,2}:\d{2}")


@pytest.mark.parametrize("template", TEMPLATE_NAMES)
def test_a_letter_has_a_short_subject_and_both_forms_with_a_way_back(template: str) -> None:
    letter = write_letter(template, words())
    for part in (letter.text, letter.html):
        assert ADDRESS in part
        assert "Flexible Credits" in part
        assert "{{" not in part
        assert "None" not in part
    assert max(len(line) for line in letter.text.splitlines() if "://" not in line) <= 90
    assert "<style" not in letter.html.split("</head>")[1]
    assert 'style="' in letter.html
    assert "<script" not in letter.html
    assert not re.search(r"(src|background)=", letter.html)  # nothing is loaded, so nothing tells that it was read


LONGEST: dict[str, Any] = {
    "starts_at": datetime(2026, 11, 25, 21, tzinfo=UTC),
    "confirm_by": datetime(2026, 11, 25, 21, tzinfo=UTC),
    "attest_by": datetime(2026, 11, 25, 21, tzinfo=UTC),
    "zone": ZoneInfo("America/Anchorage"),
    "amount": "$1,234.56",
    "credits": 1000,
}
"""What makes the longest subjects: Wed, Nov 25, 2026, 12:00 PM AKST."""


@pytest.mark.parametrize("hours_to_answer", [72, 5])
@pytest.mark.parametrize("template", TEMPLATE_NAMES)
def test_a_subject_is_short_whole_and_one_line_without_blanks_around_it(template: str, hours_to_answer: int) -> None:
    letter = write_letter(template, words(**LONGEST, hours_to_answer=hours_to_answer))
    assert 10 < len(letter.subject) <= SUBJECT_LENGTH_MAX
    assert letter.subject == " ".join(letter.subject.split())
    assert "…" not in letter.subject
    message = compose(
        letter, to="ana@b.test", sender=SENDER, product="Flexible Credits", message_id="<a@b.test>", at=AT
    )
    assert f"\r\nSubject: {letter.subject}\r\n".encode() in bytes(message)


@pytest.mark.parametrize("template", TEMPLATE_NAMES)
def test_no_word_of_a_message_makes_a_header(template: str) -> None:
    hostile: dict[str, Any] = {
        name: f"{value}\r\nBcc: all@evil.test\r\n\r\nx" for name, value in words().items() if type(value) is str
    }
    letter = write_letter(template, words(**hostile))
    assert len(letter.subject) <= SUBJECT_LENGTH_MAX
    message = compose(
        letter, to="ana@b.test", sender=SENDER, product="Flexible Credits", message_id="<a@b.test>", at=AT
    )
    found = message_from_bytes(bytes(message), policy=default)
    assert found["Bcc"] is None
    assert len(found.items()) == 10


@pytest.mark.parametrize("template", TEMPLATE_NAMES)
def test_each_date_has_the_one_style_with_its_zone_and_stands_once(template: str) -> None:
    letter = write_letter(template, words())
    text = " ".join(letter.text.split())  # a line may end within a date
    dates = DATE.findall(text)
    assert len(dates) == len(set(dates))
    assert not ANY_DATE.search(DATE.sub("", f"{letter.subject} {text}"))


@pytest.mark.parametrize("template", TEMPLATE_NAMES)
def test_a_message_greets_by_name_and_says_whom_to_ask_and_call(template: str) -> None:
    letter = write_letter(template, words())
    assert letter.text.startswith("Hello Ana,\n")
    assert f'<a href="mailto:{SITE.support_email}"' in letter.html
    for part in (letter.text, letter.html):
        assert SITE.support_email in part
        assert "call or text 988" in part
        assert "1-555-010-4567" in part


@pytest.mark.parametrize("template", TEMPLATE_NAMES)
def test_who_is_no_student_gets_no_crisis_line_and_without_a_contact_none_is_named(template: str) -> None:
    letter = write_letter(template, words(for_student=False, crisis_line="", support_email=""))
    for part in (letter.text, letter.html):
        assert "988" not in part
        assert "mailto" not in part
        assert "Write to" not in part


@pytest.mark.parametrize("template", TEMPLATE_NAMES)
def test_each_address_of_ours_is_a_link_and_never_ends_a_sentence(template: str) -> None:
    letter = write_letter(template, words())
    linked = set(re.findall(r'href="([^"]+)"', letter.html))
    shown = {word for word in letter.text.split() if "://" in word}
    assert shown <= linked
    for line in letter.text.splitlines():
        if ADDRESS + "/" in line:
            assert line.split()[-1].startswith(ADDRESS)
            assert line.startswith("  ")


@pytest.mark.parametrize("template", TEMPLATE_NAMES)
def test_no_template_has_a_clinical_word(template: str) -> None:
    letter = write_letter(template, words())
    for part in (letter.subject, letter.text, letter.html):
        assert not CLINICAL.search(HARMLESS.sub("", part)), CLINICAL.search(HARMLESS.sub("", part))


@pytest.mark.parametrize("template", TEMPLATE_NAMES)
def test_a_hostile_name_stays_a_name(template: str) -> None:
    hostile = '<script>alert(1)</script><a href="https://evil.test">click</a>{{ 7 * 7 }}'
    letter = write_letter(template, words(student=hostile, provider=hostile, school=hostile, name=hostile))
    assert "<script" not in letter.html
    assert '<a href="https://evil.test"' not in letter.html
    assert "49" not in letter.text


def test_a_word_that_is_missing_is_an_error_and_never_a_gap() -> None:
    with pytest.raises(UndefinedError):
        write_letter("declined", {name: value for name, value in words().items() if name != "provider"})


def test_times_are_the_recipients_with_their_zone() -> None:
    at = datetime(2026, 7, 4, 0, 30, tzinfo=UTC)
    for zone, shown in (
        ("America/New_York", "Fri, Jul 3, 2026, 8:30 PM EDT"),
        ("America/Los_Angeles", "Fri, Jul 3, 2026, 5:30 PM PDT"),
        ("America/Chicago", "Fri, Jul 3, 2026, 7:30 PM CDT"),
        ("UTC", "Sat, Jul 4, 2026, 12:30 AM UTC"),
    ):
        assert shown in write_letter("declined", words(starts_at=at, zone=ZoneInfo(zone))).text


def test_a_message_says_that_a_program_wrote_it() -> None:
    message = compose(
        write_letter("declined", words()),
        to="ana@example.test",
        sender=SENDER,
        product="Flexible Credits",
        message_id="<a@mail.test>",
        at=AT,
    )
    found = message_from_bytes(bytes(message), policy=default)
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["Message-ID"] == "<a@mail.test>"
    assert found["From"] == "Flexible Credits <credits@mail.test>"
    assert found["To"] == "ana@example.test"
    assert found["List-Id"] == "Flexible Credits <notifications.mail.test>"
    assert found.get_content_type() == "multipart/alternative"
    assert all(len(line) < 998 for line in bytes(message).split(b"\r\n"))


@pytest.mark.parametrize(
    "address", ["a@b.test\r\nBcc: all@evil.test", "a b@c.test", "", "a@b.test, c@d.test", "a\n@b.test"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises((ValueError, TypeError, IndexError)):
        compose(
            write_letter("declined", words()),
            to=address,
            sender=SENDER,
            product="Flexible Credits",
            message_id="<a@mail.test>",
            at=AT,
        )


@given(st.text())
def test_no_name_makes_a_second_line_or_header(name: str) -> None:
    cleaned = one_line(name)
    assert len((cleaned + "x").splitlines()) == 1
    assert cleaned.isprintable()
    assert " " not in first_name(name)
    assert bool(first_name(name)) == bool(cleaned)
    letter = write_letter("credits_granted", words(school=cleaned, student=first_name(name), name=first_name(name)))
    subject_from_name = letter.__class__(subject=f"Hello {cleaned}", text=letter.text, html=letter.html)
    message = compose(
        subject_from_name, to="a@b.test", sender=SENDER, product="Flexible Credits", message_id="<a@b.test>", at=AT
    )
    head = bytes(message).split(b"\r\n\r\n")[0].decode("ascii")
    names = [line.split(":")[0] for line in head.split("\r\n") if line[:1] not in (" ", "\t")]
    assert len(names) == len(set(names)) == 10


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "https://a.test/\nx", "//a.test", "", None]
)
def test_only_the_web_is_linked(link: str | None) -> None:
    assert web_address(link) == ""


PLANTED = "Planted"


async def test_no_message_holds_what_a_row_says_about_health(committed: Settings) -> None:
    """Every text of every row, but names, addresses and what the program itself wrote, is planted with words."""
    pair = await pair_of(credits=90)
    await plant(pair)
    async with mail_server() as server, post_office(server.url) as office:
        last = await everything_happens(pair)
        await plant(pair)
        while await office.write(AT):
            pass
        await do_all(office, at=AT)
        written = {row.template for row in await fetch("SELECT DISTINCT template FROM mails")}
        assert written == set(TEMPLATE_NAMES) - NOT_OF_A_SESSION
        assert {row.status for row in await fetch("SELECT DISTINCT status FROM mails")} <= {"SENT", "DROPPED"}
        assert last > AT
        for _, message in server.taken:
            for part in (str(message["Subject"]), *content_of(message)):
                assert PLANTED.lower() not in part.lower(), part
                assert not CLINICAL.search(HARMLESS.sub("", part)), part
            assert PLANTED not in str(message.items())


NOT_OF_A_SESSION = {
    line.template
    for verb, lines in POLICY.items()
    if verb.startswith(
        ("account.", "invitation.", "office_user.", "partner_key.", "payout_details.", "person_conflict.")
    )
    for line in lines
}


async def plant(pair: Pair) -> None:
    """Put words where people and programs put clinical text."""
    for statement in (
        "INSERT INTO terms (id, kind, code, label_en, label_es, position, added_at) VALUES"
        f" (gen_random_uuid(), 'SPECIALTY', '{PLANTED.upper()}', '{PLANTED} label', '{PLANTED} rótulo', 1, now())"
        " ON CONFLICT (kind, code) DO NOTHING",
        f"UPDATE providers SET bio = '{PLANTED} bio', specialties = '{{{PLANTED.upper()}}}', title = '{PLANTED} title',"
        f" missed_appointment_policy = '{PLANTED} policy'",
        f"UPDATE licenses SET title = '{PLANTED} title', number = '{PLANTED}' || id",
        f"UPDATE appointments SET missed_appointment_policy = '{PLANTED} policy'",
        "UPDATE claims SET presenting_concern = 'EATING',"
        f' reasons = \'[{{"text": "{PLANTED} reason", "next_step": "{PLANTED} step"}}]\'',
        f"UPDATE grants SET note = '{PLANTED} note'",
    ):
        await execute(statement)


async def everything_happens(pair: Pair) -> datetime:
    """One session for each way that a session can go."""
    student, provider, openings = pair.student, pair.provider, iter(pair.openings)
    practice = await Practice.open(name="Harbor", by=None, at=AT)
    await provider.set_practice(practice.id, by=as_staff(Role.OPS), at=AT)
    first = await confirmed(student, next(openings))
    await attested(first)
    made = [await requested(student, next(openings)) for _ in range(8)]
    as_them = as_provider(provider)
    for appointment, verb in zip(made, verbs(as_them, as_student(student)), strict=False):
        await verb(await Appointment.locked(appointment.id))
    late = await confirmed(student, next(openings))
    await attested(late, at=late.attest_by)
    await requested(student, next(openings))
    for hours in (24, 48, 24 * 10, 24 * 40):
        for verb in (reminders.remind_of_requests, reminders.remind_of_sessions, reminders.remind_to_attest):
            await verb(at=AT + timedelta(hours=hours))
    given = await granted(student, 2)
    await reversals.reverse(
        await Transfer.get(grant_id=given.id), reason=ReversalReason.WRONG_NUMBER, by=as_staff(Role.FINANCE), at=AT
    )
    for declined in (True, False):
        reason = CreditRequestReason.CREDITS_USED
        asked = await credit_requests.request(student.id, 3, reason=reason, by=as_student(student), at=AT)
        if declined:
            why = CreditDecisionReason.CENTER_PROVIDES_CARE
            await asked.decide(student, 0, reason=why, expires_at=None, by=as_staff(Role.SCHOOL), at=AT)
    staff, owner = (
        Account(email=f"{name.lower()}@example.test", name=name, email_verified_at=AT, created_at=AT)
        for name in ("Staff", "Owner")
    )
    await write(
        staff,
        owner,
        Membership(account_id=staff.id, role=Role.OPS, created_at=AT),
        Membership(account_id=owner.id, role=Role.OFFICE, practice_id=practice.id, is_owner=True, created_at=AT),
        new_event(EventVerb.APPOINTMENT_PROVIDER_UNAVAILABLE, late, by=None, at=AT),
    )
    return late.attest_by


def verbs(provider: Any, student: Any) -> Iterable[Any]:
    """What may become of eight requests."""

    async def cancelled(appointment: Any, by: Any) -> None:
        await appointment.confirm(by=provider, at=AT)
        await appointment.cancel(by=by, at=AT)

    async def missed(appointment: Any) -> None:
        await appointment.confirm(by=provider, at=AT)
        await appointment.mark_no_show(by=provider, at=appointment.ends_at)

    return (
        lambda it: it.confirm(by=provider, at=AT),
        lambda it: it.decline(by=provider, at=AT),
        lambda it: it.withdraw(by=student, at=AT),
        lambda it: it.expire(at=it.confirm_by),
        lambda it: cancelled(it, provider),
        lambda it: cancelled(it, student),
        lambda it: cancelled(it, as_staff("OPS")),  # type: ignore[arg-type]
        missed,
    )


def test_a_title_is_not_the_first_of_somebodys_names() -> None:
    names = ["Ana Reyes", "Dr. Noor Haddad", "Prof. Dr. Kim Park", "Dr.", ""]
    assert [first_name(name) for name in names] == ["Ana", "Noor", "Kim", "Dr.", ""]
