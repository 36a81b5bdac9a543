"""How requests about sessions are answered: sign-in, refresh, the list of sessions, and their ends (ID-1, ID-2)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Batched, Selection
from models.accounts import sessions
from models.accounts.accounts import INACTIVITY, Membership, Session
from models.accounts.sessions import VerifiedPassword
from models.base.errors import Refusal, Refused
from models.base.text import EmailAddress
from operations.context import Context
from operations.reads.pages import Order, Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import to_one
from operations.reads.rows import find_locked

LATEST_FIRST = Order("created_at", descending=True)

Device = Annotated[str, "Device name shown in the list of sign-in sessions."]


async def verify(
    context: Context, *, email: str, password: str, one_time_code: str | None, device: str
) -> VerifiedPassword:
    """The password's check, which takes a while and is done outside of the transaction."""
    return await sessions.verify(
        email=email, password=password, has_code=bool(one_time_code), source=context.source, at=context.now
    )


async def sign_in(
    context: Context,
    verified_password: VerifiedPassword,
    *,
    email: Annotated[EmailAddress, "E-mail address of the account."],
    password: Annotated[str, "Password."],
    one_time_code: Annotated[
        str | None,
        "One-time code from the authenticator, or a recovery code; required if the account has a second factor.",
    ] = None,
    device: Device = "",
) -> dict[str, Any]:
    """Sign in with e-mail address and password. Returns an access token and a refresh token (ID-1, ID-2)."""
    opened = await sessions.sign_in(
        verified_password, code=one_time_code, device=device, source=context.source, at=context.now
    )
    return handed_out(context, opened)


async def refresh(
    context: Context, *, refresh_token: Annotated[str, "Latest refresh token."]
) -> dict[str, Any] | Refused:
    """Exchange a refresh token for new tokens. Reusing an old refresh token ends the sign-in session (ID-2)."""
    opened = await sessions.refresh(refresh_token, at=context.now)
    if isinstance(opened, Refusal):
        return Refused([opened])
    return handed_out(context, opened)


async def act_as(
    context: Context, *, membership_id: Annotated[UUID, Membership, "Membership of your account to act under."]
) -> dict[str, Any]:
    """Switch to another membership of your account. Returns new tokens; the old ones stop working."""
    return handed_out(context, await sessions.act_as(membership_id, by=context.viewer, at=context.now))


async def sign_out(context: Context) -> dict[str, Any]:
    """Sign out: end this sign-in session at once (ID-2). Partner keys are revoked with `revokePartnerKey`."""
    assert context.viewer.session_id is not None, "the audience is people"
    session = await Session.get(id=context.viewer.session_id)
    await sessions.revoke(session, by=context.viewer, at=context.now)
    return {"signed_out": True}


async def sign_out_everywhere(context: Context) -> dict[str, Any]:
    """End all sign-in sessions of your account at once, including this one (ID-2)."""
    count = await sessions.revoke_all(context.viewer.account_id, by=context.viewer, at=context.now)
    return {"sessions_ended": count}


async def revoke(context: Context, *, session_id: Annotated[UUID, Session, "Sign-in session to end."]) -> Session:
    """End a sign-in session at once: your own, or anyone's as OPS (ID-2)."""
    session = await find_locked(context, Session, session_id, path="sessionId")
    return await sessions.revoke(session, by=context.viewer, at=context.now)


LIVE = """
sessions.account_id = $1 AND sessions.revoked_at IS NULL AND sessions.until > $2 AND EXISTS (
    SELECT 1 FROM memberships held JOIN unnest($3::text[], $4::interval[]) AS idle (role, longest)
        ON idle.role = held.role
     WHERE held.id = sessions.membership_id AND held.ended_at IS NULL AND sessions.seen_at > $2 - idle.longest)
"""


async def mine(context: Context, selection: Selection, *, page: PageRequest) -> Page:
    """Active sign-in sessions of your account, newest first."""
    roles, longest = [role.value for role in INACTIVITY], list(INACTIVITY.values())
    values = [context.viewer.account_id, context.now, roles, longest]
    return await page_of(context, Session, selection, page, order=LATEST_FIRST, where=LIVE, values=values)


async def is_current(context: Context, parents: list[Any], selection: Selection) -> list[Any]:
    """For each session whether it is the one that asks."""
    return [parent.id == context.viewer.session_id for parent in parents]


def handed_out(context: Context, opened: sessions.SignedIn) -> dict[str, Any]:
    """The tokens, and who now acts; what is asked below `viewer` is read as that viewer."""
    lacks = sessions.lacks_second_factor(opened.membership.role, opened.session.second_factor_at)
    context.signed_in = opened.membership.viewer(
        session_id=opened.session.id,
        needs_second_factor=lacks and context.environment.second_factor_required,
    )
    return {
        "access_token": opened.access_token,
        "refresh_token": opened.refresh_token,
        "expires_at": opened.expires_at,
        "viewer": opened.membership,
    }


CURRENT = Batched(is_current, needs=("id",))
MEMBERSHIP = to_one(Membership, by="membership_id")
