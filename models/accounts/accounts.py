"""Accounts: who signs in, under which memberships, and the sessions that sign-in opens."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import datetime, timedelta
from typing import ClassVar, Protocol
from uuid import UUID

from tortoise import fields

from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.events import happened
from models.base.ids import new_id
from models.base.statements import Change, write
from models.base.tables import Table

ACCESS_LASTS = timedelta(minutes=15)

INACTIVITY: dict[Role, timedelta] = {
    Role.OPS: timedelta(minutes=15),
    Role.FINANCE: timedelta(minutes=15),
    Role.SCHOOL: timedelta(minutes=30),
    Role.OFFICE: timedelta(minutes=30),
    Role.PROVIDER: timedelta(minutes=30),
    Role.STUDENT: timedelta(days=30),
    Role.PARTNER: timedelta(minutes=15),
}
"""After how long without a request a session ends (ID-2)."""

SESSION_LASTS: dict[Role, timedelta] = {role: timedelta(hours=12) for role in Role} | {
    Role.STUDENT: timedelta(days=180)
}
"""The absolute end of a session, however busy it is (ID-2)."""

NEED_SECOND_FACTOR = frozenset({Role.OPS, Role.FINANCE})
"""Who may do nothing without a second factor (ID-1)."""

PEOPLE = frozenset(Role) - {Role.PARTNER}
"""Every role but the machine's."""


def own(column: str) -> dict[Role, str]:
    """Each signed-in person reaches the rows of their own account; OPS reach all."""
    reach: dict[Role, str] = {role: f"{column} = {{account}}" for role in Role if role is not Role.PARTNER}
    return reach | {Role.OPS: EVERYTHING}


class ShutEffect(Protocol):
    """What an area does around the shutting of a person's account, in the same transaction."""

    def __call__(self, person_id: UUID, *, by: Viewer, at: datetime) -> AbstractAsyncContextManager[None]: ...


WHEN_SHUT: list[ShutEffect] = []
"""The effects of the areas to the right, which add their own."""


class Account(Entity):
    """One person who signs in, by e-mail address."""

    PREFIX: ClassVar[str] = "acc"
    REACH: ClassVar[Reach] = own("accounts.id") | {
        Role.OFFICE: (
            "(accounts.id = {account} OR EXISTS (SELECT 1 FROM memberships colleague"
            " WHERE colleague.account_id = accounts.id AND colleague.practice_id = {practice}"
            " AND colleague.ended_at IS NULL))"
        )
    }
    REACH_WITHOUT_SECOND_FACTOR: ClassVar[str] = "accounts.id = {account}"

    MADE_BY_DATABASE: ClassVar[frozenset[str]] = frozenset({"person_id"})

    person_id = fields.UUIDField(unique=True)
    email = fields.CharField(max_length=254)
    name = fields.CharField(max_length=200)
    password_hash = fields.CharField(max_length=200, null=True)
    email_verified_at = fields.DatetimeField(null=True)
    disabled_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        """UNIQUE on the normalised address, so that case makes no second account."""

        table = "accounts"

    async def disable(self, *, by: Viewer, at: datetime) -> Account:
        """Shut the account: its sessions end at once and nobody signs in to it (ID-2).

        A provider that it acts for is not found any more, by a trigger; later areas end what waits for it (ID-7).
        """
        if self.disabled_at is None:
            async with AsyncExitStack() as effects:
                for effect in WHEN_SHUT:
                    await effects.enter_async_context(effect(self.person_id, by=by, at=at))
                await write(Change(self, disabled_at=at), happened("account.disabled", self, by=by, at=at))
        return self

    async def enable(self, *, by: Viewer, at: datetime) -> Account:
        """Open the account again; its sessions of before stay ended."""
        if self.disabled_at is not None:
            await write(Change(self, disabled_at=None), happened("account.enabled", self, by=by, at=at))
        return self


class Membership(Entity):
    """What one account is to the program: a role, and the school, provider, practice or student it acts for."""

    PREFIX: ClassVar[str] = "mem"
    REACH: ClassVar[Reach] = own("memberships.account_id") | {
        Role.OFFICE: "(memberships.account_id = {account} OR memberships.practice_id = {practice})"
    }
    REACH_WITHOUT_SECOND_FACTOR: ClassVar[str] = "memberships.account_id = {account}"

    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="memberships", on_delete=fields.RESTRICT, db_index=True
    )
    account_id: UUID
    role = fields.CharEnumField(Role, max_length=10)
    student_id = fields.UUIDField(null=True)
    provider_id = fields.UUIDField(null=True)
    practice_id = fields.UUIDField(null=True)
    school_id = fields.UUIDField(null=True)
    title = fields.CharField(max_length=100, default="")
    is_owner = fields.BooleanField(default=False)
    validated_at = fields.DatetimeField(null=True)
    revalidate_by = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        """CHECK: a role has the subject that it acts for, and no other; an office user but the owner lapses (ID-4)."""

        table = "memberships"

    async def end(self, *, by: Viewer, at: datetime) -> Membership:
        """End what the account may act under; sessions under it end at once (ID-2)."""
        if self.ended_at is None:
            await write(Change(self, ended_at=at), happened("membership.ended", self, by=by, at=at))
        return self

    def has_lapsed(self, at: datetime) -> bool:
        """Whether an office user was not revalidated in time (ID-4)."""
        return self.revalidate_by is not None and at >= self.revalidate_by

    def viewer(self, *, session_id: UUID | None = None, needs_second_factor: bool = False) -> Viewer:
        """The viewer that acts under this membership."""
        return Viewer(
            account_id=self.account_id,
            role=self.role,
            membership_id=self.id,
            session_id=session_id,
            student_id=self.student_id,
            provider_id=self.provider_id,
            practice_id=self.practice_id,
            school_id=self.school_id,
            needs_second_factor=needs_second_factor,
        )


class Session(Entity):
    """One sign-in on one device, under one membership; ends by inactivity, absolutely, or by being revoked."""

    PREFIX: ClassVar[str] = "ses"
    REACH: ClassVar[Reach] = own("sessions.account_id")

    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="sessions", on_delete=fields.RESTRICT, db_index=True
    )
    account_id: UUID
    membership: fields.ForeignKeyRelation[Membership] = fields.ForeignKeyField(
        "models.Membership", related_name="sessions", on_delete=fields.RESTRICT, db_index=True
    )
    membership_id: UUID
    access_hash = fields.BinaryField()
    access_until = fields.DatetimeField()
    device = fields.CharField(max_length=200, default="")
    created_at = fields.DatetimeField()
    seen_at = fields.DatetimeField()
    until = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)
    second_factor_at = fields.DatetimeField(null=True)
    by_campus = fields.BooleanField(default=False)

    class Meta:
        """The access token is kept as its hash alone."""

        table = "sessions"


class RefreshToken(Table):
    """One refresh token of a session's family; using it twice revokes the session (ID-2)."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    session: fields.ForeignKeyRelation[Session] = fields.ForeignKeyField(
        "models.Session", related_name="refresh_tokens", on_delete=fields.RESTRICT, db_index=True
    )
    session_id: UUID
    token_hash = fields.BinaryField()
    created_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        """Kept as hashes alone."""

        table = "refresh_tokens"


def new_token(kind: str) -> str:
    """A new secret for a person or a device: 256 random bits behind a prefix that secret scanners can find."""
    return f"fc_{kind}_{secrets.token_urlsafe(32)}"


def token_hash(token: str) -> bytes:
    """What is kept of a token: a plain hash is enough, as the token is random, not chosen by a person."""
    return hashlib.sha256(token.encode()).digest()


def normalised(email: str) -> str:
    """An address as it is kept and compared: without spaces around it, in lower case."""
    return email.strip().lower()
