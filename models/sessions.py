"""Sessions: opened by a sign-in, carried on by rotating refresh tokens, ended at once when they are revoked (ID-2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from models.access import Role, Viewer
from models.accounts import (
    ACCESS_LASTS,
    INACTIVITY,
    SESSION_LASTS,
    Account,
    Membership,
    RefreshToken,
    Session,
    new_token,
    normalised,
    token_hash,
)
from models.errors import Code, Refusal
from models.statements import Change, execute, fetch_one, write

SEEN_EVERY = timedelta(seconds=30)
"""How exactly the last request of a session is known: one write in this time, not one a request."""

PASSWORDS = PasswordHash((Argon2Hasher(),))
NOBODY = PASSWORDS.hash(new_token("nobody"))
"""Verified against for an unknown address, so that the answer takes as long as for a known one (ID-3)."""

WRONG = Refusal(
    Code.INVALID_CREDENTIALS,
    "The address or the password is wrong.",
    rule="ID-3",
    fix="Try again, or reset the password.",
)
SIGN_IN_AGAIN = Refusal(Code.INVALID_CREDENTIALS, "This session has ended.", rule="ID-2", fix="Sign in again.")


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    """What a sign-in hands out: the tokens, shown this once, and under what they act."""

    access_token: str
    refresh_token: str
    expires_at: datetime
    membership: Membership


async def sign_in(*, email: str, password: str, device: str, at: datetime) -> SignedIn:
    """Check an address and its password and open a session under the first membership (ID-1, ID-3)."""
    account = await Account.get_or_none(email=normalised(email))
    sound = PASSWORDS.verify(password, account.password_hash if account and account.password_hash else NOBODY)
    if account is None or not sound or account.disabled_at is not None:
        raise WRONG
    membership = await Membership.filter(account_id=account.id, ended_at=None).order_by("id").first()
    if membership is None:
        raise WRONG
    return await open_session(membership, device=device, at=at)


async def open_session(membership: Membership, *, device: str, at: datetime) -> SignedIn:
    """Open a session with its first pair of tokens."""
    access, refresh = new_token("access"), new_token("refresh")
    session = Session(
        account_id=membership.account_id,
        membership_id=membership.id,
        access_hash=token_hash(access),
        access_until=at + ACCESS_LASTS,
        device=device[:200],
        created_at=at,
        seen_at=at,
        until=at + SESSION_LASTS[membership.role],
    )
    await write(session, RefreshToken(session_id=session.id, token_hash=token_hash(refresh), created_at=at))
    return SignedIn(access_token=access, refresh_token=refresh, expires_at=session.access_until, membership=membership)


async def refresh(token: str, *, at: datetime) -> SignedIn | None:
    """Exchange a refresh token for a new pair, once.

    None when the session is over; a token that was used before also revokes its whole session (ID-2), which the
    caller must let commit.
    """
    known = await RefreshToken.filter(token_hash=token_hash(token)).select_for_update().first()
    if known is None:
        return None
    session = await Session.filter(id=known.session_id).select_for_update(no_key=True).get()
    if known.used_at is not None:
        await revoke(session.id, at=at)
        return None
    membership = await Membership.get(id=session.membership_id)
    if is_over(session, membership.role, at):
        return None
    access, following = new_token("access"), new_token("refresh")
    await write(Change(known, used_at=at))
    await write(
        Change(session, access_hash=token_hash(access), access_until=min(at + ACCESS_LASTS, session.until), seen_at=at),
        RefreshToken(session_id=session.id, token_hash=token_hash(following), created_at=at),
    )
    return SignedIn(
        access_token=access, refresh_token=following, expires_at=session.access_until, membership=membership
    )


def is_over(session: Session, role: Role, at: datetime) -> bool:
    """Whether a session has ended: revoked, absolutely, or by inactivity."""
    return session.revoked_at is not None or at >= session.until or at - session.seen_at >= INACTIVITY[role]


async def revoke(session_id: UUID, *, at: datetime) -> None:
    """End a session at once."""
    await execute("UPDATE sessions SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1", session_id, at)


VIEWER = """
SELECT s.id AS session_id, s.access_until, s.seen_at, s.until, s.revoked_at,
       m.id AS membership_id, m.account_id, m.role, m.student_id, m.provider_id, m.practice_id, m.school_id
  FROM sessions s
  JOIN memberships m ON m.id = s.membership_id AND m.ended_at IS NULL
  JOIN accounts a ON a.id = m.account_id AND a.disabled_at IS NULL
 WHERE s.access_hash = $1
"""


async def viewer_of(token: str, *, at: datetime) -> Viewer | None:
    """Who an access token acts for, or None when it has ended: asked for each request, so that revoking is at once."""
    row = await fetch_one(VIEWER, token_hash(token))
    if row is None:
        return None
    role = Role(row.role)
    if row.revoked_at is not None or at >= row.access_until or at >= row.until or at - row.seen_at >= INACTIVITY[role]:
        return None
    if at - row.seen_at >= SEEN_EVERY:
        await execute("UPDATE sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $2", row.session_id, at)
    return Viewer(
        account_id=row.account_id,
        role=role,
        membership_id=row.membership_id,
        session_id=row.session_id,
        student_id=row.student_id,
        provider_id=row.provider_id,
        practice_id=row.practice_id,
        school_id=row.school_id,
    )
