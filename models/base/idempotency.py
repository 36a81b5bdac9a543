"""Idempotency keys: a mutation that is sent again with the same key is answered, not done again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields

from models.base.errors import Code, Refusal
from models.base.ids import new_id
from models.base.personal import Kept, Personal
from models.base.statements import execute, execute_first
from models.base.tables import Table

KEPT_FOR = timedelta(hours=24)


class IdempotencyKey(Table):
    """One key of one account: what was asked (a hash) and what was answered (rows by their ids); kept 24 h."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    account_id = fields.UUIDField()
    key = fields.CharField(max_length=200)
    asked = fields.BinaryField()
    answer: dict[str, Any] | None = fields.JSONField(null=True)
    created_at = fields.DatetimeField(db_index=True)

    PERSONAL: ClassVar[Mapping[str, Personal]] = {"answer": Personal("what was answered", erased="{nothing}")}
    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"key"})
    OF_STUDENT: ClassVar[str | None] = "jsonb_path_exists(answer, '$.**.id ? (@ == $ids[*])', {ids})"
    KEPT: ClassVar[Kept] = Kept(
        long="24 hours",
        why="what is asked twice is done once",
        over=f"idempotency_keys.created_at < {{at}} - interval '{KEPT_FOR.total_seconds():.0f} s'",
    )

    class Meta:
        """One row for each key of an account."""

        table = "idempotency_keys"
        unique_together = (("account_id", "key"),)


CLAIM = """
INSERT INTO idempotency_keys AS kept (id, account_id, key, asked, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (account_id, key) DO UPDATE
   SET asked = EXCLUDED.asked, answer = NULL, created_at = EXCLUDED.created_at
 WHERE kept.answer IS NULL OR kept.answer ? 'refused' OR kept.created_at <= $6
"""
"""Takes a key that is new, or free again: its time is over, or what it was used for was refused."""


async def claim(account_id: UUID, key: str, *, digest: bytes, at: datetime) -> dict[str, Any] | None:
    """Take the key for this transaction, or return what was answered before.

    A second request with the same key waits here until the first has ended. Raises CONFLICT when the key was used for
    something else within 24 h.
    """
    if await execute_first(CLAIM, new_id(), account_id, key, digest, at, at - KEPT_FOR) != "INSERT 0 0":
        return None
    earlier = await IdempotencyKey.get(account_id=account_id, key=key)
    if bytes(earlier.asked) != digest:
        raise Refusal(
            Code.CONFLICT,
            "This idempotency key was used for another request.",
            path=["idempotencyKey"],
            fix="Send a new key for each new request; reuse a key only with the same input.",
        )
    return earlier.answer


async def keep(account_id: UUID, key: str, *, answer: str) -> None:
    """Keep the answer, as JSON, with its key, in the transaction that did the work."""
    await execute(
        "UPDATE idempotency_keys SET answer = $3::jsonb WHERE account_id = $1 AND key = $2", account_id, key, answer
    )
