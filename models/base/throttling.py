"""Throttling: how often somebody may try, counted in PostgreSQL so that all processes count together (ID-3)."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from tortoise import fields

from models.base.errors import Code, Refusal
from models.base.personal import Kept
from models.base.statements import execute, fetch_one
from models.base.tables import Table

SOURCE_PREFIX_V6 = 64
FAMILIAR_FOR = timedelta(days=90)

TOO_MANY = Refusal(Code.THROTTLED, "Too many attempts.", rule="ID-3", fix="Try again later.")
"""The same answer whether there is such an account or not; it tells neither how many tries are left nor how long."""


class Throttle(Table):
    """The tries of one kind by one address, source, or pair of both, which are kept as a hash alone."""

    key = fields.CharField(primary_key=True, max_length=64)
    began_at = fields.DatetimeField()
    tries = fields.IntField()
    blocked_until = fields.DatetimeField(null=True)
    succeeded_at = fields.DatetimeField(null=True)
    forget_at = fields.DatetimeField()

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"key"})
    KEPT: ClassVar[Kept] = Kept(
        long="hours; 90 days after a success",
        why="who tries too often, and which source is familiar (ID-3); under hashes",
        over="throttles.forget_at <= {at}",
    )

    class Meta:
        """Rows are forgotten when they no longer matter."""

        table = "throttles"


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """So many tries are free; each further one doubles the wait, up to the most. A quiet window begins anew."""

    name: str
    free: int
    first: timedelta
    most: timedelta
    window: timedelta


BY_PAIR = Limit(name="pair", free=5, first=timedelta(seconds=2), most=timedelta(minutes=15), window=timedelta(hours=24))
"""One address from one source: a person who mistypes waits seconds, a program that guesses waits longer and longer."""

BY_ADDRESS = Limit(
    name="address", free=50, first=timedelta(minutes=5), most=timedelta(minutes=30), window=timedelta(hours=1)
)
"""One address from all sources: the cap for a guesser with many sources. A familiar source is never held to it."""

BY_SOURCE = Limit(
    name="source", free=1_000, first=timedelta(minutes=1), most=timedelta(minutes=15), window=timedelta(minutes=15)
)
"""One source for all addresses, which counts what was wrong. Wide, as a whole campus may share one: of 5,000 students
who come at nine a few hundred mistype."""

BY_CODE = Limit(name="code", free=5, first=timedelta(seconds=5), most=timedelta(minutes=15), window=timedelta(hours=24))
"""One-time codes of one account, whose password was right: a million codes are never tried through."""

BY_CAMPUS = Limit(
    name="campus", free=20_000, first=timedelta(minutes=1), most=timedelta(minutes=15), window=timedelta(minutes=15)
)
"""Campus sign-ins that one source begins: a whole campus may share it, so it only bounds what is written."""

BY_RESET = Limit(name="reset", free=3, first=timedelta(minutes=5), most=timedelta(hours=1), window=timedelta(hours=24))
"""Mails with links to one address."""

TAKE = """
INSERT INTO throttles AS t (key, began_at, tries, blocked_until, forget_at)
VALUES ($1, $2::timestamptz, 1, CASE WHEN $3::int <= 1 THEN $2 + $4::interval END, $2 + $6::interval + $5::interval)
ON CONFLICT (key) DO UPDATE SET
    began_at = CASE WHEN t.began_at + $6 <= $2 THEN $2 ELSE t.began_at END,
    tries = CASE WHEN t.began_at + $6 <= $2 THEN 1 ELSE t.tries + 1 END,
    blocked_until = CASE
        WHEN t.began_at + $6 <= $2 THEN NULL
        WHEN t.tries + 1 >= $3 THEN $2 + least($5, $4 * (2 ^ least(t.tries + 1 - $3, 20)))
    END,
    forget_at = greatest(t.forget_at, $2 + $6 + $5)
WHERE t.blocked_until IS NULL OR t.blocked_until <= $2
RETURNING tries
"""
"""Counts a try in one statement, before its outcome is known: of any number at the same time no more than the free
ones pass. A row that is blocked stays as it is and returns nothing."""


async def take(limit: Limit, *who: str, at: datetime) -> bool:
    """Count one try. False while the wait of an earlier one lasts."""
    row = await fetch_one(TAKE, key_of(limit, *who), at, limit.free, limit.first, limit.most, limit.window)
    return row is not None


async def give_back(limit: Limit, *who: str) -> None:
    """Take one try off again that turned out to be right; a wait that others have caused goes on."""
    await execute("UPDATE throttles SET tries = greatest(tries - 1, 0) WHERE key = $1", key_of(limit, *who))


async def clear(limit: Limit, *who: str, at: datetime) -> None:
    """Begin anew after a success, and remember it: the source is familiar for a while."""
    await execute(
        "UPDATE throttles SET tries = 0, blocked_until = NULL, succeeded_at = $2, forget_at = $3 WHERE key = $1",
        key_of(limit, *who), at, at + FAMILIAR_FOR,
    )  # fmt: skip


async def is_familiar(limit: Limit, *who: str, at: datetime) -> bool:
    """Whether there was a success in the last 90 days."""
    row = await fetch_one(
        "SELECT 1 AS one FROM throttles WHERE key = $1 AND succeeded_at > $2", key_of(limit, *who), at - FAMILIAR_FOR
    )
    return row is not None


def key_of(limit: Limit, *who: str) -> str:
    """The row of these: a hash, so that the table holds no addresses."""
    return hashlib.sha256("\0".join((limit.name, *who)).encode()).hexdigest()


def source_of(ip: str) -> str:
    """The source that an address of the network stands for: with IPv6 its whole subnet, which one person holds."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, SOURCE_PREFIX_V6), strict=False))
    return str(address)


async def admit_sign_in(email: str, source: str, *, at: datetime) -> None:
    """Count one try to sign in. Raises TOO_MANY, for an unknown address just as for a known one.

    Nobody can lock somebody else out: the wait that doubles belongs to the address and the source together, and the
    caps of the address and of the source do not hold a person who has signed in from this source before.
    """
    place = source_of(source)
    is_known = await is_familiar(BY_PAIR, email, place, at=at)
    admitted = [
        await take(BY_PAIR, email, place, at=at),
        await take(BY_SOURCE, place, at=at) or is_known,
        await take(BY_ADDRESS, email, at=at) or is_known,
    ]
    if not all(admitted):
        raise TOO_MANY


async def signed_in(email: str, source: str, *, at: datetime) -> None:
    """The try was right: it does not count, and the source is familiar from now on."""
    place = source_of(source)
    await clear(BY_PAIR, email, place, at=at)
    await give_back(BY_SOURCE, place)
    await give_back(BY_ADDRESS, email)


async def not_tried(email: str, source: str) -> None:
    """The password was never looked at, since too many were being looked at: the try does not count."""
    place = source_of(source)
    await give_back(BY_PAIR, email, place)
    await give_back(BY_SOURCE, place)
    await give_back(BY_ADDRESS, email)


async def link_was_right(source: str) -> None:
    """The link or code was a real one: the try does not count."""
    await give_back(BY_SOURCE, source_of(source))


async def admit_link(source: str, *, at: datetime) -> None:
    """Count one try to use a secret link. Raises TOO_MANY."""
    if not await take(BY_SOURCE, source_of(source), at=at):
        raise TOO_MANY
