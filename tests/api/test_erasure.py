"""Erasure: the name is gone from every column of the database; what was paid, decided and done stays, of nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from models.accounts import credentials, links
from models.accounts.accounts import Account, Membership, Session
from models.accounts.links import Purpose
from models.accounts.second_factors import SecondFactor, new_recovery_codes
from models.accounts.sessions import open_session
from models.appointments.appointments import Appointment, AppointmentStatus
from models.base import clock
from models.base.access import Role, Viewer
from models.base.errors import Refusal
from models.base.events import Event
from models.base.ids import encode, new_id
from models.base.statements import execute, fetch, transaction, write
from models.claims.claims import Claim
from models.credits import proof
from models.credits.ledger import Transfer, TransferKind, Wallet
from models.directory.providers import Provider
from models.invitations.invitations import Invitation, MembershipOffer, invite
from models.records import erasure
from models.records.erasure import ErasureReason
from models.schools.schools import School
from models.schools.students import Student
from notifications.outbox import write_mails
from tests.support.accounts import PASSWORD, SIGN_IN, SIGN_UP, accepts, mailed_token, person
from tests.support.api import Api, api_on
from tests.support.databases import own_database, undone
from tests.support.planted import places_of, text_columns
from tests.support.world import (
    AT,
    as_provider,
    as_staff,
    attested,
    confirmed,
    granted,
    load_rates,
    openings_of,
    pair_of,
    provider_of,
    requested,
    school_of,
    student_of,
)

NAME, EMAIL, PHONE = "Zelda Quillfeather", "zelda.quillfeather@lakeview.test", "+16175550199"
OLD_EMAIL = "zq@before.test"
FORMER_EMAIL = "zq@former.test"
PLANTED = ("Zelda", "Quillfeather", EMAIL, PHONE.removeprefix("+1"), OLD_EMAIL, FORMER_EMAIL)
ERASE = "student { id name email phone erasedAt } appointmentsEnded appointmentsLeft creditsRevoked"
ENTER = {"name": NAME, "email": EMAIL, "state": "MA", "timeZone": "America/New_York", "idempotencyKey": "enter-1"}
OPS = as_staff(Role.OPS)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of this module's own, which tests without names of its own fill."""
    async with own_database(postgres) as settings, api_on(settings) as client:
        await load_rates()
        yield client


@dataclass(kw_only=True)
class Life:
    """A student of whom the program holds everything that it can hold."""

    student: Student
    provider: Provider
    refresh: str
    open_link: str
    now: datetime


async def lived(api: Api) -> Life:
    """Enter, invite, sign up, grant, book, attest, mail: each by the program's own way where there is one."""
    entered = await api.do("enterStudent", role="SCHOOL", selection="student { id }", **ENTER)
    id = entered["student"]["id"]
    student = await Student.get(email=EMAIL)
    await Student.filter(id=student.id).update(phone=PHONE)
    refresh = await invited_and_signed_up(api, id)
    open_link = await invited_again(student)
    given = {"studentId": id, "credits": 6, "note": "For Zelda, as agreed"}
    await api.do("grantCredits", role="SCHOOL", selection="grant { id }", **given)
    now = await clock.demo_now()
    provider = await provider_of(at=now - timedelta(days=30))
    await sessions_of_each_kind(student, provider, now)
    await signs_of_a_person(student, now)
    await write_mails(at=now, domain="demo.test")
    await execute(
        "UPDATE mails SET status = 'SENT', sent_at = $2"
        " WHERE id = (SELECT min(id::text)::uuid FROM mails WHERE address = $1)",
        EMAIL, now,
    )  # fmt: skip
    return Life(student=student, provider=provider, refresh=refresh, open_link=open_link, now=now)


async def invited_and_signed_up(api: Api, student_id: str) -> str:
    """The school invites the student, who signs up, on a device with a name; the refresh token."""
    assert await invitation_refusals(api, student_id, idempotencyKey="invite-1") == []
    token = await mailed_token(EMAIL)
    who = {"token": token, "name": NAME, "password": PASSWORD, "accepts": accepts(Role.STUDENT)}
    answer = (await api.ask(SIGN_UP, input={**who, "device": "Zelda's phone"}))["signUp"]
    return person(api, EMAIL, answer).refresh


INVITE = "mutation ($i: InviteInput!) { invite(input: $i) { userErrors { code field } } }"


async def invitation_refusals(api: Api, student_id: str, **more: Any) -> Any:
    """What speaks against the school's inviting the student; nothing if it was done."""
    sent = {"name": NAME, "role": "STUDENT", "studentId": student_id, **more}
    return (await api.ask(INVITE, role="SCHOOL", i=sent))["invite"]["userErrors"]


async def invited_again(student: Student) -> str:
    """An invitation to an address from before that is still open; its token."""
    place = MembershipOffer(role=Role.STUDENT, student_id=student.id, school_id=student.school_id)
    await invite(email=OLD_EMAIL, name=NAME, offer=place, by=OPS, at=await clock.demo_now())
    return await mailed_token(OLD_EMAIL)


async def sessions_of_each_kind(student: Student, provider: Provider, now: datetime) -> None:
    """One completed and paid, one confirmed, one requested; and one that began an hour ago and waits for a word."""
    before = await openings_of(provider, after=now - timedelta(days=27))
    past, ahead = [o for o in before if o.ends_at < now], [o for o in before if o.starts_at > now + timedelta(days=3)]
    await granted(student, 4, at=now)
    await attested(await confirmed(student, past[0], at=past[0].starts_at - timedelta(days=2)))
    await confirmed(student, past[-1], at=past[-1].starts_at - timedelta(days=2))
    await confirmed(student, ahead[0], at=now)
    await requested(student, ahead[1], at=now)


async def signs_of_a_person(student: Student, now: datetime) -> None:
    """What else an account may have: a second factor, wishes and links by mail, a campus that knows it by name."""
    account = await Account.get(email=EMAIL)
    membership = await Membership.get(account_id=account.id)
    await write(SecondFactor(account_id=account.id, sealed_secret="sealed", created_at=now))
    await new_recovery_codes(account.id, at=now)
    await credentials.request_reset(EMAIL, at=now)
    await another_address_before(account, membership, now)
    await links.issue(Purpose.EMAIL_VERIFICATION, email=f"new.{EMAIL}", subject=account.id, at=now)
    issuer = new_id()
    await execute(
        "INSERT INTO campus_issuers (id, school_id, issuer, client_id, sealed_client_secret, return_to, created_at)"
        " VALUES ($1, $2, 'https://idp.test', 'fc', 'sealed', '{https://app.test}', $3)",
        issuer, student.school_id, now,
    )  # fmt: skip
    await execute(
        "INSERT INTO campus_identities (id, issuer_id, subject, membership_id, created_at) VALUES ($1, $2, $3, $4, $5)",
        new_id(), issuer, EMAIL, membership.id, now,
    )  # fmt: skip


async def another_address_before(account: Account, membership: Membership, now: datetime) -> None:
    """Let the account have had another address, which is told of the change."""
    await Account.filter(id=account.id).update(email=FORMER_EMAIL)
    await credentials.request_verification(EMAIL, by=membership.viewer(), at=now)
    await credentials.verify_email(await mailed_token(EMAIL, Purpose.EMAIL_VERIFICATION), at=now)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def life(api: Api) -> Life:
    """Before."""
    return await lived(api)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def erased(api: Api, life: Life) -> Any:
    """The answer to the erasure; the tests behind the first one look at what it left."""
    found = await places_of(*PLANTED)
    assert len({place.partition(":")[0] for place in found}) >= 14, found
    sent = {"studentId": life.student.type_id, "reason": "STUDENT_ASKED", "idempotencyKey": "erase-1"}
    answer = await api.do("eraseStudent", role="OPS", selection=ERASE, **sent)
    assert answer["userErrors"] == []
    return answer


async def test_the_answer_tells_what_was_done(life: Life, erased: Any) -> None:
    id = life.student.type_id
    student = erased["student"]
    assert (student["id"], student["name"], student["phone"]) == (id, "Erased student", None)
    assert student["email"] == f"erased+{id}@invalid"
    assert student["erasedAt"] is not None
    told = (erased["appointmentsEnded"], erased["appointmentsLeft"], erased["creditsRevoked"])
    assert told == (2, 1, 8)  # of 10 one is settled and one held


async def test_no_column_of_the_whole_database_holds_the_person_any_more(life: Life, erased: Any) -> None:
    assert await places_of(*PLANTED) == []
    assert len(await text_columns()) > 100
    kept = await fetch("SELECT count(*) AS n FROM sessions s JOIN memberships m ON m.id = s.membership_id"
                       " WHERE m.student_id = $1", life.student.id)  # fmt: skip
    assert kept[0].n == 1, "rows stay, names go"


async def test_what_was_paid_decided_and_done_stays(life: Life, erased: Any) -> None:
    of = {"student_id": life.student.id}
    assert await Claim.filter(**of, status="ACCEPTED").count() == 1
    assert await Appointment.filter(**of).count() == 4
    assert await Transfer.filter(**of, kind=TransferKind.SETTLE).count() == 1
    assert await Event.filter(**of).count() > 10
    assert await proof.wallets_that_disagree() == []
    assert await proof.grants_that_disagree() == []
    wallet = await Wallet.get(student_id=life.student.id)
    balances = (wallet.granted, wallet.available, wallet.held, wallet.settled, wallet.revoked)
    assert balances == (10, 0, 1, 1, 8)


async def test_the_event_says_who_when_and_why_by_ids_and_a_word_of_a_list(life: Life, erased: Any) -> None:
    event = await Event.get(student_id=life.student.id, verb="student.erased")
    assert (event.actor_role, event.data) == (Role.OPS, {"reason": "STUDENT_ASKED"})
    assert event.subject_id == life.student.id


async def test_the_provider_is_told_and_the_student_is_written_to_no_more(life: Life, erased: Any) -> None:
    await write_mails(at=await clock.demo_now(), domain="demo.test")
    rows = await fetch(
        "SELECT m.address, m.template FROM mails m JOIN events e ON e.id = m.event_id WHERE e.student_id = $1",
        life.student.id,
    )
    assert {row.address for row in rows} == {life.provider.email}
    assert {"withdrawn", "cancelled_for_provider"} <= {row.template for row in rows}
    assert await fetch("SELECT 1 FROM mails WHERE address LIKE '%@invalid'") == []


async def test_nobody_signs_in_refreshes_or_uses_a_link_any_more(api: Api, life: Life, erased: Any) -> None:
    signed = (await api.ask(SIGN_IN, input={"email": EMAIL, "password": PASSWORD}))["signIn"]
    assert [error["code"] for error in signed["userErrors"]] == ["INVALID_CREDENTIALS"]
    text = "mutation ($i: RefreshInput!) { refresh(input: $i) { accessToken userErrors { code } } }"
    renewed = (await api.ask(text, i={"refreshToken": life.refresh}))["refresh"]
    assert [error["code"] for error in renewed["userErrors"]] == ["INVALID_CREDENTIALS"]
    sent = {"token": life.open_link, "name": "Z", "password": PASSWORD, "accepts": accepts(Role.STUDENT)}
    up = (await api.ask(SIGN_UP, input=sent))["signUp"]
    assert [error["rule"] for error in up["userErrors"]] == ["ID-3"]
    membership = await Membership.get(student_id=life.student.id)
    account = await Account.get(id=membership.account_id)
    assert (membership.ended_at is None, account.disabled_at is None, account.password_hash) == (False, False, None)
    assert await Session.filter(membership_id=membership.id, revoked_at=None).count() == 0


async def test_an_erased_student_is_neither_granted_nor_invited(api: Api, life: Life, erased: Any) -> None:
    id = life.student.type_id
    grant = await api.do("grantCredits", role="SCHOOL", selection="grant { id }", studentId=id, credits=3)
    before = await Invitation.filter(student_id=life.student.id).count()
    for errors in (grant["userErrors"], await invitation_refusals(api, id)):
        assert [(error["code"], error["field"]) for error in errors] == [("NOT_ELIGIBLE", ["input", "studentId"])]
    assert await Invitation.filter(student_id=life.student.id).count() == before


async def test_a_repeated_request_from_before_neither_tells_the_name_nor_is_done_again(
    api: Api, life: Life, erased: Any
) -> None:
    before = await Student.all().count()
    again = await api.do("enterStudent", role="SCHOOL", selection="student { id name }", **ENTER)
    assert again["student"] is None
    assert again["userErrors"] == []
    assert await Student.all().count() == before


async def test_a_second_erasure_changes_nothing(api: Api, life: Life, erased: Any) -> None:
    events = await Event.filter(student_id=life.student.id).count()
    again = await api.do(
        "eraseStudent", role="OPS", selection=ERASE, studentId=life.student.type_id, reason="RETENTION_ENDED"
    )
    assert again["student"] == erased["student"]
    assert (again["appointmentsEnded"], again["appointmentsLeft"], again["creditsRevoked"]) == (0, 1, 0)
    assert await Event.filter(student_id=life.student.id).count() == events


async def test_a_session_that_had_begun_is_still_attested_and_paid(life: Life, erased: Any) -> None:
    async with undone():
        begun = await Appointment.get(student_id=life.student.id, status=AppointmentStatus.CONFIRMED)
        claim = await attested(begun, at=life.now)
        assert claim.amount_cents > 0


async def test_credits_that_come_back_later_are_taken_back_by_erasing_again(life: Life, erased: Any) -> None:
    async with undone():
        begun = await Appointment.get(student_id=life.student.id, status=AppointmentStatus.CONFIRMED)
        await attested(begun, at=begun.attest_by)  # too late: denied, its credit released
        done = await erasure.erase(life.student.id, reason=ErasureReason.RETENTION_ENDED, by=OPS, at=life.now)
        assert (done.appointments_left, done.credits_revoked) == (0, 1)


async def test_the_person_may_be_entered_anew(api: Api, life: Life, erased: Any) -> None:
    async with undone():
        school = await School.get(id=life.student.school_id)
        anew = await Student.enter(
            school, name=NAME, email=EMAIL, state="MA", time_zone="America/New_York", by=None, at=life.now
        )
        assert anew.id != life.student.id


async def test_the_record_of_an_erased_student_names_nobody(api: Api, life: Life, erased: Any) -> None:
    text = "query ($id: ID!) { studentRecord(studentId: $id) { json { content } fhir { content } } }"
    found = (await api.ask(text, role="OPS", id=life.student.type_id))["studentRecord"]
    whole = found["json"]["content"] + found["fhir"]["content"]
    assert [word for word in PLANTED if word.lower() in whole.lower()] == []


async def test_an_account_that_is_somebody_else_too_stays_for_that(api: Api) -> None:
    async with undone():
        student, provider = await student_of(await school_of()), await provider_of(week=())
        account = Account(email="both@lakeview.test", name="Both", password_hash="hash", created_at=AT)
        as_student = Membership(
            account_id=account.id, role=Role.STUDENT, student_id=student.id, school_id=student.school_id, created_at=AT
        )
        as_clinician = Membership(account_id=account.id, role=Role.PROVIDER, provider_id=provider.id, created_at=AT)
        await write(account, as_student, as_clinician)
        studying, working = [await open_session(each, device="Both's", at=AT) for each in (as_student, as_clinician)]
        await erasure.erase(student.id, reason=ErasureReason.STUDENT_ASKED, by=OPS, at=AT)
        kept = await Account.get(id=account.id)
        assert (kept.name, kept.email, kept.password_hash, kept.disabled_at) == (
            "Both", "both@lakeview.test", "hash", None,
        )  # fmt: skip
        assert (await Membership.get(id=as_student.id)).ended_at == AT
        assert (await Membership.get(id=as_clinician.id)).ended_at is None
        assert (await Session.get(id=studying.session.id)).revoked_at == AT
        assert (await Session.get(id=working.session.id)).revoked_at is None


async def test_mail_to_somebody_elses_same_address_goes_on(api: Api) -> None:
    async with undone():
        pair = await pair_of()
        await Provider.filter(id=pair.provider.id).update(email=pair.student.email)
        await requested(pair.student, pair.openings[0])
        await write_mails(at=AT, domain="demo.test")
        await erasure.erase(pair.student.id, reason=ErasureReason.STUDENT_ASKED, by=OPS, at=AT)
        kept = await fetch("SELECT recipient FROM mails WHERE address = $1", pair.student.email)
        assert {row.recipient for row in kept} == {"PROVIDER"}


@pytest.mark.parametrize("role", ["STUDENT", "PROVIDER", "SCHOOL", "FINANCE"])
async def test_nobody_but_ops_erases(api: Api, role: str) -> None:
    student = await Student.filter(erased_at=None).first()
    assert student is not None
    text = "mutation ($i: EraseStudentInput!) { eraseStudent(input: $i) { userErrors { code } } }"
    errors = await api.fail(text, role=role, i={"studentId": student.type_id, "reason": "STUDENT_ASKED"})
    assert [error["extensions"]["code"] for error in errors] == ["FORBIDDEN"]
    assert await Student.filter(id=student.id, erased_at=None, name=student.name).exists()


async def test_there_is_nobody_to_erase_behind_a_strange_id(api: Api) -> None:
    answer = await api.do(
        "eraseStudent", role="OPS", selection=ERASE, studentId=encode("stu", new_id()), reason="STUDENT_ASKED"
    )
    assert [error["code"] for error in answer["userErrors"]] == ["NOT_FOUND"]


BREACHES = {
    "UPDATE students SET name = 'Zelda' WHERE id = $1": "students_stay_erased",
    "UPDATE students SET erased_at = NULL WHERE id = $1": "students_stay_erased",
    "UPDATE students SET erased_at = now() WHERE id <> $1": "students_erased",
    "INSERT INTO grants SELECT (jsonb_populate_record(g, '{\"id\": \"$new\", \"unused\": 0}')).*"
    " FROM grants g WHERE student_id = $1 LIMIT 1": "students_not_erased",
    "INSERT INTO appointments SELECT (jsonb_populate_record(a, '{\"id\": \"$new\", \"status\": \"REQUESTED\"}')).*"
    " FROM appointments a WHERE student_id = $1 AND status = 'CONFIRMED'": "students_not_erased",
    "INSERT INTO memberships SELECT (jsonb_populate_record(m, '{\"id\": \"$new\"}')).*"
    " FROM memberships m WHERE student_id = $1": "students_not_erased",
    "INSERT INTO invitations SELECT (jsonb_populate_record(i, '{\"id\": \"$new\"}')).*"
    " FROM invitations i WHERE student_id = $1 LIMIT 1": "students_not_erased",
}  # fmt: skip


@pytest.mark.parametrize("statement", BREACHES)
async def test_the_database_itself_refuses(life: Life, erased: Any, statement: str) -> None:
    async with undone():
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
            await execute(statement.replace("$new", str(new_id())), life.student.id)
    assert refused.value.constraint_name == BREACHES[statement]


async def test_whatever_races_with_an_erasure_nothing_is_live_after_it(committed: object) -> None:
    for _ in range(6):
        pair = await pair_of(credits=6)
        student, school = pair.student, as_staff(Role.SCHOOL, school=pair.school)
        results = await asyncio.gather(
            erase(student),
            requested(student, pair.openings[20]),
            requested(student, pair.openings[21]),
            granted(student, 3),
            send_invitation(student, school),
            confirm_one(student, pair.openings[40]),
            return_exceptions=True,
        )
        unexpected = [result for result in results if isinstance(result, Exception) and not is_refused(result)]
        assert unexpected == []
        wallet = await Wallet.get(id=student.id)
        assert (wallet.available, wallet.held) == (0, 0)
        live = [AppointmentStatus.REQUESTED, AppointmentStatus.CONFIRMED]
        assert await Appointment.filter(student_id=student.id, status__in=live).count() == 0
        assert await places_of(student.name, student.email, f"more.{student.email}") == []
        assert await Invitation.filter(student_id=student.id, withdrawn_at=None).count() == 0
    assert await proof.wallets_that_disagree() == []


async def erase(student: Student) -> None:
    """Erase, a moment after the others have begun."""
    await asyncio.sleep(0)
    async with transaction():
        await erasure.erase(student.id, reason=ErasureReason.STUDENT_ASKED, by=OPS, at=AT)


async def send_invitation(student: Student, by: Viewer) -> None:
    """The school invites the student."""
    place = MembershipOffer(role=Role.STUDENT, student_id=student.id, school_id=student.school_id)
    async with transaction():
        await invite(email=f"more.{student.email}", name=student.name, offer=place, by=by, at=AT)


async def confirm_one(student: Student, opening: Any) -> None:
    """Request a session and have it confirmed."""
    appointment = await requested(student, opening)
    async with transaction():
        locked = await Appointment.locked(appointment.id)
        await locked.confirm(by=as_provider(appointment.provider_id), at=AT)


def is_refused(error: Exception) -> bool:
    """Whether it is a rule's own no: in Python, or by a constraint."""
    return isinstance(error, Refusal | asyncpg.IntegrityConstraintViolationError) or type(error).__name__ in {
        "Refused",
        "IntegrityError",
    }
