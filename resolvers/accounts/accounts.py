"""How requests about accounts and their memberships are answered."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.accounts import sessions
from models.accounts.accounts import Account, Membership
from models.accounts.agreements import Acceptance
from models.base.errors import Code, Refusal
from operations.context import Context
from operations.reads.relations import row, to_all, to_one
from operations.reads.rows import find_locked


async def viewer(context: Context, selection: Selection) -> Any:
    """The membership you are signed in with."""
    if context.viewer.is_machine:
        return machine(context)
    return await row(context, Membership, selection, context.viewer.membership_id)


def machine(context: Context) -> Membership:
    """A machine as a membership of nobody: it has a key and a school or practice, and no account (ID-5)."""
    viewer = context.viewer
    return Membership(
        id=viewer.account_id,
        role=viewer.role,
        school_id=viewer.school_id,
        practice_id=viewer.practice_id,
        created_at=context.now,
    )


OfAccount = Annotated[UUID, Account, "Id of the account."]


async def locked_other(context: Context, id: UUID) -> Account:
    """Somebody else's account, locked. Raises NOT_FOUND, and NOT_ELIGIBLE for one's own."""
    account = await find_locked(context, Account, id, path="accountId")
    if account.id == context.viewer.account_id:
        raise Refusal(
            Code.NOT_ELIGIBLE, "This is your own account.", path=["accountId"], fix="Ask a colleague to do it."
        )
    return account


async def disable(context: Context, *, account_id: OfAccount) -> Account:
    """Disable an account. Its sign-in sessions end at once and nobody can sign in to it (ID-2)."""
    account = await locked_other(context, account_id)
    await sessions.revoke_all(account.id, by=context.viewer, at=context.now)
    return await account.disable(by=context.viewer, at=context.now)


async def enable(context: Context, *, account_id: OfAccount) -> Account:
    """Enable a disabled account; the person can sign in again (ID-2)."""
    account = await locked_other(context, account_id)
    return await account.enable(by=context.viewer, at=context.now)


async def end_membership(
    context: Context, *, membership_id: Annotated[UUID, Membership, "Membership to end."]
) -> Membership:
    """End a membership of an account. Sign-in sessions under it end at once (ID-2)."""
    member = await find_locked(context, Membership, membership_id, path="membershipId")
    if member.id == context.viewer.membership_id:
        raise Refusal(
            Code.NOT_ELIGIBLE,
            "You are acting under this membership.",
            path=["membershipId"],
            fix="Ask a colleague to do it.",
        )
    return await member.end(by=context.viewer, at=context.now)


ACCOUNT = to_one(Account, by="account_id")
MEMBERSHIPS = to_all(Membership, by="account_id", order="created_at", where="memberships.ended_at IS NULL")
ACCEPTANCES = to_all(Acceptance, by="account_id", order="accepted_at")
