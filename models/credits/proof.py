"""The proof of the ledger: every balance derived again from its transfers (CR-7)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from models.base.statements import fetch

PROOF = """
WITH lines AS (
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
      FROM lines GROUP BY wallet_id
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
