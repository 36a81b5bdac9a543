"""A practice's office users: looked after by its owner, and lapsed unless revalidated every 90 days (ID-4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from models.accounts.accounts import Membership
from models.base.access import Role, Viewer
from models.base.errors import CONSTRAINTS, Code, Refusal
from models.base.event_verbs import EventVerb
from models.base.events import new_event, write_once
from models.base.statements import Update, fetch, write

REVALIDATE_EVERY = timedelta(days=90)
REMIND_BEFORE = timedelta(days=14)


NOT_OWNER = Refusal(
    Code.NOT_ELIGIBLE,
    "Only the practice's owner manages its office users.",
    rule="ID-4",
    fix="Ask the owner of your practice.",
)


async def must_own(practice_id: UUID, by: Viewer) -> None:
    """Refuse who neither owns this practice nor is OPS (ID-4)."""
    if by.role is Role.OPS:
        return
    if not await Membership.filter(id=by.membership_id, practice_id=practice_id, is_owner=True, ended_at=None).exists():
        raise NOT_OWNER


async def office_user(membership_id: UUID, by: Viewer) -> Membership:
    """The office user, locked, if the viewer may look after them. Raises NOT_FOUND, NOT_ELIGIBLE."""
    member = await Membership.visible(by, membership_id, lock=True)
    if member is None or member.practice_id is None or member.ended_at is not None:
        raise NO_OFFICE_USER
    await must_own(member.practice_id, by)
    return member


NO_OFFICE_USER = Refusal(
    Code.NOT_FOUND,
    "There is no such office user.",
    rule="ID-4",
    path=["membershipId"],
    fix="Check the id, or read the practice's office users again.",
)


def must_not_be_owner(member: Membership) -> None:
    """Refuse what is done to office users and not to the owner."""
    if member.is_owner:
        raise Refusal(
            Code.NOT_ELIGIBLE,
            "This is the practice's owner.",
            rule="ID-4",
            path=["membershipId"],
            fix="Hand over the practice to someone else first.",
        )


async def modify(member: Membership, *, title: str, by: Viewer, at: datetime) -> Membership:
    """Change what an office user is called in the practice."""
    await write(Update(member, title=title.strip()), new_event(EventVerb.OFFICE_USER_MODIFIED, member, by=by, at=at))
    return member


async def remove(member: Membership, *, by: Viewer, at: datetime) -> Membership:
    """End an office user's access; their sessions under it end at once (ID-2, ID-4)."""
    if by.role is not Role.OPS:
        must_not_be_owner(member)
    await write(Update(member, ended_at=at), new_event(EventVerb.OFFICE_USER_REMOVED, member, by=by, at=at))
    return member


async def revalidate(member: Membership, *, by: Viewer, at: datetime) -> Membership:
    """Say that an office user still works for the practice: for another 90 days (ID-4)."""
    must_not_be_owner(member)
    await write(
        Update(member, validated_at=at, revalidate_by=at + REVALIDATE_EVERY),
        new_event(EventVerb.OFFICE_USER_REVALIDATED, member, by=by, at=at),
    )
    return member


async def hand_over(member: Membership, *, by: Viewer, at: datetime) -> Membership:
    """Make an office user the owner; the owner until now becomes an office user (ID-4)."""
    must_not_be_owner(member)
    if member.has_lapsed(at):
        raise Refusal(
            Code.NOT_ELIGIBLE,
            "This office user's access has lapsed.",
            rule="ID-4",
            path=["membershipId"],
            fix="Revalidate the office user first.",
        )
    owner = (
        await Membership.filter(practice_id=member.practice_id, is_owner=True, ended_at=None)
        .select_for_update(no_key=True)
        .first()
    )
    if owner is not None:
        # Apart from the next statement: the index allows one owner at any instant.
        await write(Update(owner, is_owner=False, validated_at=at, revalidate_by=at + REVALIDATE_EVERY))
    await write(
        Update(member, is_owner=True, validated_at=None, revalidate_by=None),
        new_event(EventVerb.PRACTICE_HANDED_OVER, member, by=by, at=at),
    )
    return member


DUE = """
SELECT m.id FROM memberships m
 WHERE m.role = 'OFFICE' AND m.ended_at IS NULL AND m.revalidate_by <= $1
   AND NOT EXISTS (SELECT 1 FROM events e WHERE e.subject_id = m.id
                      AND e.verb = 'office_user.revalidation_due' AND e.at >= m.validated_at)
 ORDER BY m.revalidate_by LIMIT 100 FOR NO KEY UPDATE SKIP LOCKED
"""


async def remind(*, at: datetime) -> int:
    """Note, once for each turn of 90 days, that an office user is soon to be revalidated; the worker calls it.

    A turn is told by its beginning, `since`; a unique index keeps a second worker from noting it again (ID-4).
    """
    ids = [row.id for row in await fetch(DUE, at + REMIND_BEFORE)]
    written = 0
    for member in await Membership.filter(id__in=ids):
        if member.validated_at is not None and member.revalidate_by is not None:
            turn = {"since": member.validated_at.isoformat(), "until": member.revalidate_by.isoformat()}
            written += await write_once(
                new_event(EventVerb.OFFICE_USER_REVALIDATION_DUE, member, by=None, at=at, **turn)
            )
    return written


CONSTRAINTS["memberships_one_owner"] = Refusal(
    Code.CONFLICT, "The practice already has an owner.", rule="ID-4", fix="Ask the owner to hand over the practice."
)
