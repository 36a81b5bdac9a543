"""Budgets: how much each viewer and each source has taken of the present minute, counted for all processes together.

A process takes a chunk at a time and spends it by itself. What was taken is only ever added to: a chunk is the piece
between the count before and the count after, and the part of it below the limit is what may be spent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from tortoise import fields

from models.base.personal import Kept
from models.base.statements import fetch
from models.base.tables import Table

KEY_BYTES = 16


class Budget(Table):
    """What all processes have taken for one viewer or source in one minute."""

    id = fields.BinaryField(primary_key=True)
    until = fields.DatetimeField(db_index=True)
    leased = fields.BigIntField()

    KEPT: ClassVar[Kept] = Kept(
        long="10 minutes",
        why="how much each viewer and source takes; under hashes, and counted in real time",
        over="budgets.until < now() - interval '10 minutes'",
    )

    class Meta:
        """Unlogged: a crash of the database costs its counts, not the speed of every request before it."""

        table = "budgets"


@dataclass(frozen=True, slots=True)
class Lease:
    """A process's wish for a chunk of one budget in the window that ends at `until` (seconds since 1970)."""

    key: str
    until: int
    amount: int

    @property
    def id(self) -> bytes:
        """The row's id; a hash, so that the table tells nobody's address."""
        return hashlib.blake2b(f"{self.until} {self.key}".encode(), digest_size=KEY_BYTES).digest()


# Ordered, so that two processes that lease the same budgets at once never wait for each other in a circle.
LEASE = """
INSERT INTO budgets (id, until, leased)
SELECT id, until, amount FROM unnest($1::bytea[], $2::timestamptz[], $3::bigint[]) AS asked (id, until, amount)
 ORDER BY id
    ON CONFLICT (id) DO UPDATE SET leased = budgets.leased + excluded.leased
RETURNING id, leased
"""


async def lease(wishes: Sequence[Lease]) -> list[int]:
    """Take the chunks in one statement; returns for each what all processes have taken now, this chunk included."""
    ids = [wish.id for wish in wishes]
    rows = await fetch(
        LEASE,
        ids,
        [datetime.fromtimestamp(wish.until, UTC) for wish in wishes],
        [wish.amount for wish in wishes],
    )
    taken = {row.id: row.leased for row in rows}
    return [taken[id] for id in ids]
