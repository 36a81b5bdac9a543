"""How requests about passwords and addresses are answered (ID-1 to ID-3)."""

from __future__ import annotations

from typing import Annotated, Any

from models.accounts import credentials
from models.accounts.accounts import Account
from models.accounts.credentials import Changed
from models.base import throttling
from models.base.text import EmailAddress
from operations.context import Context

Token = Annotated[str, "Token from the link in the e-mail; works once."]

NewPassword = Annotated[str, "New password, at least 8 characters for students and 12 for everyone else (ID-1)."]
CurrentPassword = Annotated[str, "Current password."]


async def admit_reset(context: Context, *, email: str) -> None:
    """Count the wish, outside of the transaction that a refusal rolls back."""
    await credentials.admit_reset(email, context.source, at=context.now)


async def request_reset(
    context: Context, _: None, *, email: Annotated[EmailAddress, "E-mail address of the account."]
) -> dict[str, Any]:
    """Request an e-mail with a link to reset the password. The result is the same for every e-mail address (ID-3)."""
    await credentials.request_reset(email, at=context.now)
    return {"accepted": True}


async def hash_for_reset(context: Context, *, token: str, password: str) -> Changed:
    """The new password's hash, made outside of the transaction."""
    await throttling.admit_link(context.source, at=context.now)
    return await credentials.hash_for_reset(token, password, at=context.now)


async def reset_password(context: Context, changed: Changed, *, token: Token, password: NewPassword) -> dict[str, Any]:
    """Set a new password with the link from the e-mail. All sign-in sessions of the account end (ID-2)."""
    await credentials.reset(token, changed, at=context.now)
    return {"was_reset": True}


async def prove_and_hash(context: Context, *, current_password: str, password: str) -> Changed:
    """The check of the current password and the new one's hash, made outside of the transaction."""
    return await credentials.prove_and_hash(context.viewer.account_id, current_password, password, at=context.now)


async def change_password(
    context: Context, changed: Changed, *, current_password: CurrentPassword, password: NewPassword
) -> Account:
    """Change your password. All your other sign-in sessions end at once (ID-2)."""
    return await credentials.change_password(changed, by=context.viewer, at=context.now)


async def prove_for_email(context: Context, *, current_password: str, email: str) -> None:
    """The check of the password, made outside of the transaction, and the count of mails to the address."""
    await credentials.prove_current(context.viewer.account_id, current_password, at=context.now)
    await credentials.admit_reset(email, context.source, at=context.now)


async def request_verification(
    context: Context,
    _: None,
    *,
    current_password: CurrentPassword,
    email: Annotated[EmailAddress, "Your e-mail address, or a new one to change it to."],
) -> Account:
    """Send a verification link to your e-mail address, or to a new one to change it (ID-1)."""
    return await credentials.request_verification(email, by=context.viewer, at=context.now)


async def admit_token(context: Context, *, token: str) -> None:
    """Count the try to use a link, outside of the transaction that a refusal rolls back."""
    await throttling.admit_link(context.source, at=context.now)


async def verify_email(context: Context, _: None, *, token: Token) -> dict[str, Any]:
    """Verify an e-mail address with the link sent to it. The link works once (ID-1)."""
    await credentials.verify_email(token, at=context.now)
    return {"verified": True}
