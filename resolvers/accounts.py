"""How requests about accounts and sessions are answered."""

from __future__ import annotations

from typing import Annotated, Any

from execution import Selection
from models import sessions
from models.accounts import Account, Membership
from models.errors import Refused
from models.providers import Provider
from models.schools import School, Student
from models.text import EmailAddress
from resolvers.context import Context
from resolvers.reading import row, to_all, to_one


async def viewer(context: Context, selection: Selection) -> Any:
    """Who is signed in, and under which membership."""
    return await row(context, Membership, selection, context.viewer.membership_id)


async def sign_in(
    context: Context,
    *,
    email: Annotated[EmailAddress, "The account's address."],
    password: Annotated[str, "The account's password."],
    device: Annotated[str, "What the session is called in the list of sessions."] = "",
) -> dict[str, Any]:
    """Sign in with an address and a password; hands out a token for 15 minutes and one to refresh it (ID-1, ID-2)."""
    opened = await sessions.sign_in(email=email, password=password, device=device, at=context.now)
    return handed_out(context, opened)


async def refresh(
    context: Context, *, refresh_token: Annotated[str, "The refresh token that was handed out last."]
) -> dict[str, Any] | Refused:
    """Exchange a refresh token for a new pair of tokens; one that is used twice ends its session (ID-2)."""
    opened = await sessions.refresh(refresh_token, at=context.now)
    if opened is None:
        return Refused([sessions.SIGN_IN_AGAIN])
    return handed_out(context, opened)


async def sign_out(context: Context) -> dict[str, Any]:
    """End this session at once (ID-2)."""
    session = context.viewer.session_id
    if session is not None:
        await sessions.revoke(session, at=context.now)
    return {"signed_out": True}


def handed_out(context: Context, opened: sessions.SignedIn) -> dict[str, Any]:
    """The tokens, and who now acts; what is asked below `viewer` is read as that viewer."""
    context.signed_in = opened.membership.viewer()
    return {
        "access_token": opened.access_token,
        "refresh_token": opened.refresh_token,
        "expires_at": opened.expires_at,
        "viewer": opened.membership,
    }


ACCOUNT = to_one(Account, by="account_id")
MEMBERSHIPS = to_all(Membership, by="account_id", order="created_at", where="memberships.ended_at IS NULL")
STUDENT = to_one(Student, by="student_id")
PROVIDER = to_one(Provider, by="provider_id")
SCHOOL = to_one(School, by="school_id")
