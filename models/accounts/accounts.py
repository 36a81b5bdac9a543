"""Accounts: who signs in, under which memberships, and the sessions that sign-in opens."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.effects import Effects
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.exports import in_record
from models.base.ids import new_id
from models.base.personal import EMPTY, NOWHERE_ADDRESS, NULL, Kept, Personal
from models.base.statements import Update, write
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


MEMBERSHIPS = "(SELECT held.id FROM memberships held WHERE held.student_id = {student})"
"""The memberships as one student."""


def alone(column: str) -> str:
    """The condition of an account that acts for nobody but this student; one that is a provider's too stays theirs."""
    return (
        f"{column} IN (SELECT held.account_id FROM memberships held WHERE held.student_id = {{student}} AND NOT EXISTS"
        " (SELECT 1 FROM memberships other WHERE other.account_id = held.account_id AND other.ended_at IS NULL"
        " AND other.student_id IS DISTINCT FROM {student}))"
    )


class Account(Entity):
    """A person who can sign in."""

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

    PERSONAL: ClassVar[Mapping[str, Personal]] = {
        "email": Personal("address", erased=NOWHERE_ADDRESS, is_address=True),
        "name": Personal("name", erased="'Erased student'"),
        "password_hash": Personal("the password's hash", erased=NULL),
    }
    OF_STUDENT: ClassVar[str | None] = alone("accounts.id")
    WRITTEN_TO: ClassVar[str | None] = "true"
    KEPT: ClassVar[Kept] = Kept(long="until erased", why="who signs in")

    class Meta:
        """UNIQUE on the normalised address, so that case makes no second account."""

        table = "accounts"

    async def disable(self, *, by: Viewer, at: datetime) -> Account:
        """Shut the account: its sessions end at once and nobody signs in to it (ID-2).

        A provider that it acts for is not found any more, by a trigger; later areas end what waits for it (ID-7).
        """
        if self.disabled_at is None:
            await account_shuts.raised(self, by=by, at=at)
            await write(Update(self, disabled_at=at), new_event(EventVerb.ACCOUNT_DISABLED, self, by=by, at=at))
            await account_shut.raised(self, by=by, at=at)
        return self

    async def enable(self, *, by: Viewer, at: datetime) -> Account:
        """Open the account again; its sessions of before stay ended."""
        if self.disabled_at is not None:
            await write(Update(self, disabled_at=None), new_event(EventVerb.ACCOUNT_ENABLED, self, by=by, at=at))
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

    PERSONAL: ClassVar[Mapping[str, Personal]] = {"title": Personal("the person's own title", erased=EMPTY)}
    OF_STUDENT: ClassVar[str | None] = "memberships.student_id = {student}"
    KEPT: ClassVar[Kept] = Kept(long="for good", why="as what somebody acted")

    class Meta:
        """CHECK: a role has the subject that it acts for, and no other; an office user but the owner lapses (ID-4)."""

        table = "memberships"

    async def end(self, *, by: Viewer, at: datetime) -> Membership:
        """End what the account may act under; sessions under it end at once (ID-2)."""
        if self.ended_at is None:
            await write(Update(self, ended_at=at), new_event(EventVerb.MEMBERSHIP_ENDED, self, by=by, at=at))
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

    PERSONAL: ClassVar[Mapping[str, Personal]] = {"device": Personal("the name of a device", erased=EMPTY)}
    OF_STUDENT: ClassVar[str | None] = f"(sessions.membership_id IN {MEMBERSHIPS} OR {alone('sessions.account_id')})"
    KEPT: ClassVar[Kept] = Kept(long="for good, without secrets once over", why="where somebody was signed in")

    class Meta:
        """The access token is kept as its hash alone."""

        table = "sessions"


OF_ACCOUNTS = "(SELECT held.account_id FROM memberships held WHERE held.student_id = $1)"
"""The accounts that act as one student."""

in_record(Account, "name", "email", "email_verified_at", "created_at", where=f"accounts.id IN {OF_ACCOUNTS}")
in_record(Membership, "account_id", "role", "school_id", "created_at", "ended_at", where="memberships.student_id = $1")
in_record(
    Session,
    "account_id",
    "membership_id",
    "device",
    "created_at",
    "seen_at",
    "until",
    "revoked_at",
    where="sessions.membership_id IN (SELECT held.id FROM memberships held WHERE held.student_id = $1)",
)


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

    KEPT: ClassVar[Kept] = Kept(
        long="30 days after their session's end",
        why="to see that one is used twice (ID-2)",
        over=(
            "EXISTS (SELECT 1 FROM sessions s WHERE s.id = refresh_tokens.session_id"
            " AND least(s.until, coalesce(s.revoked_at, s.until)) < {at} - interval '30 days')"
        ),
    )

    class Meta:
        """Kept as hashes alone."""

        table = "refresh_tokens"


account_shuts: Effects[Account] = Effects()
"""An account is about to be shut: what ends before it, where locks are taken in that order."""

account_shut: Effects[Account] = Effects()
"""An account was shut (ID-7): later areas say what becomes of what it offered and of what waits for it."""


def new_token(kind: str) -> str:
    """A new secret for a person or a device: 256 random bits behind a prefix that secret scanners can find."""
    return f"fc_{kind}_{secrets.token_urlsafe(32)}"


def token_hash(token: str) -> bytes:
    """What is kept of a token: a plain hash is enough, as the token is random, not chosen by a person."""
    return hashlib.sha256(token.encode()).digest()


def normalised(email: str) -> str:
    """An address as it is kept and compared: without spaces around it, in lower case."""
    return email.strip().lower()
