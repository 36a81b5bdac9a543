"""Credits: the wallet of a student, the grants of a school, and the ledger between them.

The ledger is a list of transfers. Each moves whole credits from one bucket of a wallet to another, so that every
transfer is double entry and sums to zero by its very form (CR-7). Transfers are append-only. Only the database's
own trigger on them changes a balance; CHECKs keep every balance at or above zero, so that nobody is overdrawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.transactions import in_transaction

from models.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.amounts import Credits
from models.errors import CONSTRAINTS, Code, Refusal, refuse_if_any
from models.events import Event, happened
from models.schools import CREDITS_MAX, TYPICAL_CREDITS_MAX, TYPICAL_CREDITS_MIN, School, Student
from models.statements import execute_first, fetch, fetch_one, write


class Bucket(StrEnum):
    """Where a credit is. The sum of all but SCHOOL is what was granted (CR-7)."""

    SCHOOL = "SCHOOL"
    AVAILABLE = "AVAILABLE"
    HELD = "HELD"
    SETTLED = "SETTLED"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    FORFEITED = "FORFEITED"


class TransferKind(StrEnum):
    """Why credits moved."""

    GRANT = "GRANT"
    HOLD = "HOLD"
    SETTLE = "SETTLE"
    RELEASE = "RELEASE"
    FORFEIT = "FORFEIT"
    EXPIRE = "EXPIRE"
    REVOKE = "REVOKE"
    REVERSE = "REVERSE"


MOVES: dict[TransferKind, tuple[Bucket, Bucket]] = {
    TransferKind.GRANT: (Bucket.SCHOOL, Bucket.AVAILABLE),
    TransferKind.HOLD: (Bucket.AVAILABLE, Bucket.HELD),
    TransferKind.SETTLE: (Bucket.HELD, Bucket.SETTLED),
    TransferKind.RELEASE: (Bucket.HELD, Bucket.AVAILABLE),
    TransferKind.FORFEIT: (Bucket.HELD, Bucket.FORFEITED),
    TransferKind.EXPIRE: (Bucket.AVAILABLE, Bucket.EXPIRED),
    TransferKind.REVOKE: (Bucket.AVAILABLE, Bucket.REVOKED),
    TransferKind.REVERSE: (Bucket.SETTLED, Bucket.AVAILABLE),
}
"""Between which buckets each kind moves; the database CHECKs the same table."""

WALLETS_AT_ONCE_MAX = 100

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

    class Meta:
        """CHECK: no balance below zero, and all of them together are what was granted."""

        table = "wallets"


class Grant(Entity):
    """Credits that a school gave a student at one time, and how many of them are unused."""

    PREFIX: ClassVar[str] = "grt"
    REACH: ClassVar[Reach] = reach_of_student("grants")
    RECORD_OF: ClassVar[str | None] = "student_id"

    wallet: fields.ForeignKeyRelation[Wallet] = fields.ForeignKeyField(
        "models.Wallet", related_name="grants", on_delete=fields.RESTRICT, db_index=True
    )
    wallet_id: UUID
    student: fields.ForeignKeyRelation[Student] = fields.ForeignKeyField(
        "models.Student", related_name="grants", on_delete=fields.RESTRICT, db_index=True
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

    class Meta:
        """CHECK: `unused` stays within 0 and `credits`; only the ledger's trigger changes it."""

        table = "grants"


class Transfer(Entity):
    """One line of the ledger: whole credits of one grant, moved from one bucket of a wallet to another."""

    PREFIX: ClassVar[str] = "ltx"
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
    kind = fields.CharEnumField(TransferKind, max_length=10)
    source = fields.CharEnumField(Bucket, max_length=10)
    target = fields.CharEnumField(Bucket, max_length=10)
    credits = fields.IntField()
    at = fields.DatetimeField()

    class Meta:
        """Append-only; one hold and one end of it for an appointment, by partial UNIQUE indexes."""

        table = "transfers"
        indexes = [("wallet_id", "id")]


def moved(
    kind: TransferKind, grant: Any, credits: Credits, *, at: datetime, appointment_id: UUID | None = None
) -> Transfer:
    """The transfer of this kind, to be written with the change that causes it.

    `grant` is anything that names a grant and its wallet: a `Grant`, or the facts of a booking.
    """
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


async def grant(
    student: Student, credits: Credits, *, expires_at: datetime | None, note: str, by: Viewer | None, at: datetime
) -> Grant:
    """The school grants credits to one of its students (CR-2, CR-3)."""
    school = await School.get(id=student.school_id)
    refuse_if_any(grant_refusals(school, credits, expires_at, at))
    await lock_wallet(student.id)
    given = Grant(
        wallet_id=student.id,
        student_id=student.id,
        school_id=student.school_id,
        credits=credits.units,
        expires_at=expires_at,
        note=note,
        granted_at=at,
    )
    await write(given, moved(TransferKind.GRANT, given, credits, at=at), granted(given, by=by, at=at))
    given.unused = credits.units
    return given


def granted(given: Grant, *, by: Viewer | None, at: datetime) -> Event:
    """The event of a grant, with its number of credits."""
    return happened("credit.granted", given, by=by, at=at, credits=given.credits)


def grant_refusals(school: School, credits: Credits, expires_at: datetime | None, at: datetime) -> list[Refusal]:
    """Everything that speaks against a grant, at once (CR-2, CR-3)."""
    found = []
    if credits.units > CREDITS_MAX:
        # A school's limits may have been set around School.open; its sums would overflow with them.
        found.append(
            Refusal(
                Code.OUT_OF_BOUNDS,
                f"No grant exceeds {CREDITS_MAX:,} credits.",
                rule="CR-2",
                path=["credits"],
                fix="Grant fewer; one credit is one session.",
            )
        )
    elif not school.credits_min <= credits.units <= school.credits_max:
        found.append(
            Refusal(
                Code.OUT_OF_BOUNDS,
                f"{school.name} grants {school.credits_min} to {school.credits_max} credits at a time.",
                rule="CR-2",
                path=["credits"],
                fix="Grant a number within the limits, or ask OPS to change them.",
            )
        )
    if expires_at is not None and expires_at <= at:
        found.append(
            Refusal(
                Code.INVALID,
                "A grant expires in the future.",
                rule="CR-3",
                path=["expiresAt"],
                fix="Choose a later date, or none.",
            )
        )
    return found


def grant_warnings(credits: Credits) -> list[str]:
    """What is unusual about a grant although it is allowed (CR-2)."""
    if TYPICAL_CREDITS_MIN <= credits.units <= TYPICAL_CREDITS_MAX:
        return []
    return [f"A student typically gets {TYPICAL_CREDITS_MIN} to {TYPICAL_CREDITS_MAX} credits (CR-2)."]


async def revoke_unused(student_id: UUID, *, by: Viewer, at: datetime) -> int:
    """Take back what is neither held nor gone, grant by grant; how many credits it was. The wallet is locked."""
    revoked = 0
    for unused in await Grant.filter(wallet_id=student_id, unused__gt=0).order_by("id"):
        await write(
            moved(TransferKind.REVOKE, unused, Credits(unused.unused), at=at),
            happened("credit.revoked", unused, by=by, at=at, credits=unused.unused),
        )
        revoked += unused.unused
    return revoked


OVER = """
SELECT DISTINCT grants.wallet_id FROM grants WHERE grants.expires_at <= $1 AND grants.unused > 0 LIMIT $2
"""


async def expire_unused(*, at: datetime, wallets_max: int = WALLETS_AT_ONCE_MAX) -> int:
    """Expire what is unused of the grants whose time is over (CR-3); the worker calls it. Says how many wallets.

    A credit that is released after its grant's end expires with the next call.
    """
    wallets = await fetch(OVER, at, wallets_max)
    for wallet in wallets:
        async with in_transaction():
            await lock_wallet(wallet.wallet_id)
            over = Grant.filter(wallet_id=wallet.wallet_id, expires_at__lte=at, unused__gt=0)
            for unused in await over.order_by("id"):
                await write(
                    moved(TransferKind.EXPIRE, unused, Credits(unused.unused), at=at),
                    happened("credit.expired", unused, by=None, at=at, credits=unused.unused),
                )
    return len(wallets)


async def lock_wallet(student_id: UUID) -> None:
    """Lock a student's wallet until the transaction ends: always the first lock (wallet, appointment, claim)."""
    await execute_first("SELECT 1 FROM wallets WHERE id = $1 FOR NO KEY UPDATE", student_id)


async def held_grant(appointment_id: UUID) -> Any:
    """The grant, with its wallet, of which one credit is held for this appointment."""
    return await fetch_one(
        "SELECT grant_id AS id, wallet_id, student_id, school_id FROM transfers"
        " WHERE appointment_id = $1 AND kind = 'HOLD'",
        appointment_id,
    )


PROOF = """
WITH entries AS (
    SELECT wallet_id, source AS bucket, -credits AS credits FROM transfers
    UNION ALL
    SELECT wallet_id, target, credits FROM transfers
), derived AS (
    SELECT wallet_id,
           -coalesce(sum(credits) FILTER (WHERE bucket = 'SCHOOL'), 0) AS granted,
           coalesce(sum(credits) FILTER (WHERE bucket = 'AVAILABLE'), 0) AS available,
           coalesce(sum(credits) FILTER (WHERE bucket = 'HELD'), 0) AS held,
           coalesce(sum(credits) FILTER (WHERE bucket = 'SETTLED'), 0) AS settled,
           coalesce(sum(credits) FILTER (WHERE bucket = 'EXPIRED'), 0) AS expired,
           coalesce(sum(credits) FILTER (WHERE bucket = 'REVOKED'), 0) AS revoked,
           coalesce(sum(credits) FILTER (WHERE bucket = 'FORFEITED'), 0) AS forfeited
      FROM entries GROUP BY wallet_id
)
SELECT w.id FROM wallets w LEFT JOIN derived d ON d.wallet_id = w.id
 WHERE (w.granted, w.available, w.held, w.settled, w.expired, w.revoked, w.forfeited)
       IS DISTINCT FROM
       (coalesce(d.granted, 0), coalesce(d.available, 0), coalesce(d.held, 0), coalesce(d.settled, 0),
        coalesce(d.expired, 0), coalesce(d.revoked, 0), coalesce(d.forfeited, 0))
"""

UNUSED_PROOF = """
SELECT g.id FROM grants g
  LEFT JOIN (SELECT grant_id, sum(CASE WHEN target = 'AVAILABLE' THEN credits ELSE 0 END)
                              - sum(CASE WHEN source = 'AVAILABLE' THEN credits ELSE 0 END) AS unused
               FROM transfers GROUP BY grant_id) t ON t.grant_id = g.id
 WHERE g.unused IS DISTINCT FROM coalesce(t.unused, 0)
"""


async def wallets_that_disagree() -> Sequence[UUID]:
    """The wallets whose balances are not what the ledger's transfers make of them: none, ever (CR-7)."""
    return [row.id for row in await fetch(PROOF)]


async def grants_that_disagree() -> Sequence[UUID]:
    """The grants whose unused credits are not what the ledger's transfers make of them: none, ever (CR-7)."""
    return [row.id for row in await fetch(UNUSED_PROOF)]


CONSTRAINTS["wallets_available_check"] = CONSTRAINTS["grants_unused_check"] = Refusal(
    Code.NO_CREDITS, "There is no credit left.", rule="CR-4", fix="Ask your school for more credits."
)
