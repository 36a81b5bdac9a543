"""Second factors: time-based one-time codes (TOTP), and recovery codes for the day the device is lost (ID-1).

An authenticator shows the codes of real time and knows of no demo clock, so codes are checked against real time, here
and nowhere else; all that is written, and every limit, goes by the server's time as ever.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import pyotp
from tortoise import fields

from models.accounts.accounts import Account, alone, own, token_hash
from models.base import clock
from models.base.access import Entity, Reach, Viewer
from models.base.encryption import open_sealed, seal, sealed_column
from models.base.errors import Code, Refusal
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.ids import new_id
from models.base.personal import Kept, Personal
from models.base.statements import Update, execute, fetch_one, write
from models.base.tables import Table

SECRET = sealed_column("second_factors", "sealed_secret")
STEP_SECONDS = 30
STEPS_APART = 1
CODE_DIGITS = 6
ISSUER = "Flexible Credits"
RECOVERY_CODES = 10
ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
GROUPS = 4
GROUP_LENGTH = 4

WRONG_CODE = Refusal(
    Code.INVALID_CREDENTIALS,
    "This one-time code is wrong or was already used.",
    rule="ID-1",
    path=["oneTimeCode"],
    fix="Wait for the next code, or use a recovery code.",
)
CODE_WANTED = Refusal(
    Code.SECOND_FACTOR_REQUIRED,
    "This account also needs a one-time code.",
    rule="ID-1",
    path=["oneTimeCode"],
    fix="Send the code from the authenticator, or a recovery code.",
)


class SecondFactor(Entity):
    """An account's authenticator: its secret, sealed, and the last step whose code was taken."""

    PREFIX: ClassVar[str] = "mfa"
    REACH: ClassVar[Reach] = own("second_factors.account_id")
    REACH_WITHOUT_SECOND_FACTOR: ClassVar[str] = "second_factors.account_id = {account}"

    account: fields.OneToOneRelation[Account] = fields.OneToOneField(
        "models.Account", related_name="second_factor", on_delete=fields.RESTRICT
    )
    account_id: UUID
    sealed_secret = fields.TextField()
    created_at = fields.DatetimeField()
    confirmed_at = fields.DatetimeField(null=True)
    last_step = fields.BigIntField(null=True)

    PERSONAL: ClassVar[Mapping[str, Personal]] = {"sealed_secret": Personal("the authenticator's secret, sealed")}
    OF_STUDENT: ClassVar[str | None] = alone("second_factors.account_id")
    REMOVED_AT_ERASURE: ClassVar[bool] = True
    KEPT: ClassVar[Kept] = Kept(long="until removed", why="to prove who signs in (ID-1)")

    class Meta:
        """One an account; a trigger lets the last step only grow, so that a code is taken once."""

        table = "second_factors"

    @property
    def secret(self) -> str:
        """The shared secret, opened."""
        return open_sealed(self.sealed_secret, SECRET, self.id)


class RecoveryCode(Table):
    """One of ten codes that each stand for the authenticator once; kept as a hash alone."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="recovery_codes", on_delete=fields.RESTRICT
    )
    account_id: UUID
    code_hash = fields.BinaryField()
    created_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    OF_STUDENT: ClassVar[str | None] = alone("recovery_codes.account_id")
    REMOVED_AT_ERASURE: ClassVar[bool] = True
    KEPT: ClassVar[Kept] = Kept(long="until removed", why="to prove who signs in without the authenticator (ID-1)")

    class Meta:
        """Sixteen random signs each: a plain hash keeps them."""

        table = "recovery_codes"
        unique_together = (("account_id", "code_hash"),)


async def enrol(account: Account, *, at: datetime) -> tuple[str, str]:
    """Begin to enrol an authenticator: its secret, and the same as an address for a QR code. Shown this once.

    It counts once a code of it was confirmed; beginning again replaces what was not.
    """
    await lock(account.id)
    existing = await SecondFactor.get_or_none(account_id=account.id)
    if existing is not None and existing.confirmed_at is not None:
        raise Refusal(
            Code.NOT_OPEN,
            "This account already has a second factor.",
            rule="ID-1",
            fix="Remove it first, with one of its codes.",
        )
    secret = pyotp.random_base32()
    factor = existing or SecondFactor(account_id=account.id, created_at=at, sealed_secret="")
    sealed = seal(secret, SECRET, factor.id)
    if existing is None:
        factor.sealed_secret = sealed
        await write(factor)
    else:
        await write(Update(factor, sealed_secret=sealed, created_at=at, last_step=None))
    return secret, pyotp.TOTP(secret).provisioning_uri(name=account.email, issuer_name=ISSUER)


async def confirm(account_id: UUID, code: str, *, by: Viewer, at: datetime) -> list[str]:
    """Confirm the authenticator by its first code; answers the recovery codes, shown this once (ID-1).

    This session is proved with it; all others of the account end.
    """
    factor = await locked(account_id)
    if factor is None or factor.confirmed_at is not None:
        raise Refusal(
            Code.NOT_OPEN, "No authenticator is being set up.", rule="ID-1", fix="Start with enrolSecondFactor."
        )
    step = step_of(factor, code, at=clock.real_now())
    await write(
        Update(factor, confirmed_at=at, last_step=step),
        new_event(EventVerb.ACCOUNT_SECOND_FACTOR_ADDED, await Account.get(id=account_id), by=by, at=at),
    )
    await execute(
        "UPDATE sessions SET second_factor_at = CASE WHEN id = $2 THEN $3::timestamptz END,"
        " revoked_at = CASE WHEN id = $2 THEN revoked_at ELSE $3 END WHERE account_id = $1 AND revoked_at IS NULL",
        account_id, by.session_id, at,
    )  # fmt: skip
    return await new_recovery_codes(account_id, at=at)


async def verify(account_id: UUID, code: str | None, *, at: datetime) -> datetime | None:
    """Take a one-time or recovery code for a sign-in; when it was proved, None if the account has no second factor.

    Raises SECOND_FACTOR_REQUIRED without a code, INVALID_CREDENTIALS for a wrong one or one that was taken before.
    """
    factor = await locked(account_id)
    if factor is None or factor.confirmed_at is None:
        return None
    if not code:
        raise CODE_WANTED
    if await use_recovery_code(account_id, code, at=at):
        return at
    await write(Update(factor, last_step=step_of(factor, code, at=clock.real_now())))
    return at


def step_of(factor: SecondFactor, code: str, *, at: datetime) -> int:
    """The step of time whose code this is: at most one off, and later than the last one taken. Raises WRONG_CODE.

    `at` is real time. A code that was taken is not taken again when the demo clock moves, as steps do not move with it.
    """
    digits = code.replace(" ", "")
    totp = pyotp.TOTP(factor.secret)
    now = int(at.timestamp()) // STEP_SECONDS
    for step in range(now - STEPS_APART, now + STEPS_APART + 1):
        fresh = factor.last_step is None or step > factor.last_step
        if fresh and len(digits) == CODE_DIGITS and secrets.compare_digest(totp.generate_otp(step), to_ascii(digits)):
            return step
    raise WRONG_CODE


def to_ascii(text: str) -> str:
    """The text, or one that is no code if it has other signs."""
    return text if text.isascii() else ""


async def use_recovery_code(account_id: UUID, code: str, *, at: datetime) -> bool:
    """Use a recovery code up: of any number at the same time one gets it."""
    plain = code.upper().replace("-", "").replace(" ", "")
    row = await fetch_one(
        "UPDATE recovery_codes SET used_at = $3 WHERE account_id = $1 AND code_hash = $2 AND used_at IS NULL"
        " RETURNING id",
        account_id, token_hash(plain), at,
    )  # fmt: skip
    return row is not None


async def new_recovery_codes(account_id: UUID, *, at: datetime) -> list[str]:
    """Ten new recovery codes; the ones before work no more."""
    await execute("DELETE FROM recovery_codes WHERE account_id = $1", account_id)
    codes = [recovery_code() for _ in range(RECOVERY_CODES)]
    await write(
        *(
            RecoveryCode(account_id=account_id, code_hash=token_hash(code.replace("-", "")), created_at=at)
            for code in codes
        )
    )
    return codes


def recovery_code() -> str:
    """One recovery code, in groups that a person can copy."""
    groups: Sequence[str] = ["".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS)]
    return "-".join(groups)


async def renew_recovery_codes(account_id: UUID, code: str, *, by: Viewer, at: datetime) -> list[str]:
    """New recovery codes in the place of the old ones, for a code of the authenticator."""
    await confirmed(account_id)
    await verify(account_id, code, at=at)
    await write(new_event(EventVerb.ACCOUNT_RECOVERY_CODES_RENEWED, await Account.get(id=account_id), by=by, at=at))
    return await new_recovery_codes(account_id, at=at)


async def remove(account_id: UUID, code: str | None, *, by: Viewer, at: datetime) -> None:
    """Take an account's second factor away, for one of its codes; without one it is OPS who helps somebody else."""
    factor = await confirmed(account_id)
    if code is not None:
        await verify(account_id, code, at=at)
    account = await Account.get(id=account_id)
    await write(new_event(EventVerb.ACCOUNT_SECOND_FACTOR_REMOVED, account, by=by, at=at, by_self=code is not None))
    await execute("DELETE FROM recovery_codes WHERE account_id = $1", account_id)
    await execute("DELETE FROM second_factors WHERE id = $1", factor.id)
    await execute(
        "UPDATE sessions SET second_factor_at = NULL WHERE account_id = $1 AND revoked_at IS NULL", account_id
    )


async def confirmed(account_id: UUID) -> SecondFactor:
    """The account's confirmed second factor, locked. Raises NOT_OPEN."""
    factor = await locked(account_id)
    if factor is None or factor.confirmed_at is None:
        raise Refusal(Code.NOT_OPEN, "This account has no second factor.", rule="ID-1", fix="Enrol one.")
    return factor


async def locked(account_id: UUID) -> SecondFactor | None:
    """The account's second factor, locked, so that one code is not taken twice at the same time."""
    return await SecondFactor.filter(account_id=account_id).select_for_update(no_key=True).get_or_none()


async def lock(account_id: UUID) -> None:
    """Lock the account, so that two enrolments follow one another."""
    await execute("SELECT 1 FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account_id)
