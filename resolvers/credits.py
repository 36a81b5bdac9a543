"""How requests about wallets, grants and the ledger are answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.base.amounts import Credits
from models.base.ids import encode
from models.credits import grants as credits
from models.credits.ledger import Grant, Transfer, Wallet
from models.credits.proof import grants_that_disagree, wallets_that_disagree
from models.schools.students import Student
from operations.arguments import Text
from operations.context import Context
from operations.reads.pages import Order
from operations.reads.relations import row, to_many, to_one_back
from operations.reads.rows import find

MOST_SHOWN = 100


async def wallet(context: Context, selection: Selection) -> Any:
    """The wallet of the student who is signed in."""
    return await row(context, Wallet, selection, context.viewer.student_id)


async def grant(
    context: Context,
    *,
    student_id: Annotated[UUID, Student, "Who gets the credits."],
    credits: Annotated[int, "How many; one credit is one session (CR-1)."],
    expires_at: Annotated[
        datetime | None, "When unused credits expire, the end of a term say; never if left out (CR-3)."
    ] = None,
    note: Annotated[str, Text(500), "A word for the school's own records."] = "",
) -> dict[str, Any]:
    """Grant credits to a student of the school, within the school's limits (CR-2)."""
    student: Student = await find(context, Student, student_id, path="studentId")
    given = await grant_verb(
        student, Credits(credits), expires_at=expires_at, note=note, by=context.viewer, at=context.now
    )
    return {"grant": given, "warnings": warnings_of(Credits(credits))}


grant_verb = credits.grant
warnings_of = credits.grant_warnings


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerProof:
    """What came of deriving every balance from the ledger again."""

    wallets: list[str]
    grants: list[str]

    @property
    def agrees(self) -> bool:
        """Whether there is no difference at all."""
        return not self.wallets and not self.grants


async def proof(context: Context, selection: Selection) -> LedgerProof:
    """Derive every balance from the ledger's transfers again and compare: there is no difference, ever (CR-7)."""
    wallets = await wallets_that_disagree()
    grants = await grants_that_disagree()
    return LedgerProof(
        wallets=[encode(Wallet.PREFIX, id) for id in wallets[:MOST_SHOWN]],
        grants=[encode(Grant.PREFIX, id) for id in grants[:MOST_SHOWN]],
    )


OF_STUDENT = to_one_back(Wallet, by="student_id")
GRANTS = to_many(Grant, by="wallet_id", order=Order("granted_at", descending=True))
TRANSFERS = to_many(Transfer, by="wallet_id", order=Order("at", descending=True))
