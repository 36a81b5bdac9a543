"""What an erased student may no longer act by: consents, memberships, sessions, links and accounts end (ID-2)."""

from __future__ import annotations

from datetime import datetime

from models.accounts.accounts import MEMBERSHIPS, alone
from models.base.access import Viewer
from models.base.effects import Leaving, student_erased
from models.base.personal import bound
from models.base.statements import execute

ENDED = (
    "UPDATE consents SET withdrawn_at = greatest({at}, given_at) WHERE withdrawn_at IS NULL"
    f" AND person_id IN (SELECT accounts.person_id FROM accounts WHERE {alone('accounts.id')})",
    "UPDATE sessions SET revoked_at = coalesce(revoked_at, {at})"
    f" WHERE membership_id IN {MEMBERSHIPS} OR {alone('account_id')}",
    "UPDATE secret_links SET sealed_token = NULL,"
    " withdrawn_at = CASE WHEN used_at IS NULL THEN coalesce(withdrawn_at, {at}) END"
    f" WHERE {alone('account_id')}",
    "UPDATE accounts SET email_verified_at = NULL, disabled_at = coalesce(disabled_at, {at})"
    f" WHERE {alone('accounts.id')}",
    "UPDATE memberships SET ended_at = coalesce(ended_at, {at}) WHERE student_id = {student}",
)
"""An account that acts for somebody else too stays for that."""


@student_erased.effect
async def end_sign_in(leaving: Leaving, *, by: Viewer, at: datetime) -> None:
    """End the memberships and their sessions, and the consents and accounts that were the student's alone."""
    for statement in ENDED:
        text, values = bound(statement, {"student": leaving.student_id, "at": at})
        await execute(text, *values)
