"""Credits as clients see them."""

from datetime import datetime

import strawberry

from execution import Computed
from models.base.access import Role
from models.credits import ledger
from models.credits.ledger import Bucket, TransferKind
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.credits import ledger as resolvers
from resolvers.credits.grants import check_grant, grant
from schema.base.shape import Connection, Node, extends, payload, shown, shows, value
from schema.schools.students import Student

SCHOOLS_OWN = [Role.SCHOOL, Role.PARTNER, Role.OPS]


@shows(ledger.Transfer, name="LedgerTransfer")
class LedgerTransfer(Node):
    """One line of the ledger: credits moved from one bucket to another. Never changed, only reversed (CR-7)."""

    kind: TransferKind = shown("Why they moved.")
    source: Bucket = shown("From where.")
    target: Bucket = shown("To where.")
    credits: int = shown("How many.")
    at: datetime = shown("When.")


@shows(ledger.Grant)
class Grant(Node):
    """Credits that a school gave a student at one time."""

    credits: int = shown("How many were given.")
    unused: int = shown("How many of them are neither held nor gone.")
    expires_at: datetime | None = shown("When the unused ones expire; null for never (CR-3).")
    note: str | None = relation(
        Computed(lambda row: row.note, needs=("note",)), "The school's own word on it.", allow=SCHOOLS_OWN
    )
    granted_at: datetime = shown("When they were given.")


@shows(ledger.Wallet)
class Wallet(Node):
    """A student's credits by bucket: all of them together are what was granted, at every instant (CR-7)."""

    granted: int = shown("All credits ever granted.")
    available: int = shown("Free to request sessions with.")
    held: int = shown("Held for live appointments (CR-4).")
    settled: int = shown("Used up by sessions that took place.")
    expired: int = shown("Not used in time (CR-3).")
    revoked: int = shown("Taken back by the school.")
    forfeited: int = shown("Lost by the school's policy on missed sessions (CR-5).")
    grants: Connection[Grant] = relation(resolvers.GRANTS, "What was granted, latest first.")
    transfers: Connection[LedgerTransfer] = relation(resolvers.TRANSFERS, "The ledger of this wallet, latest first.")


@value
class LedgerProof:
    """What came of deriving every balance from the ledger again (CR-7)."""

    agrees: bool = shown("Whether there is no difference at all.")
    wallets: list[strawberry.ID] = shown("Wallets whose balances differ, up to 100.")
    grants: list[strawberry.ID] = shown("Grants whose unused credits differ, up to 100.")


@extends(Student)
class StudentWallet:
    """What credits add to Student."""

    wallet: Wallet | None = relation(resolvers.OF_STUDENT, "The student's credits.")


class Query:
    """What credits add to Query."""

    wallet: Wallet | None = query(resolvers.wallet, allow=[Role.STUDENT])
    ledger_proof: LedgerProof | None = query(resolvers.proof, allow=[Role.OPS, Role.FINANCE])


class Mutation:
    """What credits add to Mutation."""

    grant_credits = mutation(
        grant,
        check=check_grant,
        answers=payload(
            "GrantCredits",
            {
                "grant": (Grant, "The grant; null if refused."),
                "warnings": (list[str], "What is unusual about it although it is allowed (CR-2)."),
            },
        ),
        allow=[Role.SCHOOL],
    )
