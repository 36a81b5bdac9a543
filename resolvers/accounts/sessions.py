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
from operations.arguments import SECRET, Text
from operations.context import Context
from operations.reads.pages import Order, Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import to_one
from operations.reads.rows import find_locked

LATEST_FIRST = Order("created_at", descending=True)

Device = Annotated[str, Text(one_line=True), "What the session is called in the list of sessions."]


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
    email: Annotated[EmailAddress, "The account's address."],
    password: Annotated[str, SECRET, "The account's password."],
    one_time_code: Annotated[
        str | None, "What the authenticator shows, or a recovery code; for accounts that have a second factor."
    ] = None,
    device: Device = "",
) -> dict[str, Any]:
    """Sign in with an address and a password; hands out a token for 15 minutes and one to refresh it (ID-1, ID-2)."""
    opened = await sessions.sign_in(
        verified_password, code=one_time_code, device=device, source=context.source, at=context.now
    )
    return handed_out(context, opened)


async def refresh(
    context: Context, *, refresh_token: Annotated[str, "The refresh token that was handed out last."]
) -> dict[str, Any] | Refused:
    """Exchange a refresh token for a new pair of tokens; one that is used again later ends its session (ID-2)."""
    opened = await sessions.refresh(refresh_token, at=context.now)
    if isinstance(opened, Refusal):
        return Refused([opened])
    return handed_out(context, opened)


async def act_as(
    context: Context, *, membership_id: Annotated[UUID, Membership, "One of your own account's memberships."]
) -> dict[str, Any]:
    """Go on under another membership of your account; the tokens until now end, new ones are handed out."""
    return handed_out(context, await sessions.act_as(membership_id, by=context.viewer, at=context.now))


async def sign_out(context: Context) -> dict[str, Any]:
    """End this session at once (ID-2). A partner's key is no session: it is revoked by `revokePartnerKey`."""
    assert context.viewer.session_id is not None, "the audience is people"
    session = await Session.get(id=context.viewer.session_id)
    await sessions.revoke(session, by=context.viewer, at=context.now)
    return {"signed_out": True}


async def sign_out_everywhere(context: Context) -> dict[str, Any]:
    """End all sessions of your account at once, this one too (ID-2)."""
    count = await sessions.revoke_all(context.viewer.account_id, by=context.viewer, at=context.now)
    return {"sessions_ended": count}


async def revoke(context: Context, *, session_id: Annotated[UUID, Session, "The session."]) -> Session:
    """End one session at once: one of your own, or as OPS anybody's (ID-2)."""
    session = await find_locked(context, Session, session_id, path="sessionId")
    return await sessions.revoke(session, by=context.viewer, at=context.now)


LIVE = """
sessions.account_id = $1 AND sessions.revoked_at IS NULL AND sessions.until > $2 AND EXISTS (
    SELECT 1 FROM memberships held JOIN unnest($3::text[], $4::interval[]) AS idle (role, longest)
        ON idle.role = held.role
     WHERE held.id = sessions.membership_id AND held.ended_at IS NULL AND sessions.seen_at > $2 - idle.longest)
"""


async def mine(context: Context, selection: Selection, *, page: PageRequest) -> Page:
    """The live sessions of your account, the one that was opened last first."""
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
