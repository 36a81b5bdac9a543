"""Sessions: opened by a sign-in, carried on by rotating refresh tokens, ended at once when they are revoked (ID-2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.accounts import second_factors
from models.accounts.accounts import (
    ACCESS_LASTS,
    INACTIVITY,
    NEED_SECOND_FACTOR,
    SESSION_LASTS,
    Account,
    Membership,
    RefreshToken,
    Session,
    new_token,
    normalised,
    token_hash,
)
from models.accounts.last_used import EVERY, SEEN
from models.accounts.passwords import verified
from models.accounts.session_cache import SESSIONS, CachedSession
from models.base import throttling
from models.base.access import Role, Viewer
from models.base.errors import Code, Refusal
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.statements import Update, execute, fetch, fetch_one, write

REFRESH_RACE = timedelta(seconds=10)
"""Within this time a second use of a refresh token is taken for a race of one client with itself, not for a theft."""

WRONG = Refusal(
    Code.INVALID_CREDENTIALS,
    "The e-mail address or password is wrong.",
    rule="ID-3",
    path=["password"],
    fix="Try again, or reset the password.",
)
LAPSED = Refusal(
    Code.NOT_ELIGIBLE,
    "This access has lapsed: it is confirmed every 90 days.",
    rule="ID-4",
    fix="Ask the owner of your practice to revalidate it.",
)
SIGN_IN_AGAIN = Refusal(Code.INVALID_CREDENTIALS, "This session has ended.", rule="ID-2", fix="Sign in again.")
REFRESH_ENDED = Refusal(
    SIGN_IN_AGAIN.code, SIGN_IN_AGAIN.message, rule="ID-2", path=["refreshToken"], fix=SIGN_IN_AGAIN.fix
)
JUST_REFRESHED = Refusal(
    Code.CONFLICT,
    "This token has just been exchanged by another request.",
    rule="ID-2",
    path=["refreshToken"],
    fix="Use the tokens that the other request received.",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    """What a sign-in hands out: the tokens, shown this once, and under what they act."""

    access_token: str
    refresh_token: str
    expires_at: datetime
    membership: Membership
    session: Session


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedPassword:
    """An account whose password was proved, with a better hash of it when the parameters have changed."""

    account_id: UUID
    kept_hash: str
    better_hash: str | None


async def verify(*, email: str, password: str, has_code: bool, source: str, at: datetime) -> VerifiedPassword:
    """Check an address and its password, outside of any transaction: a thread hashes for a while (ID-1, ID-3).

    It takes the same steps and the same time whether there is such an account or not. Raises WRONG, TOO_MANY.
    """
    email = normalised(email)
    await throttling.admit_sign_in(email, source, at=at)
    row = await fetch_one("SELECT id, password_hash, disabled_at FROM accounts WHERE lower(email) = $1", email)
    kept = row.password_hash if row is not None and row.disabled_at is None else None
    try:
        sound, better = await verified(password, kept)
    except Refusal:
        await throttling.not_tried(email, source)
        raise
    if not sound or row is None or kept is None:
        raise WRONG
    if has_code and not await throttling.take(throttling.BY_CODE, str(row.id), at=at):
        raise throttling.TOO_MANY
    return VerifiedPassword(account_id=row.id, kept_hash=kept, better_hash=better)


async def sign_in(
    verified_password: VerifiedPassword, *, code: str | None, device: str, source: str, at: datetime
) -> SignedIn:
    """Open a session for a proved password, and the second factor if the account has one (ID-1)."""
    account = await Account.filter(id=verified_password.account_id).select_for_update(no_key=True).get()
    if account.password_hash != verified_password.kept_hash or account.disabled_at is not None:
        raise WRONG  # it was changed while the old one was checked
    membership = await membership_to_begin_with(account.id, at)
    second_factor_at = await second_factors.verify(account.id, code, at=at)
    if verified_password.better_hash is not None:
        await write(Update(account, password_hash=verified_password.better_hash))
    await throttling.signed_in(account.email, source, at=at)
    await throttling.clear(throttling.BY_CODE, str(account.id), at=at)
    return await open_session(membership, device=device, second_factor_at=second_factor_at, at=at)


async def membership_to_begin_with(account_id: UUID, at: datetime) -> Membership:
    """The first membership that holds. Raises LAPSED when only lapsed ones are left, WRONG when there are none."""
    held = await Membership.filter(account_id=account_id, ended_at=None).order_by("id")
    for membership in held:
        if not membership.has_lapsed(at):
            return membership
    raise LAPSED if held else WRONG


async def open_session(
    membership: Membership,
    *,
    device: str,
    second_factor_at: datetime | None = None,
    by_campus: bool = False,
    at: datetime,
) -> SignedIn:
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
        second_factor_at=second_factor_at,
        by_campus=by_campus,
    )
    await write(
        session,
        RefreshToken(session_id=session.id, token_hash=token_hash(refresh), created_at=at),
        new_event(EventVerb.SESSION_OPENED, session, by=membership.viewer(session_id=session.id), at=at),
    )
    return SignedIn(
        access_token=access,
        refresh_token=refresh,
        expires_at=session.access_until,
        membership=membership,
        session=session,
    )


async def refresh(token: str, *, at: datetime) -> SignedIn | Refusal:
    """Exchange a refresh token for a new pair, once (ID-2).

    Of two at the same instant one wins. The other, and any further use within 10 seconds, is refused and nothing
    else: it hands out no token, so a thief gains nothing by being quick. A later use of the same token means that two
    hold it, and ends the session. A refusal is returned, not raised, as what it does must be committed.
    """
    found = await RefreshToken.get_or_none(token_hash=token_hash(token))
    if found is None:
        return REFRESH_ENDED
    session = await Session.filter(id=found.session_id).select_for_update(no_key=True).get()
    known = await RefreshToken.get(id=found.id)  # as it is now that the session is locked
    membership = await Membership.get(id=session.membership_id)
    if is_over(session, membership, at):
        return REFRESH_ENDED
    if known.used_at is not None:
        if at - known.used_at <= REFRESH_RACE:
            return JUST_REFRESHED
        await revoke(session, EventVerb.SESSION_TOKEN_REUSED, by=None, at=at)
        return REFRESH_ENDED
    return await rotated(session, membership, at=at)


async def rotated(session: Session, membership: Membership, *, at: datetime) -> SignedIn:
    """A new pair of tokens for a locked session, in the place of the last one."""
    access, following = new_token("access"), new_token("refresh")
    # Apart from the next statement: the index allows one unused token of a session at any instant.
    await execute("UPDATE refresh_tokens SET used_at = $2 WHERE session_id = $1 AND used_at IS NULL", session.id, at)
    await write(
        Update(
            session,
            membership_id=membership.id,
            access_hash=token_hash(access),
            access_until=min(at + ACCESS_LASTS, session.until),
            until=session.until,
            seen_at=at,
        ),
        RefreshToken(session_id=session.id, token_hash=token_hash(following), created_at=at),
    )
    return SignedIn(
        access_token=access,
        refresh_token=following,
        expires_at=session.access_until,
        membership=membership,
        session=session,
    )


async def act_as(membership_id: UUID, *, by: Viewer, at: datetime) -> SignedIn:
    """Go on under another membership of the same account, with new tokens; the old ones end.

    The session's absolute end is that of the new role, counted from the sign-in: whoever signed in long ago signs in
    again before acting under a stricter role (ID-2). A campus vouches for its student alone: a session that it opened
    goes nowhere else.
    """
    session = await Session.filter(id=by.session_id, account_id=by.account_id).select_for_update(no_key=True).get()
    membership = await Membership.get_or_none(id=membership_id, account_id=by.account_id, ended_at=None)
    if membership is None:
        raise NO_MEMBERSHIP
    if membership.has_lapsed(at):
        raise LAPSED
    until = session.created_at + SESSION_LASTS[membership.role]
    if session.revoked_at is not None or at >= until or session.by_campus:
        raise SIGN_IN_AGAIN
    session.until = until
    opened = await rotated(session, membership, at=at)
    await write(new_event(EventVerb.SESSION_ACTS_AS, session, by=membership.viewer(session_id=session.id), at=at))
    return opened


NO_MEMBERSHIP = Refusal(
    Code.NOT_FOUND,
    "There is no such membership.",
    path=["membershipId"],
    fix="Choose one of your account's memberships.",
)


def is_over(session: Session, membership: Membership, at: datetime) -> bool:
    """Whether a session has ended: revoked, absolutely, by inactivity, or with its membership."""
    return (
        session.revoked_at is not None
        or at >= session.until
        or at - session.seen_at >= INACTIVITY[membership.role]
        or membership.ended_at is not None
        or membership.has_lapsed(at)
    )


async def revoke(
    session: Session, verb: EventVerb = EventVerb.SESSION_REVOKED, *, by: Viewer | None, at: datetime
) -> Session:
    """End a session at once."""
    if session.revoked_at is None:
        await write(Update(session, revoked_at=at), new_event(verb, session, by=by, at=at))
    return session


async def revoke_all(account_id: UUID, *, but: UUID | None = None, by: Viewer | None, at: datetime) -> int:
    """End all sessions of an account at once, but one if it is named; how many it was."""
    rows = await fetch(
        "UPDATE sessions SET revoked_at = $2 WHERE account_id = $1 AND revoked_at IS NULL"
        " AND ($3::uuid IS NULL OR id <> $3) RETURNING id",
        account_id, at, but,
    )  # fmt: skip
    if rows:
        account = await Account.get(id=account_id)
        await write(new_event(EventVerb.ACCOUNT_SESSIONS_REVOKED, account, by=by, at=at, count=len(rows)))
    return len(rows)


VIEWER = """
SELECT s.id AS session_id, s.access_until, s.seen_at, s.until, s.revoked_at, s.second_factor_at,
       m.id AS membership_id, m.account_id, m.role, m.student_id, m.provider_id, m.practice_id, m.school_id,
       m.revalidate_by, session_stamp($1) AS stamp
  FROM sessions s
  JOIN memberships m ON m.id = s.membership_id AND m.ended_at IS NULL
  JOIN accounts a ON a.id = m.account_id AND a.disabled_at IS NULL
 WHERE s.access_hash = $1
"""


async def viewer_of(token: str, *, second_factor_required: bool, at: datetime) -> Viewer | None:
    """Who an access token acts for, or None when it has ended: looked up now."""
    hashed = token_hash(token)
    row = await fetch_one(VIEWER, hashed)
    viewer = None if row is None else viewer_in(row, second_factor_required=second_factor_required, at=at)
    if viewer is None:
        SESSIONS.forget(hashed)
    elif row.stamp is not None:
        ends_at, seen_at = min(row.access_until, row.until), SEEN.latest(row.session_id, row.seen_at)
        SESSIONS.keep(CachedSession(viewer, hashed, row.stamp, ends_at, seen_at))
    return viewer


ACTING = VIEWER.replace("session_stamp($1)", "NULL").replace("s.access_hash = $1", "s.id = $1")
"""The same by the session's id."""


async def acting(session_id: UUID, *, second_factor_required: bool, at: datetime) -> Viewer | None:
    """Who a session acts for, or None when it has ended; for an address that was made for it.

    Its access token may be over meanwhile: whoever is still signed in has another by then.
    """
    row = await fetch_one(ACTING, session_id)
    if row is None:
        return None
    return viewer_in(row, second_factor_required=second_factor_required, at=at, by_token=False)


def viewer_in(row: Any, *, second_factor_required: bool, at: datetime, by_token: bool = True) -> Viewer | None:
    """Who a session that was looked up acts for, or None when it has ended."""
    role = Role(row.role)
    seen_at = SEEN.latest(row.session_id, row.seen_at)
    if row.revoked_at is not None or at >= row.until or at - seen_at >= INACTIVITY[role]:
        return None
    if by_token and at >= row.access_until:
        return None
    if row.revalidate_by is not None and at >= row.revalidate_by:
        return None
    if at - seen_at >= EVERY:
        SEEN.note(row.session_id, at=at)
    return Viewer(
        account_id=row.account_id,
        role=role,
        membership_id=row.membership_id,
        session_id=row.session_id,
        student_id=row.student_id,
        provider_id=row.provider_id,
        practice_id=row.practice_id,
        school_id=row.school_id,
        needs_second_factor=second_factor_required and lacks_second_factor(role, row.second_factor_at),
    )


def cached(token: str, *, at: datetime) -> CachedSession | None:
    """The session of an access token as this process has it cached: to be checked by the statement that comes first."""
    return SESSIONS.find(token_hash(token), at=at)


def lacks_second_factor(role: Role, second_factor_at: datetime | None) -> bool:
    """Whether a session of this role was opened without the second factor that it needs (ID-1)."""
    return role in NEED_SECOND_FACTOR and second_factor_at is None
