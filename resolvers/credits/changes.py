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
    student_id: Annotated[UUID | None, Student, "Only this student's; default all you may see."] = None,
) -> AsyncIterator[ChangeNotice]:
    """Wallets whose balances changed, in their current state. Several changes at once are reported once.

    The first message has `refetch: true`.
    """
    return told(context, WALLETS, student_id)


WALLET = to_one(Wallet, by="row_id")
