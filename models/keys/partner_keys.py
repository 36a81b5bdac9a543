"""Partner keys: how a school's machine acts; scoped to the school, hashed, expiring, rotated with an overlap (ID-5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from models.accounts.accounts import new_token, token_hash
from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.errors import CONSTRAINTS, Code, Refusal
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.personal import Kept
from models.base.statements import Update, execute, fetch_one, write

KIND = "partner"
STARTS_WITH = f"fc_{KIND}_"
DAYS_MAX = 366
OVERLAP_HOURS_MAX = 7 * 24
SEEN_EVERY = timedelta(minutes=1)


class PartnerKey(Entity):
    """One key of a school's machine client. Itself it is shown once, when it is made."""

    PREFIX: ClassVar[str] = "key"
    REACH: ClassVar[Reach] = {Role.OPS: EVERYTHING, Role.SCHOOL: "partner_keys.school_id = {school}"}

    school_id = fields.UUIDField()
    name = fields.CharField(max_length=100)
    key_hash = fields.BinaryField()
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)
    seen_at = fields.DatetimeField(null=True)
    replaces_id = fields.UUIDField(null=True)

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"name"})
    KEPT: ClassVar[Kept] = Kept(long="for good, as hashes", why="which machine acted")

    class Meta:
        """CHECK: it expires within a year; UNIQUE: it is replaced once."""

        table = "partner_keys"


async def create(school_id: UUID, *, name: str, days: int, by: Viewer | None, at: datetime) -> tuple[PartnerKey, str]:
    """Make a key for a school's machine client; the second value is the key itself, shown this once."""
    refuse_days(days)
    if not name.strip():
        raise Refusal(
            Code.INVALID, "A name is required.", rule="ID-5", path=["name"], fix="Name the system that uses the key."
        )
    return await made(school_id, name.strip(), timedelta(days=days), by=by, at=at)


async def rotate(key: PartnerKey, *, days: int, overlap_hours: int, by: Viewer, at: datetime) -> tuple[PartnerKey, str]:
    """Make the key that follows; the one before goes on for the overlap, so that the machine is changed in peace."""
    refuse_days(days)
    if not 0 <= overlap_hours <= OVERLAP_HOURS_MAX:
        raise Refusal(
            Code.OUT_OF_BOUNDS,
            f"The overlap is 0 to {OVERLAP_HOURS_MAX} hours.",
            rule="ID-5",
            path=["overlapHours"],
            fix="Choose a shorter overlap.",
        )
    before = await locked_live(key.id, at=at)
    following = await made(before.school_id, before.name, timedelta(days=days), replaces=before.id, by=by, at=at)
    ends = at + timedelta(hours=overlap_hours)
    await write(
        Update(before, expires_at=min(before.expires_at, ends)),
        new_event(EventVerb.PARTNER_KEY_ROTATED, before, by=by, at=at),
    )
    return following


async def revoke(key: PartnerKey, *, by: Viewer, at: datetime) -> PartnerKey:
    """End a key at once."""
    current = await locked_live(key.id, at=at)
    await write(Update(current, revoked_at=at), new_event(EventVerb.PARTNER_KEY_REVOKED, current, by=by, at=at))
    return current


async def made(
    school_id: UUID,
    name: str,
    lasts: timedelta,
    *,
    replaces: UUID | None = None,
    secret: str | None = None,
    by: Viewer | None,
    at: datetime,
) -> tuple[PartnerKey, str]:
    """A new key, written, and itself; a secret is given for the demo alone, whose key everybody knows."""
    secret = secret or new_token(KIND)
    key = PartnerKey(
        school_id=school_id,
        name=name,
        key_hash=token_hash(secret),
        created_at=at,
        expires_at=at + lasts,
        replaces_id=replaces,
    )
    await write(key, new_event(EventVerb.PARTNER_KEY_CREATED, key, by=by, at=at))
    return key, secret


def refuse_days(days: int) -> None:
    """Refuse a key that would not expire within a year."""
    if not 1 <= days <= DAYS_MAX:
        raise Refusal(
            Code.OUT_OF_BOUNDS,
            f"A key lasts 1 to {DAYS_MAX} days.",
            rule="ID-5",
            path=["days"],
            fix="Choose fewer days, and rotate the key in time.",
        )


async def locked_live(key_id: UUID, *, at: datetime) -> PartnerKey:
    """The key, locked, if it has not ended. Raises NOT_OPEN."""
    key = await PartnerKey.filter(id=key_id).select_for_update(no_key=True).get()
    if key.revoked_at is not None or at >= key.expires_at:
        raise Refusal(Code.NOT_OPEN, "This key has ended.", rule="ID-5", path=["partnerKeyId"], fix="Create a new one.")
    return key


def is_partner_key(token: str) -> bool:
    """Whether a bearer token is a partner's key and not a session's."""
    return token.startswith(STARTS_WITH)


async def viewer_of(token: str, *, at: datetime) -> Viewer | None:
    """Who a key acts for: its school's machine, which stands for itself in history; None when the key has ended."""
    row = await fetch_one(
        "SELECT id, school_id, seen_at FROM partner_keys"
        " WHERE key_hash = $1 AND revoked_at IS NULL AND created_at <= $2 AND expires_at > $2",
        token_hash(token), at,
    )  # fmt: skip
    if row is None:
        return None
    if row.seen_at is None or at - row.seen_at >= SEEN_EVERY:
        await execute("UPDATE partner_keys SET seen_at = $2 WHERE id = $1", row.id, at)
    return Viewer(account_id=row.id, role=Role.PARTNER, school_id=row.school_id)


CONSTRAINTS["partner_keys_replaced_once"] = Refusal(
    Code.CONFLICT,
    "This key was already rotated.",
    rule="ID-5",
    path=["partnerKeyId"],
    fix="Rotate the key that followed it.",
)
