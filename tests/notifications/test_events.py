"""Who gets which message: each event of a session's life, from its verb to a mail server."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import asyncpg
import pytest
import pytest_asyncio

from models.appointments import reminders
from models.appointments.alternatives import other_openings
from models.appointments.appointments import Appointment, AppointmentStatus
from models.availability.hours import Hours
from models.availability.openings import Opening
from models.base.event_verbs import EventVerb
from models.base.ids import new_id
from models.base.statements import execute, fetch, transaction
from models.claims.claims import ClaimStatus
from models.directory.licenses import License, LicenseClass
from models.schools.schools import MissedSessionPolicy
from notifications.letters import TEMPLATES
from notifications.policy import POLICY, SILENT
from notifications.post import PostOffice
from settings import Settings
from tests.notifications.server import MailServer, content_of, mail_server, post_office
from tests.notifications.work import do_all, forget_mails_so_far
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
    provider_of,
    requested,
    student_of,
)


@dataclass(kw_only=True)
class Stage:
    """A pair, a mail server, and the post office between them."""

    pair: Pair
    server: MailServer
    office: PostOffice

    async def heard(self, *, at: datetime = AT) -> tuple[list[str], list[str]]:
        """What arrived since the last time: the student's subjects and the provider's."""
        self.server.taken.clear()
        await do_all(self.office, at=at)
        addresses = (self.pair.student.email, self.pair.provider.email)
        assert {to for to, _ in self.server.taken} <= set(addresses)
        student, provider = (self.server.subjects(address) for address in addresses)
        return student, provider


@pytest_asyncio.fixture(loop_scope="session")
async def stage(committed: Settings) -> AsyncIterator[Stage]:
    """A pair that nobody has been told anything about yet."""
    async with mail_server() as server, post_office(server.url) as office:
        pair = await pair_of()
        await forget_mails_so_far()
        yield Stage(pair=pair, server=server, office=office)


async def locked(appointment: Appointment) -> Appointment:
    return await Appointment.locked(appointment.id)


async def do(appointment: Appointment, verb: Callable[[Appointment], Awaitable[object]]) -> None:
    """One verb on the locked appointment, in a transaction of its own."""
    async with transaction():
        await verb(await locked(appointment))


async def test_a_request_tells_the_provider_of_72_hours_and_the_student_that_it_was_sent(stage: Stage) -> None:
    await requested(stage.pair.student, stage.pair.openings[90])
    assert await stage.heard() == (["Your request was sent"], ["New request: you have 72 hours to answer"])
    to_provider = next(message for to, message in stage.server.taken if to == stage.pair.provider.email)
    for part in content_of(to_provider):
        assert "Thu, Mar 5, 2026, 10:00 AM EST" in part  # 72 hours after the request, in the provider's zone
        assert "Student" in part
        assert stage.pair.student.name not in part  # the first name is enough
        assert "https://credits.example.test/appointments/apt_" in part


async def test_a_request_for_a_session_that_is_near_says_until_when_to_answer(stage: Stage) -> None:
    near = await requested(stage.pair.student, stage.pair.openings[0])
    assert near.confirm_by == near.starts_at
    assert (await stage.heard())[1] == ["New request: answer by Tue, Mar 3, 2026, 10:00 AM EST"]


async def test_confirming_gives_the_student_the_link_and_tells_both(stage: Stage) -> None:
    await confirmed(stage.pair.student, stage.pair.openings[0])
    student, provider = await stage.heard()
    assert student[1:] == ["Confirmed: your session on Tue, Mar 3, 2026, 10:00 AM EST"]
    assert provider[1:] == ["Confirmed: the session on Tue, Mar 3, 2026, 10:00 AM EST"]
    to_student = [message for to, message in stage.server.taken if to == stage.pair.student.email][-1]
    assert all("https://telehealth.example.test/room" in part for part in content_of(to_student))
    assert all("call or text 988" in part for part in content_of(to_student))
    to_provider = [message for to, message in stage.server.taken if to == stage.pair.provider.email][-1]
    assert not any("988" in part for part in content_of(to_provider))


async def test_declining_and_withdrawing_tell_the_other_side(stage: Stage) -> None:
    declined = await requested(stage.pair.student, stage.pair.openings[0])
    await do(declined, lambda it: it.decline(by=as_provider(stage.pair.provider), at=AT))
    student, provider = await stage.heard()
    assert (student[1:], provider[1:]) == (["Your request could not be confirmed"], [])
    withdrawn = await requested(stage.pair.student, stage.pair.openings[0])
    await do(withdrawn, lambda it: it.withdraw(by=as_student(stage.pair.student), at=AT))
    student, provider = await stage.heard()
    assert (student[1:], provider[1:]) == ([], ["A request was withdrawn"])


async def test_an_expired_request_offers_three_other_openings_that_are_free(stage: Stage) -> None:
    openings = stage.pair.openings
    appointment = await requested(stage.pair.student, openings[61])
    later = appointment.confirm_by + timedelta(minutes=1)
    await do(appointment, lambda it: it.expire(at=later))
    student, provider = await stage.heard(at=later)
    assert student[1:] == ["Your request was not answered in time"]
    assert provider[1:] == ["A request expired without your answer"]
    text, _ = content_of([message for to, message in stage.server.taken if to == stage.pair.student.email][-1])
    assert [line for line in text.splitlines() if line.startswith("  ") and "Provider" in line] == [
        f"  {stage.pair.provider.name}: Fri, Mar 6, 2026, {hour} EST" for hour in ("11:00 AM", "12:00 PM")
    ] + [f"  {stage.pair.provider.name}: Mon, Mar 9, 2026, 9:00 AM EDT"]


async def test_where_the_provider_has_nothing_left_others_of_the_state_are_offered(stage: Stage) -> None:
    other = await provider_of()
    another = await provider_of(week=[Hours(weekday=5, starts=time(15), ends=time(16))])
    await provider_of(week=())
    appointment = await requested(stage.pair.student, stage.pair.openings[60])
    later = appointment.confirm_by
    await do(appointment, lambda it: it.expire(at=later))
    await execute("UPDATE providers SET searchable = false WHERE id = $1", stage.pair.provider.id)
    found = await other_openings(appointment.id, at=later)
    assert Counter(opening.provider_name for opening in found) == {other.name: 2, another.name: 1}
    assert min(opening.starts_at for opening in found) >= later + timedelta(hours=24)
    await requested(stage.pair.student, await Opening.get(id=found[0].opening_id), at=later)


@pytest.mark.parametrize("side", ["STUDENT", "PROVIDER", "OPS"])
async def test_cancelling_tells_who_did_not_do_it(stage: Stage, side: str) -> None:
    appointment = await confirmed(stage.pair.student, stage.pair.openings[8])
    await stage.heard()
    by = {"STUDENT": as_student(stage.pair.student), "PROVIDER": as_provider(stage.pair.provider)}
    await do(appointment, lambda it: it.cancel(by=by.get(side) or as_staff("OPS"), at=AT))  # type: ignore[arg-type]
    student, provider = await stage.heard()
    assert student == ([] if side == "STUDENT" else ["Cancelled: your session on Thu, Mar 5, 2026, 10:00 AM EST"])
    assert provider == ([] if side == "PROVIDER" else ["Cancelled: the session on Thu, Mar 5, 2026, 10:00 AM EST"])


@pytest.mark.parametrize("policy", list(MissedSessionPolicy))
async def test_a_missed_session_says_what_becomes_of_the_credit(
    committed: Settings, policy: MissedSessionPolicy
) -> None:
    async with mail_server() as server, post_office(server.url) as office:
        stage = Stage(pair=await pair_of(policy=policy), server=server, office=office)
        appointment = await confirmed(stage.pair.student, stage.pair.openings[0])
        await forget_mails_so_far()
        after = appointment.ends_at
        await do(appointment, lambda it: it.mark_no_show(by=as_provider(stage.pair.provider), at=after))
        assert await stage.heard(at=after) == (
            ["Missed: your session on Tue, Mar 3, 2026, 10:00 AM EST"],
            [],
        )
        text, _ = content_of(server.taken[0][1])
        assert ("You have your credit back" in text) == (policy is MissedSessionPolicy.RELEASE)
        assert ("is used up" in text) == (policy is MissedSessionPolicy.FORFEIT)


@pytest.mark.parametrize("late", [False, True])
async def test_a_claim_tells_the_provider_its_decision_and_the_student_to_object(stage: Stage, late: bool) -> None:
    appointment = await confirmed(stage.pair.student, stage.pair.openings[0])
    await forget_mails_so_far()
    at = appointment.attest_by if late else appointment.ends_at
    claim = await attested(appointment, at=at)
    assert claim.status is (ClaimStatus.DENIED if late else ClaimStatus.ACCEPTED)
    student, provider = await stage.heard(at=at)
    assert sorted(student) == ["Did your session take place?", *(["You have a credit back"] if late else [])]
    assert provider == ["Your claim was denied" if late else "Your claim was accepted: $125.00"]


async def test_a_grant_tells_the_student_how_many_and_until_when(stage: Stage) -> None:
    await granted(stage.pair.student, 3, expires_at=datetime(2026, 6, 1, tzinfo=UTC))
    await granted(stage.pair.student, 1)
    student, provider = await stage.heard()
    assert (student, provider) == (["You have 3 new credits", "You have 1 new credit"], [])
    text, _ = content_of(stage.server.taken[0][1])
    assert "Use them by: Sun, May 31, 2026, 8:00 PM EDT" in text
    assert stage.pair.school.name in text


async def test_a_profile_is_live_once_however_many_licenses_follow(committed: Settings) -> None:
    async with mail_server() as server, post_office(server.url) as office:
        stage = Stage(pair=await pair_of(credits=0), server=server, office=office)
        assert (await stage.heard())[1] == ["Your profile is live"]
        provider = stage.pair.provider
        second = await License.enter(
            provider,
            license_class=LicenseClass.CLINICAL_SOCIAL_WORKER,
            title="LCSW",
            number="NY-1",
            state="NY",
            expires_on=date(2030, 1, 1),
            by=None,
            at=AT,
        )
        await second.verify(by=None, at=AT)
        assert await stage.heard() == ([], [])


async def test_a_waiting_request_is_called_to_mind_after_24_48_and_70_hours_once_each(stage: Stage) -> None:
    appointment = await requested(stage.pair.student, stage.pair.openings[90])
    await stage.heard()
    heard = []
    for hours in range(1, 72):
        at = AT + timedelta(hours=hours)
        for _ in range(2):
            await reminders.remind_of_requests(at=at)
        if subjects := (await stage.heard(at=at))[1]:
            heard.append((hours, len(subjects), stage.server.taken[0][1]))
    assert [(hours, number) for hours, number, _ in heard] == [(24, 1), (48, 1), (70, 1)]
    assert ["48 hours left" in content_of(message)[0] for *_, message in heard] == [True, False, False]
    assert appointment.status is AppointmentStatus.REQUESTED


async def test_a_worker_that_slept_reminds_of_the_newest_hour_alone(stage: Stage) -> None:
    await requested(stage.pair.student, stage.pair.openings[90])
    assert await reminders.remind_of_requests(at=AT + timedelta(hours=71)) == 1
    assert await reminders.remind_of_requests(at=AT + timedelta(hours=71)) == 0


async def test_workers_that_remind_at_the_same_time_remind_once(stage: Stage) -> None:
    for opening in stage.pair.openings[90:94]:
        await requested(await student_of(stage.pair.school, credits=1), opening)
    day_later = AT + timedelta(hours=24)
    written = await asyncio.gather(*(reminders.remind_of_requests(at=day_later) for _ in range(8)))
    assert sum(written) == 4
    reminder = "FROM events WHERE verb = 'appointment.reminder_due'"
    assert len(await fetch(f"SELECT 1 {reminder}")) == 4
    with pytest.raises(asyncpg.UniqueViolationError) as refused:
        await execute(
            "INSERT INTO events (id, verb, subject_type, subject_id, at, request_id, appointment_id, data)"
            f" SELECT $1, verb, subject_type, subject_id, at, '', appointment_id, data {reminder} LIMIT 1",
            new_id(),
        )
    assert refused.value.constraint_name == "events_reminder_once"


async def test_a_reminder_of_what_was_answered_meanwhile_is_dropped(stage: Stage) -> None:
    appointment = await requested(stage.pair.student, stage.pair.openings[90])
    day_later = AT + timedelta(hours=24)
    assert await reminders.remind_of_requests(at=day_later) == 1
    await do(appointment, lambda it: it.decline(by=as_provider(stage.pair.provider), at=day_later))
    assert (await stage.heard(at=day_later))[1] == ["New request: you have 72 hours to answer"]


async def test_both_sides_are_reminded_a_day_before_a_session_and_the_provider_to_attest_after_it(stage: Stage) -> None:
    appointment = await confirmed(stage.pair.student, stage.pair.openings[8])
    await stage.heard()
    day_before = appointment.starts_at - timedelta(hours=24)
    assert await reminders.remind_of_sessions(at=day_before - timedelta(seconds=1)) == 0
    assert await reminders.remind_of_sessions(at=day_before) == 1
    assert await reminders.remind_of_sessions(at=day_before + timedelta(hours=1)) == 0
    student, provider = await stage.heard(at=day_before)
    assert student == ["Reminder: your session on Thu, Mar 5, 2026, 10:00 AM EST"]
    assert provider == ["Reminder: a session on Thu, Mar 5, 2026, 10:00 AM EST"]
    told = []
    for hours in range(1, 31 * 24, 1):
        at = appointment.ends_at + timedelta(hours=hours)
        if await reminders.remind_to_attest(at=at):
            told.append(hours)
            assert await stage.heard(at=at) == ([], ["Attest your session by Sat, Apr 4, 2026, 11:59 PM EDT"])
    assert told == [days * 24 for days in (1, 7, 21, 28, 30)]


async def test_a_session_confirmed_on_its_eve_needs_no_reminder(stage: Stage) -> None:
    appointment = await requested(stage.pair.student, stage.pair.openings[0])
    eve = appointment.starts_at - timedelta(hours=23)
    await do(appointment, lambda it: it.confirm(by=as_provider(stage.pair.provider), at=eve))
    assert await reminders.remind_of_sessions(at=appointment.starts_at - timedelta(hours=1)) == 0


def test_each_event_of_the_program_has_its_messages_or_is_named_silent() -> None:
    assert not set(POLICY) & SILENT
    assert set(POLICY) | SILENT == set(EventVerb)


def test_each_template_is_used_and_each_used_template_is_there() -> None:
    used = {line.template for lines in POLICY.values() for line in lines}
    assert used == {path.stem for path in TEMPLATES.glob("*.jinja")} - {"footer"}
