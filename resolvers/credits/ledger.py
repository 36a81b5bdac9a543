"""How requests about wallets, grants and the ledger are answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from execution import Selection
from models.base.ids import encode
from models.credits.ledger import Grant, Transfer, Wallet
from models.credits.proof import grants_that_disagree, wallets_that_disagree
from operations.context import Context
from operations.reads.pages import Order
from operations.reads.relations import row, to_many, to_one, to_one_back

MOST_SHOWN = 100


async def wallet(context: Context, selection: Selection) -> Any:
    """Wallet of the signed-in student."""
    return await row(context, Wallet, selection, context.viewer.student_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerProof:
    """What came of deriving every balance from the ledger again."""

    wallets: list[str]
    grants: list[str]

    @property
    def agrees(self) -> bool:
        """Whether every balance matches."""
        return not self.wallets and not self.grants


async def proof(context: Context, selection: Selection) -> LedgerProof:
    """Recompute every balance from the ledger and compare; they always match (CR-7)."""
    wallets = await wallets_that_disagree()
    grants = await grants_that_disagree()
    return LedgerProof(
        wallets=[encode(Wallet.PREFIX, id) for id in wallets[:MOST_SHOWN]],
        grants=[encode(Grant.PREFIX, id) for id in grants[:MOST_SHOWN]],
    )


OF_STUDENT = to_one_back(Wallet, by="student_id")
REVERSES = to_one(Transfer, by="reverses_id")
REVERSED_BY = to_one_back(Transfer, by="reverses_id")
GRANTS = to_many(Grant, by="wallet_id", order=Order("granted_at", descending=True))
TRANSFERS = to_many(Transfer, by="wallet_id", order=Order("at", descending=True))
