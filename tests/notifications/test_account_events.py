"""Mail about accounts: links that work once, for the address that they were made for, and never after their end."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pyotp
import pytest
import pytest_asyncio

from models.accounts import credentials, links, office_users, second_factors
from models.accounts.accounts import Account, Membership
from models.accounts.links import Purpose
from models.accounts.office_users import REVALIDATE_EVERY
from models.base import encryption
from models.base.access import Role
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.ids import new_id
from models.base.statements import Update, execute, fetch, transaction, write
from models.invitations import invitations
from models.invitations.invitations import MembershipOffer
from models.practices.practices import Practice
from notifications.post import PostOffice
from settings import Settings
from tests.notifications.server import ADDRESS, MailServer, content_of, mail_server, post_office
from tests.notifications.work import do_all, forget_mails_so_far, mails, statuses
from tests.support.world import AT, as_staff, school_of, student_of

NEW_ADDRESS = "new@example.test"
HOUR = timedelta(hours=1)


@pytest_asyncio.fixture(loop_scope="session")
async def server(committed: Settings) -> AsyncIterator[MailServer]:
    """A mail server beside a fresh database, with the keys that open sealed tokens."""
    encryption.configure(committed.key_ring)
    async with mail_server() as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def office(server: MailServer) -> AsyncIterator[PostOffice]:
    """A post office that delivers to it."""
    async with post_office(server.url) as found:
        yield found


async def invited() -> str:
    """The address of a student who was invited by their school."""
    school = await school_of()
    student = await student_of(school)
    await forget_mails_so_far()
    place = MembershipOffer(role=Role.STUDENT, student_id=student.id, school_id=school.id)
    async with transaction():
        await invitations.invite(
            email=student.email, name="Ana Reyes", offer=place, by=as_staff(Role.SCHOOL, school=school), at=AT
        )
    return student.email


async def person(email: str, role: Role = Role.OPS, **more: object) -> tuple[Account, Membership]:
    """Somebody with an account."""
    account = Account(email=email, name="Kim Park", created_at=AT, email_verified_at=AT)
    membership = Membership(account_id=account.id, role=role, created_at=AT, **more)
    await write(account, membership)
    return account, membership


def token_in(server: MailServer, name: str) -> str:
    """The token of the only message, which its link and its code must agree on, in both forms."""
    [(_, message)] = server.taken
    found = set()
    for part in content_of(message):
        found |= set(re.findall(rf"{ADDRESS}/{name}#(fc_link_[\w-]+)", part)) | set(re.findall(r"fc_link_[\w-]+", part))
    [token] = found
    return str(token)


async def test_an_invitation_carries_a_link_that_works(office: PostOffice, server: MailServer) -> None:
    address = await invited()
    await do_all(office)
    assert server.subjects(address) == ["You are invited to Flexible Credits"]
    token = token_in(server, "invitation")
    assert (await links.use(token, Purpose.INVITATION, at=AT)).email == address
    text, _ = content_of(server.taken[0][1])
    assert "Mon, Mar 16, 2026, 11:00 AM EDT" in text
    assert text.startswith("Hello Ana,")
    assert "call or text 988" in text


@pytest.mark.parametrize("end", ["used", "replaced", "late"])
async def test_a_link_that_has_ended_is_not_mailed(office: PostOffice, server: MailServer, end: str) -> None:
    address = await invited()
    await office.write(AT)
    if end == "used":
        await execute("UPDATE secret_links SET used_at = $1, sealed_token = NULL", AT)
    if end == "replaced":
        await execute("UPDATE secret_links SET withdrawn_at = $1, sealed_token = NULL", AT)
    await do_all(office, at=AT + timedelta(days=15) if end == "late" else AT)
    assert server.subjects(address) == []
    assert await statuses() == {"invitation": "DROPPED"}


async def test_an_address_is_verified_where_it_is_and_not_where_the_account_is_now(
    office: PostOffice, server: MailServer
) -> None:
    account, membership = await person("old@example.test")
    async with transaction():
        await credentials.request_verification(NEW_ADDRESS, by=membership.viewer(), at=AT)
    await do_all(office)
    assert [to for to, _ in server.taken] == [NEW_ADDRESS]
    async with transaction():
        await credentials.verify_email(token_in(server, "verify-address"), at=AT)
    assert (await Account.get(id=account.id)).email == NEW_ADDRESS


async def moved_to(address: str, member: Membership) -> None:
    """Let somebody's account take another address, by the link that is mailed there."""
    async with transaction():
        await credentials.request_verification(address, by=member.viewer(), at=AT)
        token = await links.newest(Purpose.EMAIL_VERIFICATION, email=address, at=AT)
        await credentials.verify_email(token or "", at=AT)


@pytest.mark.parametrize("role", [Role.STUDENT, Role.SCHOOL])
async def test_a_message_on_a_student_s_account_names_the_school_s_crisis_line(
    office: PostOffice, server: MailServer, role: Role
) -> None:
    school = await school_of()
    await execute("UPDATE schools SET crisis_line = '(617) 555-0142' WHERE id = $1", school.id)
    student = {"student_id": (await student_of(school)).id} if role is Role.STUDENT else {}
    account, _ = await person("robin@example.test", role, school_id=school.id, **student)
    await forget_mails_so_far()
    await write(new_event(EventVerb.ACCOUNT_PASSWORD_CHANGED, account, by=None, at=AT))
    await do_all(office)
    [(_, message)] = server.taken
    for part in content_of(message):
        assert ("(617) 555-0142" in part) is ("call or text 988" in part) is (role is Role.STUDENT)


async def test_a_changed_address_is_told_to_the_one_until_then_alone(office: PostOffice, server: MailServer) -> None:
    _, member = await person("old@example.test")
    await moved_to(NEW_ADDRESS, member)
    await do_all(office)
    [(to, message)] = server.taken
    assert (to, message["Subject"]) == ("old@example.test", "The e-mail address of your account was changed")
    for part in content_of(message):
        assert "Mon, Mar 2, 2026, 3:00 PM UTC" in " ".join(part.split())
        assert "tell whoever invited you to Flexible Credits at once" in " ".join(part.split())
        assert NEW_ADDRESS not in part


async def test_each_former_address_is_told_however_late_the_worker_comes(
    office: PostOffice, server: MailServer
) -> None:
    _, member = await person("first@example.test")
    for address in ("second@example.test", NEW_ADDRESS):
        await moved_to(address, member)
    await do_all(office)
    assert [to for to, _ in server.taken] == ["first@example.test", "second@example.test"]


async def test_an_address_that_is_verified_and_stays_is_told_nothing(office: PostOffice, server: MailServer) -> None:
    account, member = await person("old@example.test")
    await write(Update(account, email_verified_at=None))
    await moved_to("old@example.test", member)
    await do_all(office)
    assert server.taken == []


@pytest.mark.parametrize("by_support", [False, True])
async def test_a_removed_second_factor_is_told_to_its_account(
    office: PostOffice, server: MailServer, by_support: bool
) -> None:
    account, member = await person("robin@example.test")
    async with transaction():
        await second_factors.enrol(account, at=AT)
        await execute("UPDATE second_factors SET confirmed_at = $1", AT)
        [code, *_] = await second_factors.new_recovery_codes(account.id, at=AT)
        if by_support:
            await second_factors.remove(account.id, None, by=as_staff(Role.OPS), at=AT)
        else:
            await second_factors.remove(account.id, code, by=member.viewer(), at=AT)
    await do_all(office)
    [(to, message)] = server.taken
    assert (to, message["Subject"]) == ("robin@example.test", "The authenticator of your account was removed")
    for part in content_of(message):
        assert "Mon, Mar 2, 2026, 3:00 PM UTC" in " ".join(part.split())
        assert ("by our staff" in " ".join(part.split())) is by_support


async def test_a_new_second_factor_and_new_recovery_codes_are_told_to_their_account(
    office: PostOffice, server: MailServer
) -> None:
    account, member = await person("robin@example.test")
    async with transaction():
        secret, _ = await second_factors.enrol(account, at=AT)
        code = pyotp.TOTP(secret).now()
        [recovery, *_] = await second_factors.confirm(account.id, code, by=member.viewer(), at=AT)
        await second_factors.renew_recovery_codes(account.id, recovery, by=member.viewer(), at=AT)
    await do_all(office)
    assert [(to, str(message["Subject"])) for to, message in server.taken] == [
        ("robin@example.test", "An authenticator was added to your account"),
        ("robin@example.test", "Your account has new recovery codes"),
    ]
    for part in [part for _, message in server.taken for part in content_of(message)]:
        assert "Mon, Mar 2, 2026, 3:00 PM UTC" in " ".join(part.split())
        assert recovery not in part


async def test_a_forgotten_password_is_mailed_to_who_has_an_account_alone(
    office: PostOffice, server: MailServer
) -> None:
    await person("known@example.test")
    for email in ("known@example.test", "unknown@example.test"):
        await credentials.request_reset(email, at=AT)
    await credentials.answer_reset_requests(at=AT)
    await do_all(office)
    assert [(to, str(message["Subject"])) for to, message in server.taken] == [
        ("known@example.test", "Choose a new password")
    ]
    token = token_in(server, "reset-password")
    changed = await credentials.hash_for_reset(token, "violet harbor lantern 7", at=AT)
    async with transaction():
        await credentials.reset(token, changed, at=AT)
    await do_all(office)
    assert server.subjects("known@example.test")[1:] == ["Your password was changed"]


async def test_the_owner_of_a_practice_is_told_which_office_user_to_confirm(
    office: PostOffice, server: MailServer
) -> None:
    practice = await Practice.open(name="Harbor Group", by=None, at=AT)
    await person("owner@example.test", Role.OFFICE, practice_id=practice.id, is_owner=True)
    _, member = await person(
        "desk@example.test",
        Role.OFFICE,
        practice_id=practice.id,
        validated_at=AT,
        revalidate_by=AT + REVALIDATE_EVERY,
    )
    soon = AT + REVALIDATE_EVERY - timedelta(days=1)
    assert await office_users.remind(at=soon) == 1
    await do_all(office, at=soon)
    assert [(to, str(message["Subject"])) for to, message in server.taken] == [
        ("owner@example.test", "Please confirm one of your office users")
    ]
    text, _ = content_of(server.taken[0][1])
    assert text.startswith("Hello Kim,")
    assert "Office user: Kim Park" in text
    assert member.revalidate_by == AT + REVALIDATE_EVERY


async def announce() -> int:
    """One worker's look at who is soon to be revalidated."""
    async with transaction():
        return await office_users.remind(at=AT + REVALIDATE_EVERY - timedelta(days=1))


async def desks(count: int) -> None:
    """Office users of one practice whose turn ends."""
    practice = await Practice.open(name="Harbor Group", by=None, at=AT)
    turn = {"validated_at": AT, "revalidate_by": AT + REVALIDATE_EVERY}
    for number in range(count):
        await person(f"desk{number}@example.test", Role.OFFICE, practice_id=practice.id, **turn)


async def announced() -> int:
    """How many announcements there are."""
    return len(await fetch("SELECT 1 FROM events WHERE verb = 'office_user.revalidation_due'"))


async def test_workers_that_announce_a_revalidation_at_the_same_time_announce_it_once(committed: Settings) -> None:
    await desks(4)
    assert sum(await asyncio.gather(*(announce() for _ in range(8)))) == 4
    assert await announced() == 4


async def test_a_worker_that_looked_before_another_had_committed_announces_nothing_again(
    committed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desks(2)
    assert await announce() == 2
    # What such a worker saw: office users without an announcement, and free to be locked.
    unseen = re.sub(r"AND NOT EXISTS \(.*?validated_at\)", "", office_users.DUE, flags=re.DOTALL)
    assert "events" not in unseen
    monkeypatch.setattr(office_users, "DUE", unseen)
    assert await announce() == 0
    assert await announced() == 2


async def test_a_token_is_in_no_row_and_in_no_log(
    office: PostOffice, server: MailServer, capsys: pytest.CaptureFixture[str]
) -> None:
    await invited()
    await do_all(office)
    token = token_in(server, "invitation")
    assert token not in str(await mails())
    assert token not in capsys.readouterr().out


async def test_a_key_that_is_missing_puts_the_mail_off_and_does_not_lose_it(
    office: PostOffice, server: MailServer, committed: Settings
) -> None:
    await invited()
    encryption.configure({"other": b"0" * 32})
    await do_all(office)
    [mail] = await mails()
    assert (mail.status, mail.fault) == ("PENDING", "UnopenableError")
    encryption.configure(committed.key_ring)
    await do_all(office, at=AT + HOUR)
    assert len(server.taken) == 1


async def test_an_event_with_a_link_that_is_none_makes_no_mail_and_no_error(office: PostOffice) -> None:
    await execute(
        "INSERT INTO events (id, verb, subject_type, subject_id, at, request_id, data)"
        " VALUES ($1, 'invitation.sent', 'inv', $1, $2, '', '{\"link\": \"not-an-id\"}')",
        new_id(), AT,
    )  # fmt: skip
    await do_all(office)
    assert await mails() == []
