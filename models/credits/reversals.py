"""Reversals: a transfer made by mistake is undone by another that names it, once, and never edited (CR-10)."""

from __future__ import annotations

from datetime import datetime

from models.base.access import Viewer
from models.base.effects import Effects
from models.base.errors import CONSTRAINTS, Code, Refusal, refuse_if_any
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.statements import write
from models.credits.ledger import Bucket, Grant, ReversalReason, Transfer, TransferKind

transfer_reversed: Effects[Transfer] = Effects()
"""A transfer is about to be reversed: later areas refuse it, or end with it what it is the ground of."""

NEVER: dict[TransferKind, tuple[str, str]] = {
    TransferKind.HOLD: (
        "A hold ends with its appointment.",
        "End the appointment: withdraw, decline or cancel it, mark it as missed, or attest its session.",
    ),
    TransferKind.RELEASE: (
        "A release has ended a hold: the credit is available again, or has expired with its grant.",
        "Nothing is to be undone; the student may request a session anew by requestAppointment.",
    ),
    TransferKind.REVERSE: (
        "A reversal is not reversed itself.",
        "Let the school grant credits anew by grantCredits, or take them back by revokeCredits.",
    ),
}
"""The kinds that end in their own ways: why, and how."""
RETURNS = frozenset({TransferKind.SETTLE, TransferKind.SETTLE_LATE, TransferKind.FORFEIT})
"""What goes back to available, or to expired if its grant is over."""
LEFT_AVAILABLE = frozenset({TransferKind.EXPIRE, TransferKind.REVOKE})
"""What goes back while its grant lives."""


async def reverse(other: Transfer, *, reason: ReversalReason, by: Viewer, at: datetime) -> Transfer:
    """Undo a transfer by another that names it; the caller has locked its wallet (CR-10).

    Raises NOT_ELIGIBLE for what is not reversed, CONFLICT for what was reversed already.
    """
    given = await Grant.get(id=other.grant_id)
    refuse_if_any(reversal_refusals(other, given, at=at))
    if await Transfer.filter(reverses_id=other.id).exists():
        raise ALREADY
    await transfer_reversed.raised(other, by=by, at=at)
    target = target_of(other, given, at=at)
    undoing = Transfer(
        wallet_id=other.wallet_id,
        student_id=other.student_id,
        school_id=other.school_id,
        grant_id=other.grant_id,
        appointment_id=other.appointment_id,
        reverses_id=other.id,
        kind=TransferKind.REVERSE,
        source=other.target,
        target=target,
        credits=other.credits,
        reason=reason,
        by_account=by.account_id,
        at=at,
    )
    data = {"credits": other.credits, "kind": other.kind.value, "target": target.value, "reason": reason.value}
    await write(undoing, new_event(EventVerb.CREDIT_REVERSED, given, by=by, at=at, **data))
    return undoing


def is_over(given: Grant, at: datetime) -> bool:
    """Whether the time of a grant is over (CR-3)."""
    return given.expires_at is not None and given.expires_at <= at


def target_of(other: Transfer, given: Grant, *, at: datetime) -> Bucket:
    """Where the credits of a transfer go when it is reversed."""
    if other.kind is TransferKind.GRANT:
        return Bucket.SCHOOL
    return Bucket.EXPIRED if other.kind in RETURNS and is_over(given, at) else Bucket.AVAILABLE


def reversal_refusals(other: Transfer, given: Grant, *, at: datetime) -> list[Refusal]:
    """What speaks against the reversal of a transfer of this grant."""
    if other.kind in NEVER:
        return [not_reversed(*NEVER[other.kind])]
    if other.kind in LEFT_AVAILABLE and is_over(given, at):
        return [
            not_reversed(
                "The grant is over: its credits would expire at once.",
                "Let the school grant credits anew by grantCredits.",
            )
        ]
    if other.kind is TransferKind.GRANT and given.unused < given.credits:
        return [
            not_reversed(
                f"Only {given.unused} of the {given.credits} credits of this grant are unused.",
                "Let the school take back what is unused by revokeCredits.",
            )
        ]
    return []


def not_reversed(message: str, fix: str) -> Refusal:
    """A transfer that is not reversed."""
    return Refusal(Code.NOT_ELIGIBLE, message, rule="CR-10", path=["transferId"], fix=fix)


ALREADY = Refusal(
    Code.CONFLICT,
    "This transfer has been reversed already.",
    rule="CR-10",
    path=["transferId"],
    fix="Read it: `reversedBy` names the reversal.",
)
CONSTRAINTS["transfers_one_reversal"] = ALREADY
CONSTRAINTS["transfers_not_by_oneself"] = Refusal(
    Code.NOT_ELIGIBLE,
    "Nobody reverses a transfer of their own wallet.",
    rule="ID-9",
    path=["transferId"],
    fix="Leave it to a colleague.",
)
