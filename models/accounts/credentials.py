"""Credentials: a changed, forgotten or first password, and an address that is verified or changed (ID-1 to ID-3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

import asyncpg
from tortoise import fields

from models.accounts import links, sessions
from models.accounts.accounts import Account, Membership
from models.accounts.links import Purpose
from models.accounts.passwords import hashed, password_refusals, verified
from models.base import throttling
from models.base.access import Role, Viewer
from models.base.errors import Code, Refusal, refuse_if_any
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.ids import new_id
from models.base.personal import Kept, Personal
from models.base.statements import Update, fetch, transaction, write
from models.base.tables import Table

REQUESTS_AT_ONCE = 100
ABANDONED_AFTER = timedelta(hours=1)

WRONG_PASSWORD = Refusal(
    Code.INVALID_CREDENTIALS, "The password is wrong.", rule="ID-1", path=["currentPassword"], fix="Try again."
)

ADDRESS_OF_ANOTHER = Refusal(
    Code.CONFLICT,
    "Another student of your school is entered with this address.",
    rule="ID-7",
    path=["token"],
    fix="Use another address, or ask your school to correct theirs.",
)


class ResetRequest(Table):
    """Somebody asked for a new password for an address, which may or may not have an account."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    email = fields.CharField(max_length=254)
    requested_at = fields.DatetimeField()

    PERSONAL: ClassVar[Mapping[str, Personal]] = {"email": Personal("address")}
    OF_STUDENT: ClassVar[str | None] = "lower(reset_requests.email) = ANY ({addresses})"
    REMOVED_AT_ERASURE: ClassVar[bool] = True
    KEPT: ClassVar[Kept] = Kept(
        long="an hour",
        why="a wish for a new password, until the worker has looked (ID-3)",
        over=f"reset_requests.requested_at <= {{at}} - interval '{ABANDONED_AFTER.total_seconds():.0f} s'",
    )

    class Meta:
        """Deleted as soon as the worker has looked."""

        table = "reset_requests"


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """A new password's hash, and the hash of the one that was proved, or that was there."""

    kept_hash: str | None
    new_hash: str


async def request_reset(email: str, *, at: datetime) -> None:
    """Note that a new password is wanted for this address; the worker looks whether there is an account.

    So the answer, and the time that it takes, are the same for every address (ID-3).
    """
    await write(ResetRequest(email=email, requested_at=at))


async def admit_reset(email: str, source: str, *, at: datetime) -> None:
    """Count one wish for a mail with a link. Raises TOO_MANY, for an unknown address just as for a known one."""
    place = throttling.source_of(source)
    if not (
        await throttling.take(throttling.BY_SOURCE, place, at=at)
        and await throttling.take(throttling.BY_RESET, email, place, at=at)
    ):
        raise throttling.TOO_MANY


async def answer_reset_requests(*, at: datetime) -> int:
    """Send a link to each address that asked and has an account; the worker calls it. Returns how many it looked at."""
    async with transaction():
        rows = await fetch(
            "DELETE FROM reset_requests WHERE id IN (SELECT id FROM reset_requests ORDER BY id LIMIT $1"
            " FOR UPDATE SKIP LOCKED) RETURNING email, requested_at",
            REQUESTS_AT_ONCE,
        )
        wanted = sorted({row.email for row in rows if at - row.requested_at < ABANDONED_AFTER})
        for account in await locked_accounts(wanted):
            if await links.is_fresh(Purpose.PASSWORD_RESET, subject=account.id, at=at):
                continue
            link = await links.issue(Purpose.PASSWORD_RESET, email=account.email, subject=account.id, at=at)
            await write(new_event(EventVerb.ACCOUNT_RESET_REQUESTED, account, by=None, at=at, link=str(link.id)))
    return len(rows)


async def locked_accounts(emails: list[str]) -> list[Account]:
    """The enabled accounts of these addresses, locked in one order."""
    return (
        await Account.filter(email__in=emails, disabled_at=None).order_by("id").select_for_update(no_key=True)
        if emails
        else []
    )


async def hash_for_reset(token: str, password: str, *, at: datetime) -> Changed:
    """The hash of a new password that a live link permits, made outside of any transaction."""
    link = await links.find(token, Purpose.PASSWORD_RESET, at=at)
    account = await Account.get(id=link.account_id)
    return await hash_for(account, password, kept_hash=account.password_hash)


async def hash_for(account: Account, password: str, *, kept_hash: str | None) -> Changed:
    """The hash of a new password, once nothing speaks against it."""
    staff = await Membership.filter(account_id=account.id, ended_at=None).exclude(role=Role.STUDENT).exists()
    refuse_if_any(password_refusals(password, is_staff=staff, about=(account.name, account.email)))
    return Changed(kept_hash=kept_hash, new_hash=await hashed(password))


async def reset(token: str, changed: Changed, *, at: datetime) -> Account:
    """Set a new password by a link, use the link up, and end all sessions and other links (ID-2)."""
    link = await links.use(token, Purpose.PASSWORD_RESET, at=at)
    account = await locked(link.account_id)
    if account.disabled_at is not None or link.email != account.email:
        raise links.DEAD
    await write(
        Update(account, password_hash=changed.new_hash, email_verified_at=account.email_verified_at or at),
        new_event(EventVerb.ACCOUNT_PASSWORD_RESET, account, by=None, at=at),
    )
    await links.withdraw(Purpose.EMAIL_VERIFICATION, subject=account.id, at=at)
    await sessions.revoke_all(account.id, by=None, at=at)
    return account


async def prove_and_hash(account_id: UUID, current: str, password: str, *, at: datetime) -> Changed:
    """Check the current password and hash the new one, outside of any transaction."""
    account = await prove_current(account_id, current, at=at)
    return await hash_for(account, password, kept_hash=account.password_hash)


async def prove_current(account_id: UUID, current: str, *, at: datetime) -> Account:
    """The account, if this is its password. Raises WRONG_PASSWORD, TOO_MANY."""
    if not await throttling.take(throttling.BY_CODE, "password", str(account_id), at=at):
        raise throttling.TOO_MANY
    account = await Account.get(id=account_id)
    sound, _ = await verified(current, account.password_hash)
    if not sound:
        raise WRONG_PASSWORD
    await throttling.clear(throttling.BY_CODE, "password", str(account_id), at=at)
    return account


async def change_password(changed: Changed, *, by: Viewer, at: datetime) -> Account:
    """Set a new password; all other sessions end at once, and links that were under way (ID-2)."""
    account = await locked(by.account_id)
    if account.password_hash != changed.kept_hash:
        raise WRONG_PASSWORD
    for purpose in (Purpose.PASSWORD_RESET, Purpose.EMAIL_VERIFICATION):
        await links.withdraw(purpose, subject=account.id, at=at)
    await write(
        Update(account, password_hash=changed.new_hash),
        new_event(EventVerb.ACCOUNT_PASSWORD_CHANGED, account, by=by, at=at),
    )
    await sessions.revoke_all(account.id, but=by.session_id, by=by, at=at)
    return account


async def request_verification(email: str, *, by: Viewer, at: datetime) -> Account:
    """Send a link to an address that is, or is to become, the account's own."""
    account = await locked(by.account_id)
    if email == account.email and account.email_verified_at is not None:
        raise Refusal(Code.NOT_OPEN, "This e-mail address is already verified.", rule="ID-1", fix="Nothing to do.")
    link = await links.issue(Purpose.EMAIL_VERIFICATION, email=email, subject=account.id, at=at)
    await write(new_event(EventVerb.ACCOUNT_VERIFICATION_REQUESTED, account, by=by, at=at, link=str(link.id)))
    return account


async def verify_email(token: str, *, at: datetime) -> Account:
    """Take the address that a link was sent to as the account's own, verified; the link works once.

    The student and the provider that it acts for have it too from then on, by a trigger (ID-7). Whoever reads the
    address until then is told, as they may know of nothing.
    An address that another account has by now gets the answer of a dead link, which tells nothing (ID-3).
    """
    link = await links.use(token, Purpose.EMAIL_VERIFICATION, at=at)
    account = await locked(link.account_id)
    if account.disabled_at is not None:
        raise links.DEAD
    before = account.email
    try:
        await write(
            Update(account, email=link.email, email_verified_at=at),
            new_event(EventVerb.ACCOUNT_EMAIL_VERIFIED, account, by=None, at=at, changed=before != link.email),
        )
    except asyncpg.UniqueViolationError as violation:
        if violation.constraint_name == "students_email_in_school":
            raise ADDRESS_OF_ANOTHER from violation
        raise
    if before != link.email:
        await links.withdraw(Purpose.PASSWORD_RESET, subject=account.id, at=at)
        await links.note_replaced(link.id, before)
        await write(new_event(EventVerb.ACCOUNT_EMAIL_CHANGED, account, by=None, at=at, link=str(link.id)))
    return account


async def locked(account_id: UUID) -> Account:
    """The account, locked."""
    return await Account.filter(id=account_id).select_for_update(no_key=True).get()
