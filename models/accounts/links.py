"""Secret links: single-use tokens that travel by mail, for an invitation, a new address or a lost password."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields

from models.accounts.accounts import alone, new_token, token_hash
from models.base.encryption import open_sealed, seal, sealed_column
from models.base.errors import Code, Refusal
from models.base.ids import new_id
from models.base.personal import NOWHERE_ADDRESS, NULL, Kept, Personal
from models.base.statements import execute, fetch_one, write
from models.base.tables import Table

SEALED_TOKEN = sealed_column("secret_links", "sealed_token")


class Purpose(StrEnum):
    """What a link does."""

    INVITATION = "INVITATION"
    EMAIL_VERIFICATION = "EMAIL_VERIFICATION"
    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105 — a purpose, not a password


LASTS = {
    Purpose.INVITATION: timedelta(days=14),
    Purpose.EMAIL_VERIFICATION: timedelta(days=3),
    Purpose.PASSWORD_RESET: timedelta(hours=1),
}

FRESH_FOR = timedelta(minutes=5)

DEAD = Refusal(
    Code.NOT_FOUND,
    "This link is invalid or has expired.",
    rule="ID-3",
    path=["token"],
    fix="Ask for a new one. If you have an account, sign in first.",
)
"""One answer for a link that never was, was used, was replaced or has ended (ID-3)."""


class SecretLink(Table):
    """One link: its token's hash, and until it was mailed the token itself, sealed, for the mail alone."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    purpose = fields.CharEnumField(Purpose, max_length=20)
    email = fields.CharField(max_length=254)
    account_id = fields.UUIDField(null=True)
    invitation_id = fields.UUIDField(null=True)
    token_hash = fields.BinaryField()
    sealed_token = fields.TextField(null=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)
    withdrawn_at = fields.DatetimeField(null=True)
    replaced_email = fields.CharField(max_length=254, null=True)

    PERSONAL: ClassVar[Mapping[str, Personal]] = {
        "email": Personal("address", erased=NOWHERE_ADDRESS, is_address=True),
        "replaced_email": Personal("former address", erased=NULL, is_address=True),
        "sealed_token": Personal("the link's token, sealed", erased=NULL),
    }
    OF_STUDENT: ClassVar[str | None] = alone("secret_links.account_id")
    KEPT: ClassVar[Kept] = Kept(
        long="for good, a sealed token only while it is live",
        why="to which address a link was sent, and which address another replaced",
        over="secret_links.sealed_token IS NOT NULL AND secret_links.expires_at <= {at}",
        then="sealed_token = NULL",
    )

    class Meta:
        """Partial UNIQUE: one live link for a purpose and a subject; a trigger lets each end once."""

        table = "secret_links"


async def issue(purpose: Purpose, *, email: str, subject: UUID, at: datetime) -> SecretLink:
    """Make a link for an account (an invitation for INVITATION), whose row the caller has locked.

    An earlier link for the same ends with it, so that the newest mail is the one that works.
    """
    column = "invitation_id" if purpose is Purpose.INVITATION else "account_id"
    await withdraw(purpose, subject=subject, at=at)
    token = new_token("link")
    link = SecretLink(
        purpose=purpose,
        email=email,
        token_hash=token_hash(token),
        created_at=at,
        expires_at=at + LASTS[purpose],
        **{column: subject},
    )
    link.sealed_token = seal(token, SEALED_TOKEN, link.id)
    await write(link)
    return link


async def is_fresh(purpose: Purpose, *, subject: UUID, at: datetime) -> bool:
    """Whether a live link was sent a moment ago, so that nobody floods a mailbox or wears its links out."""
    return await SecretLink.filter(
        purpose=purpose, account_id=subject, used_at=None, withdrawn_at=None, created_at__gt=at - FRESH_FOR
    ).exists()


async def withdraw(purpose: Purpose, *, subject: UUID, at: datetime) -> None:
    """End the live link for this purpose and subject, if there is one."""
    column = "invitation_id" if purpose is Purpose.INVITATION else "account_id"
    await execute(
        "UPDATE secret_links SET withdrawn_at = $3, sealed_token = NULL"
        f" WHERE purpose = $1 AND {column} = $2 AND used_at IS NULL AND withdrawn_at IS NULL",
        purpose.value, subject, at,
    )  # fmt: skip


LIVE = "token_hash = $1 AND purpose = $2 AND used_at IS NULL AND withdrawn_at IS NULL AND expires_at > $3"


async def find(token: str, purpose: Purpose, *, at: datetime) -> Any:
    """The live link of this token, left as it is. Raises DEAD."""
    link = await fetch_one(f"SELECT * FROM secret_links WHERE {LIVE}", token_hash(token), purpose.value, at)
    if link is None:
        raise DEAD
    return link


async def use(token: str, purpose: Purpose, *, at: datetime) -> Any:
    """Use the link of this token up: of any number at the same time one gets it, the others get DEAD."""
    link = await fetch_one(
        f"UPDATE secret_links SET used_at = $3, sealed_token = NULL WHERE {LIVE} RETURNING *",
        token_hash(token), purpose.value, at,
    )  # fmt: skip
    if link is None:
        raise DEAD
    return link


async def note_replaced(link_id: UUID, email: str) -> None:
    """Keep with a used link the address that it has put another in the place of, so that this one can be told."""
    await execute("UPDATE secret_links SET replaced_email = $2 WHERE id = $1", link_id, email)


async def token_of(link_id: UUID, *, at: datetime) -> str | None:
    """The token to put into the mail, as long as the link is live; None otherwise. For the mail alone."""
    link = await fetch_one(
        "SELECT id, sealed_token FROM secret_links WHERE id = $1 AND used_at IS NULL AND withdrawn_at IS NULL"
        " AND expires_at > $2 AND sealed_token IS NOT NULL",
        link_id, at,
    )  # fmt: skip
    return None if link is None else open_sealed(link.sealed_token, SEALED_TOKEN, link.id)


async def newest(purpose: Purpose, *, email: str, at: datetime) -> str | None:
    """The token of the newest live link to an address. For the mail alone, and for who starts the server."""
    link = await SecretLink.filter(purpose=purpose, email=email).order_by("-id").first()
    return None if link is None else await token_of(link.id, at=at)
