"""The ledger of credits: the wallet of a student, the grants of a school, and the transfers between buckets.

The ledger is a list of transfers. Each moves whole credits from one bucket of a wallet to another, so that every
transfer is double entry and sums to zero by its very form (CR-7). Transfers are append-only. Only the database's
own trigger on them changes a balance; CHECKs keep every balance at or above zero, so that nobody is overdrawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Protocol
from uuid import UUID

from tortoise import fields

from models.base.access import EVERYTHING, Entity, LockedBefore, Reach, Role
from models.base.amounts import Credits
from models.base.errors import CONSTRAINTS, Code, Refusal
from models.base.exports import in_record
from models.base.personal import EMPTY, Kept, Personal
from models.base.scopes import Needed, Scope
from models.base.statements import execute_first, fetch, fetch_one
from models.base.words import Words
from models.schools.schools import School
from models.schools.students import Student


class Bucket(Words):
    """Account of the credit ledger. All but SCHOOL add up to the credits granted (CR-7)."""

    SCHOOL = "SCHOOL", "The school's side of the ledger: source of all grants."
    AVAILABLE = "AVAILABLE", "Available for new requests."
    HELD = "HELD", "Held for live appointments."
    SETTLED = "SETTLED", "Used for completed sessions."
    EXPIRED = "EXPIRED", "Expired unused (CR-3)."
    REVOKED = "REVOKED", "Revoked by the school."
    FORFEITED = "FORFEITED", "Forfeited for missed sessions, under the school's policy (CR-5)."


class TransferKind(Words):
    """Kind of ledger transfer."""

    GRANT = "GRANT", "The school granted credits."
    HOLD = "HOLD", "An appointment was requested."
    SETTLE = "SETTLE", "The session was attested and its claim accepted."
    RELEASE = "RELEASE", "The appointment did not take place, or its claim was denied."
    FORFEIT = "FORFEIT", "The student missed the session and the school's policy forfeits the credit."
    EXPIRE = "EXPIRE", "Unused credits expired."
    REVOKE = "REVOKE", "The school revoked unused credits."
    SETTLE_LATE = "SETTLE_LATE", "A session whose credit had come back was paid for after all."
    REVERSE = "REVERSE", "A transfer made by mistake was reversed (CR-10)."


class ReversalReason(Words):
    """Why a transfer was reversed (CR-10)."""

    ENTERED_BY_MISTAKE = "ENTERED_BY_MISTAKE", "It was entered by mistake."
    WRONG_STUDENT = "WRONG_STUDENT", "It was meant for another student."
    WRONG_NUMBER = "WRONG_NUMBER", "It was another number of credits than was meant."
    SESSION_DID_NOT_OCCUR = "SESSION_DID_NOT_OCCUR", "The session did not take place."
    STUDENT_NOT_AT_FAULT = "STUDENT_NOT_AT_FAULT", "The student was not at fault for a missed session."
    DISPUTE_SETTLED = "DISPUTE_SETTLED", "A dispute was settled so."


MOVES: dict[TransferKind, tuple[Bucket, Bucket]] = {
    TransferKind.GRANT: (Bucket.SCHOOL, Bucket.AVAILABLE),
    TransferKind.HOLD: (Bucket.AVAILABLE, Bucket.HELD),
    TransferKind.SETTLE: (Bucket.HELD, Bucket.SETTLED),
    TransferKind.RELEASE: (Bucket.HELD, Bucket.AVAILABLE),
    TransferKind.FORFEIT: (Bucket.HELD, Bucket.FORFEITED),
    TransferKind.EXPIRE: (Bucket.AVAILABLE, Bucket.EXPIRED),
    TransferKind.REVOKE: (Bucket.AVAILABLE, Bucket.REVOKED),
    TransferKind.SETTLE_LATE: (Bucket.AVAILABLE, Bucket.SETTLED),
}
"""Between which buckets each kind moves, but for REVERSE; the database CHECKs the same table."""

REVERSALS: frozenset[tuple[Bucket, Bucket]] = frozenset(
    {
        (Bucket.SETTLED, Bucket.AVAILABLE),
        (Bucket.SETTLED, Bucket.EXPIRED),
        (Bucket.FORFEITED, Bucket.AVAILABLE),
        (Bucket.FORFEITED, Bucket.EXPIRED),
        (Bucket.EXPIRED, Bucket.AVAILABLE),
        (Bucket.REVOKED, Bucket.AVAILABLE),
        (Bucket.AVAILABLE, Bucket.SCHOOL),
    }
)
"""Between which buckets REVERSE moves: back to where the credit was, or to expired if its grant is over (CR-10)."""


OF_STUDENT: Reach = {
    Role.OPS: EVERYTHING,
    Role.FINANCE: EVERYTHING,
    Role.STUDENT: "{table}.student_id = {student}",
    Role.SCHOOL: "{table}.school_id = {school}",
    Role.PARTNER: "{table}.school_id = {school}",
}


def reach_of_student(table: str) -> Reach:
    """The reach of a table whose rows belong to a student of a school."""
    return {role: condition.replace("{table}", table) for role, condition in OF_STUDENT.items()}


class Wallet(Entity):
    """A student's credits, by bucket. It has the student's own UUID and is opened with the student by a trigger."""

    PREFIX: ClassVar[str] = "wal"
    SCOPE: ClassVar[Needed] = Scope.CREDITS_READ
    REACH: ClassVar[Reach] = reach_of_student("wallets")
    RECORD_OF: ClassVar[str | None] = "student_id"

    student: fields.OneToOneRelation[Student] = fields.OneToOneField(
        "models.Student", related_name="wallet", on_delete=fields.RESTRICT
    )
    student_id: UUID
    school: fields.ForeignKeyRelation[School] = fields.ForeignKeyField(
        "models.School", related_name="wallets", on_delete=fields.RESTRICT, db_index=True
    )
    school_id: UUID
    granted = fields.IntField(default=0)
    available = fields.IntField(default=0)
    held = fields.IntField(default=0)
    settled = fields.IntField(default=0)
    expired = fields.IntField(default=0)
    revoked = fields.IntField(default=0)
    forfeited = fields.IntField(default=0)

    KEPT: ClassVar[Kept] = Kept(long="for good", why="the books: every credit is accounted for (CR-7)")

    class Meta:
        """CHECK: no balance below zero, and all of them together are what was granted."""

        table = "wallets"


class Grant(Entity):
    """Credits that a school gave a student at one time, and how many of them are unused."""

    PREFIX: ClassVar[str] = "grt"
    LOCKED_AFTER: ClassVar[tuple[LockedBefore, ...]] = (LockedBefore("wallets", "wallets.id = grants.wallet_id"),)
    SCOPE: ClassVar[Needed] = Scope.CREDITS_READ
    REACH: ClassVar[Reach] = reach_of_student("grants")
    RECORD_OF: ClassVar[str | None] = "student_id"

    wallet: fields.ForeignKeyRelation[Wallet] = fields.ForeignKeyField(
        "models.Wallet", related_name="grants", on_delete=fields.RESTRICT, db_index=True
    )
    wallet_id: UUID
    student: fields.ForeignKeyRelation[Student] = fields.ForeignKeyField(
        "models.Student", related_name="grants", on_delete=fields.RESTRICT
    )
    student_id: UUID
    school: fields.ForeignKeyRelation[School] = fields.ForeignKeyField(
        "models.School", related_name="grants", on_delete=fields.RESTRICT, db_index=True
    )
    school_id: UUID
    credits = fields.IntField()
    unused = fields.IntField(default=0)
    expires_at = fields.DatetimeField(null=True)
    note = fields.CharField(max_length=500, default="")
    granted_at = fields.DatetimeField()
    granted_by = fields.UUIDField(null=True)

    PERSONAL: ClassVar[Mapping[str, Personal]] = {
        "note": Personal("the school's own word, which may name whom it is for", erased=EMPTY)
    }
    OF_STUDENT: ClassVar[str | None] = "grants.student_id = {student}"
    KEPT: ClassVar[Kept] = Kept(long="for good", why="the books: what each school gave (CR-7)")

    class Meta:
        """CHECK: `unused` stays within 0 and `credits`; only the ledger's trigger changes it."""

        table = "grants"


class Transfer(Entity):
    """One line of the ledger: whole credits of one grant, moved from one bucket of a wallet to another."""

    PREFIX: ClassVar[str] = "ltx"
    LOCKED_AFTER: ClassVar[tuple[LockedBefore, ...]] = (LockedBefore("wallets", "wallets.id = transfers.wallet_id"),)
    SCOPE: ClassVar[Needed] = Scope.CREDITS_READ
    REACH: ClassVar[Reach] = reach_of_student("transfers")
    RECORD_OF: ClassVar[str | None] = "student_id"

    wallet: fields.ForeignKeyRelation[Wallet] = fields.ForeignKeyField(
        "models.Wallet", related_name="transfers", on_delete=fields.RESTRICT
    )
    wallet_id: UUID
    student_id = fields.UUIDField()
    school_id = fields.UUIDField()
    grant: fields.ForeignKeyRelation[Grant] = fields.ForeignKeyField(
        "models.Grant", related_name="transfers", on_delete=fields.RESTRICT, db_index=True
    )
    grant_id: UUID
    appointment_id = fields.UUIDField(null=True)
    reverses_id = fields.UUIDField(null=True)
    overrides_id = fields.UUIDField(null=True)
    reason = fields.CharEnumField(ReversalReason, max_length=40, null=True)
    by_account = fields.UUIDField(null=True)
    kind = fields.CharEnumField(TransferKind, max_length=20)
    source = fields.CharEnumField(Bucket, max_length=10)
    target = fields.CharEnumField(Bucket, max_length=10)
    credits = fields.IntField()
    at = fields.DatetimeField()

    KEPT: ClassVar[Kept] = Kept(long="for good", why="the books: every move of a credit (CR-7)")

    class Meta:
        """Append-only; one hold and one end of it for an appointment, each undone or made up for at most once."""

        table = "transfers"
        indexes = [("wallet_id", "id")]


BALANCES = ("granted", "available", "held", "settled", "expired", "revoked", "forfeited")
"""The columns of a wallet that are its balances."""

in_record(Wallet, *BALANCES, where="wallets.student_id = $1")
in_record(Grant, "credits", "unused", "expires_at", "note", "granted_at", where="grants.student_id = $1")
in_record(
    Transfer,
    "grant_id",
    "appointment_id",
    "kind",
    "source",
    "target",
    "credits",
    "reverses_id",
    "reason",
    "at",
    where="transfers.student_id = $1",
)


class GrantNamed(Protocol):
    """A grant and its wallet, as a transfer names them: a `Grant`, or a row that was read with something else."""

    @property
    def id(self) -> UUID | None:
        """The grant."""

    @property
    def wallet_id(self) -> UUID:
        """Its wallet."""

    @property
    def student_id(self) -> UUID:
        """Whose wallet it is."""

    @property
    def school_id(self) -> UUID:
        """Which school gave it."""


def new_transfer(
    kind: TransferKind, grant: GrantNamed, credits: Credits, *, at: datetime, appointment_id: UUID | None = None
) -> Transfer:
    """The transfer of this kind, to be written with the change that causes it."""
    source, target = MOVES[kind]
    return Transfer(
        wallet_id=grant.wallet_id,
        student_id=grant.student_id,
        school_id=grant.school_id,
        grant_id=grant.id,
        appointment_id=appointment_id,
        kind=kind,
        source=source,
        target=target,
        credits=credits.units,
        at=at,
    )


async def lock_wallet(student_id: UUID) -> None:
    """Lock a student's wallet until the transaction ends: always the first lock (wallet, appointment, claim)."""
    await execute_first("SELECT 1 FROM wallets WHERE id = $1 FOR NO KEY UPDATE", student_id)


async def held_grant(appointment_id: UUID) -> GrantNamed:
    """The grant, with its wallet, of which one credit is held for this appointment."""
    grant: GrantNamed = await fetch_one(
        "SELECT grant_id AS id, wallet_id, student_id, school_id FROM transfers"
        " WHERE appointment_id = $1 AND kind = 'HOLD'",
        appointment_id,
    )
    return grant


async def balances_of(student_ids: Sequence[UUID]) -> dict[UUID, tuple[int, ...]]:
    """The balances of these students' wallets, to see whether any has changed."""
    rows = await fetch(
        "SELECT id, granted, available, held, settled, expired, revoked, forfeited FROM wallets WHERE id = ANY($1)",
        student_ids,
    )
    return {row.id: tuple(row)[1:] for row in rows}


CONSTRAINTS["wallets_available_check"] = CONSTRAINTS["grants_unused_check"] = Refusal(
    Code.NO_CREDITS, "There is no credit left.", rule="CR-4", fix="Ask your school for more credits by requestCredits."
)
