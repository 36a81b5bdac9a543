"""Grants: what a school gives its students, takes back, and what expires (CR-2, CR-3)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from models.base.access import Viewer
from models.base.amounts import Credits
from models.base.dated import holds_on
from models.base.effects import Leaving, student_leaves
from models.base.errors import CONSTRAINTS, Code, Refusal, refuse_if_any
from models.base.event_verbs import EventVerb
from models.base.events import Event, new_event
from models.base.statements import fetch, fetch_one, transaction, write
from models.credits.ledger import Grant, TransferKind, lock_wallet, new_transfer
from models.schools.schools import CREDITS_MAX, TYPICAL_CREDITS_MAX, TYPICAL_CREDITS_MIN
from models.schools.students import Student

WALLETS_AT_ONCE_MAX = 100


async def grant(
    student: Student, credits: Credits, *, expires_at: datetime | None, note: str, by: Viewer | None, at: datetime
) -> Grant:
    """The school grants credits to one of its students (CR-2, CR-3)."""
    school = await fetch_one(SCHOOL_OF_LOCKED_WALLET, student.id, at)
    refuse_if_any(grant_refusals(school, credits, expires_at, at))
    given = Grant(
        wallet_id=student.id,
        student_id=student.id,
        school_id=student.school_id,
        credits=credits.units,
        expires_at=expires_at,
        note=note,
        granted_at=at,
        granted_by=by.account_id if by else None,
    )
    await write(given, new_transfer(TransferKind.GRANT, given, credits, at=at), grant_event(given, by=by, at=at))
    given.unused = credits.units
    return given


SCHOOL_OF_WALLET = f"""
SELECT schools.name, school_policies.credits_min, school_policies.credits_max
  FROM wallets JOIN schools ON schools.id = wallets.school_id
  JOIN school_policies ON school_policies.school_id = schools.id
   AND {holds_on("school_policies", "($2::timestamptz AT TIME ZONE schools.time_zone)::date")}
 WHERE wallets.id = $1
"""
"""What limits a student's grants on a day, by the school's own calendar (CR-12)."""
SCHOOL_OF_LOCKED_WALLET = f"{SCHOOL_OF_WALLET} FOR NO KEY UPDATE OF wallets"
"""The same, and the wallet is locked, in one round trip."""


class GrantLimits(Protocol):
    """What a school says about its grants."""

    @property
    def name(self) -> str:
        """What the school is called."""

    @property
    def credits_min(self) -> int:
        """The fewest credits of one grant."""

    @property
    def credits_max(self) -> int:
        """The most credits of one grant."""


def grant_event(given: Grant, *, by: Viewer | None, at: datetime) -> Event:
    """The event of a grant, with its number of credits."""
    return new_event(EventVerb.CREDIT_GRANTED, given, by=by, at=at, credits=given.credits)


def grant_refusals(school: GrantLimits, credits: Credits, expires_at: datetime | None, at: datetime) -> list[Refusal]:
    """Everything that speaks against a grant, at once (CR-2, CR-3)."""
    return [*number_refusals(school, credits), *expiry_refusals(expires_at, at)]


def number_refusals(school: GrantLimits, credits: Credits) -> list[Refusal]:
    """What speaks against so many credits of this school at a time (CR-2)."""
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
    return found


def expiry_refusals(expires_at: datetime | None, at: datetime) -> list[Refusal]:
    """What speaks against unused credits expiring then (CR-3)."""
    if expires_at is None or expires_at > at:
        return []
    return [
        Refusal(
            Code.INVALID,
            "A grant expires in the future.",
            rule="CR-3",
            path=["expiresAt"],
            fix="Choose a later date, or none.",
        )
    ]


def grant_warnings(credits: Credits) -> list[str]:
    """What is unusual about a grant although it is allowed (CR-2)."""
    if TYPICAL_CREDITS_MIN <= credits.units <= TYPICAL_CREDITS_MAX:
        return []
    return [f"A student typically gets {TYPICAL_CREDITS_MIN} to {TYPICAL_CREDITS_MAX} credits (CR-2)."]


async def revoke(given: Grant, credits: int | None, *, by: Viewer, at: datetime) -> int:
    """The school takes back unused credits of one grant, all of them or so many; how many. Its wallet is locked."""
    wanted = given.unused if credits is None else credits
    refuse_if_any(revoke_refusals(given, wanted))
    await write(
        new_transfer(TransferKind.REVOKE, given, Credits(wanted), at=at),
        new_event(EventVerb.CREDIT_REVOKED, given, by=by, at=at, credits=wanted),
    )
    given.unused -= wanted
    return wanted


def revoke_refusals(given: Grant, credits: int) -> list[Refusal]:
    """What speaks against taking so many credits back: those held or gone stay as they are."""
    if given.unused == 0:
        return [
            Refusal(
                Code.NO_CREDITS,
                "No credit of this grant is unused.",
                rule="CR-10",
                path=["grantId"],
                fix="Nothing can be taken back; what is held comes back when its appointment ends without a session.",
            )
        ]
    if 1 <= credits <= given.unused:
        return []
    return [
        Refusal(
            Code.OUT_OF_BOUNDS,
            f"{given.unused} credits of this grant are unused.",
            rule="CR-7",
            path=["credits"],
            fix=f"Take back 1 to {given.unused}, or leave the number out for all of them.",
        )
    ]


async def revoke_unused(student_id: UUID, *, by: Viewer, at: datetime) -> int:
    """Take back what is neither held nor gone, grant by grant; how many credits it was. The wallet is locked."""
    revoked = 0
    for unused in await Grant.filter(wallet_id=student_id, unused__gt=0).order_by("id"):
        await write(
            new_transfer(TransferKind.REVOKE, unused, Credits(unused.unused), at=at),
            new_event(EventVerb.CREDIT_REVOKED, unused, by=by, at=at, credits=unused.unused),
        )
        revoked += unused.unused
    return revoked


@student_leaves.effect
async def take_back(leaving: Leaving, *, by: Viewer, at: datetime) -> None:
    """Take back the unused credits of a student who leaves."""
    leaving.done["credits_revoked"] += await revoke_unused(leaving.student_id, by=by, at=at)


OVER = """
SELECT DISTINCT grants.wallet_id FROM grants WHERE grants.expires_at <= $1 AND grants.unused > 0 LIMIT $2
"""


async def expire_unused(*, at: datetime, wallets_max: int = WALLETS_AT_ONCE_MAX) -> int:
    """Expire what is unused of the grants whose time is over (CR-3); the worker calls it. Says how many wallets.

    A credit that is released after its grant's end expires with the next call.
    """
    wallets = await fetch(OVER, at, wallets_max)
    for wallet in wallets:
        async with transaction():
            await lock_wallet(wallet.wallet_id)
            over = Grant.filter(wallet_id=wallet.wallet_id, expires_at__lte=at, unused__gt=0)
            for unused in await over.order_by("id"):
                await write(
                    new_transfer(TransferKind.EXPIRE, unused, Credits(unused.unused), at=at),
                    new_event(EventVerb.CREDIT_EXPIRED, unused, by=None, at=at, credits=unused.unused),
                )
    return len(wallets)


CONSTRAINTS["grants_not_to_oneself"] = Refusal(
    Code.NOT_ELIGIBLE,
    "Nobody grants credits to themselves.",
    rule="ID-9",
    path=["studentId"],
    fix="Ask a colleague to grant them.",
)
