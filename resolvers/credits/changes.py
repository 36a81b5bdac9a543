"""What subscriptions tell of wallets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from models.credits.ledger import Wallet, balances_of
from models.schools.students import Student
from operations.broker import ChangeNotice, Topic
from operations.changes import told
from operations.context import Context
from operations.reads.relations import to_one

# A wallet has its student's id.
WALLETS = Topic(model=Wallet, row_of=lambda fact: fact.student_id, balances=balances_of)


def wallet_changed(
    context: Context,
    *,
    student_id: Annotated[UUID | None, Student, "Only this student's; all that you may see if left out."] = None,
) -> AsyncIterator[ChangeNotice]:
    """A wallet whose balances have changed, as it is now: several changes at once are told once.

    The first message says `refetch`.
    """
    return told(context, WALLETS, student_id)


WALLET = to_one(Wallet, by="row_id")
