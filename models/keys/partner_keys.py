"""Keys: how a machine of a school or a practice acts; scoped, hashed, expiring, rotated with an overlap (ID-5)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from models.accounts.accounts import new_token, token_hash
from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.errors import CONSTRAINTS, Code, Refusal, refuse_if_any
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.personal import Kept
from models.base.scopes import NEEDS, OF_PRACTICE, OF_SCHOOL, Scope
from models.base.statements import Update, execute, fetch_one, write

KIND = "partner"
STARTS_WITH = f"fc_{KIND}_"
DAYS_MAX = 366
OVERLAP_HOURS_MAX = 7 * 24
SEEN_EVERY = timedelta(minutes=1)


KNOWN = frozenset(Scope)

LIVE = """
SELECT k.id, k.school_id, k.practice_id, k.scopes, k.seen_at FROM partner_keys k
 WHERE k.key_hash = $1 AND k.revoked_at IS NULL AND k.created_at <= $2 AND k.expires_at > $2
   AND (k.practice_id IS NULL OR EXISTS (
       SELECT FROM memberships m JOIN accounts a ON a.id = m.account_id
        WHERE m.practice_id = k.practice_id AND m.is_owner AND m.ended_at IS NULL AND a.disabled_at IS NULL))
"""


class PartnerKey(Entity):
    """One key of a school's or practice's machine client. Itself it is shown once, when it is made."""

    PREFIX: ClassVar[str] = "key"
    REACH: ClassVar[Reach] = {
        Role.OPS: EVERYTHING,
        Role.SCHOOL: "partner_keys.school_id = {school}",
        Role.OFFICE: "partner_keys.practice_id = {practice}",
    }

    school_id = fields.UUIDField(null=True)
    practice_id = fields.UUIDField(null=True)
    scopes: Any = ArrayField("text")
    name = fields.CharField(max_length=100)
    key_hash = fields.BinaryField()
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)
    seen_at = fields.DatetimeField(null=True)
    warned_at = fields.DatetimeField(null=True)
    replaces_id = fields.UUIDField(null=True)

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"name", "scopes"})
    KEPT: ClassVar[Kept] = Kept(long="for good, as hashes", why="which machine acted")

    class Meta:
        """CHECK: one owner, scopes of its kind, it expires within a year; UNIQUE: it is replaced once.

        A trigger lets nobody widen or lengthen one, or take it up again.
        """

        table = "partner_keys"


async def create(
    school_id: UUID | None,
    *,
    practice_id: UUID | None = None,
    name: str,
    scopes: Collection[Scope] | None = None,
    days: int,
    by: Viewer | None,
    at: datetime,
) -> tuple[PartnerKey, str]:
    """Make a key for a machine of a school or a practice; the second value is the key itself, shown this once.

    Without a word about scopes a school's key is for all that a school's may be for; a practice's says what it is for.
    """
    found = [*days_refusals(days), *scopes_refusals(scopes, of_practice=practice_id is not None)]
    if not name.strip():
        found.append(
            Refusal(
                Code.INVALID,
                "A name is required.",
                rule="ID-5",
                path=["name"],
                fix="Name the system that uses the key.",
            )
        )
    refuse_if_any(found)
    chosen = OF_SCHOOL if scopes is None else scopes
    return await made(
        school_id, name.strip(), timedelta(days=days), practice_id=practice_id, scopes=chosen, by=by, at=at
    )


async def rotate(key: PartnerKey, *, days: int, overlap_hours: int, by: Viewer, at: datetime) -> tuple[PartnerKey, str]:
    """Make the key that follows; the one before goes on for the overlap, so that the machine is changed in peace."""
    refuse_if_any([*days_refusals(days), *overlap_refusals(overlap_hours)])
    before = await locked_live(key.id, at=at)
    following = await made(
        before.school_id,
        before.name,
        timedelta(days=days),
        practice_id=before.practice_id,
        scopes=scopes_of(before.scopes),
        replaces=before.id,
        by=by,
        at=at,
    )
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
    school_id: UUID | None,
    name: str,
    lasts: timedelta,
    *,
    practice_id: UUID | None = None,
    scopes: Collection[Scope] = OF_SCHOOL,
    replaces: UUID | None = None,
    secret: str | None = None,
    by: Viewer | None,
    at: datetime,
) -> tuple[PartnerKey, str]:
    """A new key, written, and itself; a secret is given for the demo alone, whose key everybody knows."""
    secret = secret or new_token(KIND)
    key = PartnerKey(
        school_id=school_id,
        practice_id=practice_id,
        scopes=sorted(scope.value for scope in set(scopes)),
        name=name,
        key_hash=token_hash(secret),
        created_at=at,
        expires_at=at + lasts,
        replaces_id=replaces,
    )
    await write(key, new_event(EventVerb.PARTNER_KEY_CREATED, key, by=by, at=at))
    return key, secret


def scopes_refusals(scopes: Collection[Scope] | None, *, of_practice: bool) -> list[Refusal]:
    """What speaks against a key that is for this: nothing at all, what its owner's keys are not for, half a thing."""
    possible = OF_PRACTICE if of_practice else OF_SCHOOL
    if scopes is None and not of_practice:
        return []
    if not scopes:
        return [unfit_scopes("Say what the key is for.", possible)]
    if unfit := set(scopes) - possible:
        whose = "practice" if of_practice else "school"
        return [unfit_scopes(f"A {whose}'s key is not for {listed(unfit)}.", possible)]
    missing = {needed for scope, needed in NEEDS.items() if scope in scopes and needed not in scopes}
    return [unfit_scopes(f"These scopes need {listed(missing)} as well.", missing)] if missing else []


def unfit_scopes(message: str, choice: Collection[Scope]) -> Refusal:
    """A refusal about scopes, and which would do."""
    return Refusal(Code.INVALID, message, rule="ID-5", path=["scopes"], fix=f"Choose of {listed(choice)}.")


def listed(scopes: Collection[Scope]) -> str:
    """Scopes in a sentence."""
    return ", ".join(sorted(scopes))


def scopes_of(words: Collection[str]) -> frozenset[Scope]:
    """The scopes of a row; one that a later version of the program knows is none to this one."""
    return frozenset(Scope(word) for word in words if word in KNOWN)


def days_refusals(days: int) -> list[Refusal]:
    """What speaks against a key of so many days: it expires within a year."""
    if 1 <= days <= DAYS_MAX:
        return []
    return [
        Refusal(
            Code.OUT_OF_BOUNDS,
            f"A key lasts 1 to {DAYS_MAX} days.",
            rule="ID-5",
            path=["days"],
            fix="Choose fewer days, and rotate the key in time.",
        )
    ]


def overlap_refusals(hours: int) -> list[Refusal]:
    """What speaks against both keys working for so long."""
    if 0 <= hours <= OVERLAP_HOURS_MAX:
        return []
    return [
        Refusal(
            Code.OUT_OF_BOUNDS,
            f"The overlap is 0 to {OVERLAP_HOURS_MAX} hours.",
            rule="ID-5",
            path=["overlapHours"],
            fix="Choose a shorter overlap.",
        )
    ]


async def locked_live(key_id: UUID, *, at: datetime) -> PartnerKey:
    """The key, locked, if it has not ended. Raises NOT_OPEN."""
    key = await PartnerKey.filter(id=key_id).select_for_update(no_key=True).get()
    if key.revoked_at is not None or at >= key.expires_at:
        raise Refusal(Code.NOT_OPEN, "This key has ended.", rule="ID-5", path=["partnerKeyId"], fix="Create a new one.")
    return key


def is_partner_key(token: str) -> bool:
    """Whether a bearer token is a machine's key and not a session's."""
    return token.startswith(STARTS_WITH)


async def viewer_of(token: str, *, at: datetime) -> Viewer | None:
    """Who a key acts for: its owner's machine, which stands for itself in history; None when the key has ended.

    A practice's acts with the reach of its office, and only as long as the practice has an owner who may sign in.
    """
    row = await fetch_one(LIVE, token_hash(token), at)
    if row is None:
        return None
    if row.seen_at is None or at - row.seen_at >= SEEN_EVERY:
        await execute("UPDATE partner_keys SET seen_at = $2 WHERE id = $1", row.id, at)
    role = Role.PARTNER if row.practice_id is None else Role.OFFICE
    return Viewer(
        account_id=row.id,
        role=role,
        school_id=row.school_id,
        practice_id=row.practice_id,
        scopes=scopes_of(row.scopes),
    )


CONSTRAINTS["partner_keys_scopes"] = Refusal(
    Code.INVALID, "These scopes are not for such a key.", rule="ID-5", path=["scopes"], fix="Choose other scopes."
)
CONSTRAINTS["partner_keys_owner"] = Refusal(
    Code.INVALID, "A key belongs to a school or to a practice.", rule="ID-5", path=["practiceId"], fix="Name one."
)
CONSTRAINTS["partner_keys_fixed"] = Refusal(
    Code.NOT_OPEN, "This key has ended.", rule="ID-5", path=["partnerKeyId"], fix="Create a new one."
)
CONSTRAINTS["partner_keys_follows"] = Refusal(
    Code.CONFLICT,
    "A key that follows another has its scopes.",
    rule="ID-5",
    path=["partnerKeyId"],
    fix="Create a new key for other scopes.",
)
CONSTRAINTS["partner_keys_replaced_once"] = Refusal(
    Code.CONFLICT,
    "This key was already rotated.",
    rule="ID-5",
    path=["partnerKeyId"],
    fix="Rotate the key that followed it.",
)
