"""Campus sign-in: the identity provider of each school, and one-time attempts that end in a session (ID-1)."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from models.accounts import agreements, sessions
from models.accounts.accounts import MEMBERSHIPS, Account, Membership, new_token, normalised, token_hash
from models.accounts.agreements import Agreement
from models.accounts.persons import unless_conflict
from models.accounts.sessions import SignedIn
from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.encryption import open_sealed, seal, sealed_column
from models.base.errors import Code, Refusal, Refused, refuse_if_any
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.ids import new_id
from models.base.personal import Kept, Personal
from models.base.statements import Update, execute, fetch_one, write
from models.base.tables import Table
from models.schools.students import Student

CLIENT_SECRET = sealed_column("campus_issuers", "sealed_client_secret")
NONCE = sealed_column("campus_attempts", "sealed_nonce")
VERIFIER = sealed_column("campus_attempts", "sealed_verifier")

ATTEMPT_LASTS = timedelta(minutes=10)
CODE_LASTS = timedelta(minutes=5)
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")

NO_CAMPUS = Refusal(
    Code.NOT_FOUND, "There is no campus sign-in here.", rule="ID-1", fix="Sign in with e-mail address and password."
)
DEAD_CODE = Refusal(
    Code.NOT_FOUND,
    "This code is invalid or has expired.",
    rule="ID-3",
    path=["code"],
    fix="Begin the campus sign-in again.",
)


class CampusIssuer(Entity):
    """The OpenID Connect provider of one school, and who we are to it."""

    PREFIX: ClassVar[str] = "cam"
    REACH: ClassVar[Reach] = {Role.OPS: EVERYTHING, Role.SCHOOL: "campus_issuers.school_id = {school}"}

    school_id = fields.UUIDField(unique=True)
    issuer = fields.CharField(max_length=500)
    client_id = fields.CharField(max_length=200)
    sealed_client_secret = fields.TextField()
    return_to: Any = ArrayField("text")
    created_at = fields.DatetimeField()
    disabled_at = fields.DatetimeField(null=True)

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"issuer", "client_id", "sealed_client_secret", "return_to"})
    KEPT: ClassVar[Kept] = Kept(
        long="as long as the school signs in through its campus", why="how to reach the campus's own sign-in"
    )

    class Meta:
        """One a school; its secret is sealed."""

        table = "campus_issuers"

    @property
    def client_secret(self) -> str:
        """Our secret at the provider, opened."""
        return open_sealed(self.sealed_client_secret, CLIENT_SECRET, self.id)


class CampusIdentity(Table):
    """Whom the provider's own name for a person stands for here."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    issuer_id = fields.UUIDField()
    subject = fields.CharField(max_length=255)
    membership_id = fields.UUIDField()
    created_at = fields.DatetimeField()

    PERSONAL: ClassVar[Mapping[str, Personal]] = {"subject": Personal("the campus's own name for somebody")}
    OF_STUDENT: ClassVar[str | None] = f"campus_identities.membership_id IN {MEMBERSHIPS}"
    REMOVED_AT_ERASURE: ClassVar[bool] = True
    KEPT: ClassVar[Kept] = Kept(long="until removed", why="who a campus says somebody is")

    class Meta:
        """One membership a person of a provider, and the other way round."""

        table = "campus_identities"


class CampusAttempt(Table):
    """One attempt to sign in through a campus: begun, answered by the provider, exchanged for a session, each once."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    issuer_id = fields.UUIDField()
    state_hash = fields.BinaryField()
    browser_hash = fields.BinaryField()
    sealed_nonce = fields.TextField()
    sealed_verifier = fields.TextField()
    challenge = fields.CharField(max_length=43)
    return_to = fields.CharField(max_length=500)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    answered_at = fields.DatetimeField(null=True)
    membership_id = fields.UUIDField(null=True)
    code_hash = fields.BinaryField(null=True)
    exchanged_at = fields.DatetimeField(null=True)

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"sealed_nonce", "sealed_verifier", "challenge", "return_to"})
    OF_STUDENT: ClassVar[str | None] = f"campus_attempts.membership_id IN {MEMBERSHIPS}"
    REMOVED_AT_ERASURE: ClassVar[bool] = True
    KEPT: ClassVar[Kept] = Kept(
        long="a day after its end",
        why="a sign-in through a campus that is under way",
        over="campus_attempts.expires_at <= {at} - interval '1 day'",
    )

    class Meta:
        """CHECK: it is exchanged only after it was answered."""

        table = "campus_attempts"

    @property
    def nonce(self) -> str:
        """What the identity token must repeat."""
        return open_sealed(self.sealed_nonce, NONCE, self.id)

    @property
    def verifier(self) -> str:
        """What proves to the provider that we began."""
        return open_sealed(self.sealed_verifier, VERIFIER, self.id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """A new attempt: what goes to the provider, and what stays in the person's browser."""

    issuer: CampusIssuer
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    browser: str = field(repr=False)


async def set_issuer(
    school_id: UUID,
    *,
    issuer: str,
    client_id: str,
    client_secret: str,
    return_to: Sequence[str],
    by: Viewer,
    at: datetime,
) -> CampusIssuer:
    """Enter or replace the identity provider of a school; addresses were checked by the caller."""
    if not 1 <= len(return_to) <= 10:
        raise Refusal(
            Code.OUT_OF_BOUNDS, "Name 1 to 10 addresses to return to.", rule="ID-1", path=["returnTo"], fix="Name one."
        )
    row = await CampusIssuer.filter(school_id=school_id).select_for_update(no_key=True).get_or_none()
    columns: dict[str, Any] = {"issuer": issuer, "client_id": client_id, "return_to": list(return_to)}
    if row is None:
        row = CampusIssuer(school_id=school_id, created_at=at, sealed_client_secret="", **columns)
        row.sealed_client_secret = seal(client_secret, CLIENT_SECRET, row.id)
        await write(row, new_event(EventVerb.CAMPUS_ENTERED, row, by=by, at=at))
        return row
    if row.issuer != issuer:
        await execute("DELETE FROM campus_identities WHERE issuer_id = $1", row.id)  # names of another provider
    sealed = seal(client_secret, CLIENT_SECRET, row.id)
    await write(
        Update(row, sealed_client_secret=sealed, disabled_at=None, **columns),
        new_event(EventVerb.CAMPUS_CHANGED, row, by=by, at=at),
    )
    return row


async def disable(issuer: CampusIssuer, *, by: Viewer, at: datetime) -> CampusIssuer:
    """Close a school's campus sign-in; students go on with address and password."""
    await write(Update(issuer, disabled_at=at), new_event(EventVerb.CAMPUS_DISABLED, issuer, by=by, at=at))
    return issuer


async def begin(school_id: UUID, *, challenge: str, return_to: str, at: datetime) -> Begun:
    """Begin an attempt, bound to this browser, to the client's own challenge and to an address that was entered."""
    issuer = await CampusIssuer.get_or_none(school_id=school_id, disabled_at=None)
    if issuer is None or return_to not in issuer.return_to or not CHALLENGE.fullmatch(challenge):
        raise NO_CAMPUS
    begun = Begun(
        issuer=issuer,
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        browser=secrets.token_urlsafe(32),
    )
    attempt = CampusAttempt(
        issuer_id=issuer.id,
        state_hash=token_hash(begun.state),
        browser_hash=token_hash(begun.browser),
        sealed_nonce="",
        sealed_verifier="",
        challenge=challenge,
        return_to=return_to,
        created_at=at,
        expires_at=at + ATTEMPT_LASTS,
    )
    attempt.sealed_nonce = seal(begun.nonce, NONCE, attempt.id)
    attempt.sealed_verifier = seal(begun.verifier, VERIFIER, attempt.id)
    await write(attempt)
    return begun


async def answered(state: str, browser: str, *, at: datetime) -> tuple[CampusAttempt, CampusIssuer] | None:
    """The attempt of a state that came back to the browser that began it, marked as answered: it comes back once."""
    row = await fetch_one(
        "UPDATE campus_attempts SET answered_at = $3 WHERE state_hash = $1 AND browser_hash = $2"
        " AND answered_at IS NULL AND expires_at > $3 RETURNING id",
        token_hash(state), token_hash(browser), at,
    )  # fmt: skip
    if row is None:
        return None
    attempt = await CampusAttempt.get(id=row.id)
    issuer = await CampusIssuer.get_or_none(id=attempt.issuer_id, disabled_at=None)
    return None if issuer is None else (attempt, issuer)


async def admit(
    attempt: CampusAttempt, issuer: CampusIssuer, *, subject: str, email: str | None, at: datetime
) -> str | None:
    """The one-time code for somebody whom the provider vouches for; None if the school has no such student.

    A person is known by the provider's own name for them; the first time, by an address that it has verified and that
    the school has entered.
    """
    await execute("SELECT 1 FROM campus_issuers WHERE id = $1 FOR NO KEY UPDATE", issuer.id)
    identity = await CampusIdentity.get_or_none(issuer_id=issuer.id, subject=subject)
    if identity is not None:
        membership = await Membership.get_or_none(id=identity.membership_id, ended_at=None)
    else:
        membership = await first_time(issuer, subject, normalised(email), at=at) if email else None
    if membership is None or await Account.filter(id=membership.account_id, disabled_at__isnull=False).exists():
        return None
    code = new_token("campus")
    await write(Update(attempt, membership_id=membership.id, code_hash=token_hash(code)))
    return code


async def first_time(issuer: CampusIssuer, subject: str, email: str, *, at: datetime) -> Membership | None:
    """The membership of the student of this school and address, made if there is none; None without a student."""
    student = await fetch_one(
        "SELECT id, school_id, name FROM students WHERE school_id = $1 AND lower(email) = $2", issuer.school_id, email
    )
    if student is None:
        return None
    membership = await Membership.get_or_none(student_id=student.id, ended_at=None)
    if membership is None:
        membership = await membership_for(
            Student(id=student.id, school_id=student.school_id, name=student.name), email, at
        )
        if membership is None:
            return None
    elif await CampusIdentity.filter(membership_id=membership.id).exists():
        return None  # the provider has another name for this student, who is somebody else
    await write(CampusIdentity(issuer_id=issuer.id, subject=subject, membership_id=membership.id, created_at=at))
    return membership


async def membership_for(student: Student, email: str, at: datetime) -> Membership | None:
    """A membership as this student, in the account of the address, which is made if there is none.

    None if they cannot be one person, which OPS are told (ID-7).
    """
    account = await Account.get_or_none(email=email)
    made = await unless_conflict(
        lambda: membership_in(account, student, email, at),
        account_id=account.id if account else None,
        student_id=student.id,
        provider_id=None,
        by=None,
        at=at,
    )
    return None if isinstance(made, Refused) else made


async def membership_in(account: Account | None, student: Student, email: str, at: datetime) -> Membership:
    """A membership as this student, in this account or a new one."""
    if account is None:
        account = Account(email=email, name=student.name, email_verified_at=at, created_at=at)
        await write(account, new_event(EventVerb.ACCOUNT_SIGNED_UP, account, by=None, at=at, campus=True))
    membership = Membership(
        account_id=account.id, role=Role.STUDENT, student_id=student.id, school_id=student.school_id, created_at=at
    )
    await write(membership)
    return membership


async def exchange(code: str, *, verifier: str, accepted: Collection[Agreement], device: str, at: datetime) -> SignedIn:
    """The session for a one-time code, given to whom holds the verifier of the challenge that began it.

    What the person has not accepted yet is asked for; the code is not used up by that (PR-1).
    """
    row = await fetch_one(
        "UPDATE campus_attempts SET exchanged_at = $3 WHERE code_hash = $1 AND challenge = $2 AND exchanged_at IS NULL"
        " AND answered_at > $4 RETURNING membership_id",
        token_hash(code), challenge_of(verifier), at, at - CODE_LASTS,
    )  # fmt: skip
    if row is None:
        raise DEAD_CODE
    membership = await Membership.get_or_none(id=row.membership_id, ended_at=None)
    if membership is None:
        raise DEAD_CODE
    missing = set(await agreements.missing_from(membership.account_id, membership.role))
    held = set(agreements.required_of(membership.role)) - missing
    refuse_if_any(agreements.acceptance_refusals({*accepted, *held}, membership.role))
    if missing:
        await write(*agreements.accepted_now(membership.account_id, missing, at=at))
    return await sessions.open_session(membership, device=device, by_campus=True, at=at)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
