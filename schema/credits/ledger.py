"""Credits as clients see them."""

from datetime import datetime

import strawberry

from execution import Computed
from models.base.access import Role
from models.credits import ledger
from models.credits.ledger import Bucket, ReversalReason, TransferKind
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.credits import ledger as resolvers
from resolvers.credits.grants import check_grant, grant, reverse, revoke
from schema.base.shape import Connection, Node, extends, payload, shown, shows, value
from schema.schools.students import Student

SCHOOLS_OWN = [Role.SCHOOL, Role.PARTNER, Role.OPS]


@shows(ledger.Transfer, name="LedgerTransfer")
class LedgerTransfer(Node):
    """A ledger entry: credits moved from one bucket to another. Never changed, only reversed (CR-7)."""

    kind: TransferKind = shown("Kind of transfer.")
    source: Bucket = shown("Bucket the credits left.")
    target: Bucket = shown("Bucket the credits entered.")
    credits: int = shown("Number of credits.")
    at: datetime = shown("When they moved.")
    reason: ReversalReason | None = shown("Why it reversed another; null if it is no reversal (CR-10).")
    reverses: "LedgerTransfer | None" = relation(resolvers.REVERSES, "Transfer that it reverses.")
    reversed_by: "LedgerTransfer | None" = relation(resolvers.REVERSED_BY, "Transfer that reversed it.")


@shows(ledger.Grant)
class Grant(Node):
    """Credits that a school granted to a student at one time."""

    credits: int = shown("Number of credits granted.")
    unused: int = shown("Number of credits still available.")
    expires_at: datetime | None = shown("When unused credits expire; null if never (CR-3).")
    note: str | None = relation(
        Computed(lambda row: row.note or None, needs=("note",)), "School's internal note.", allow=SCHOOLS_OWN
    )
    granted_at: datetime = shown("When they were granted.")


@shows(ledger.Wallet)
class Wallet(Node):
    """A student's credits. The balances always add up to the credits granted (CR-7)."""

    granted: int = shown("Total credits granted.")
    available: int = shown("Available for new requests.")
    held: int = shown("Held for live appointments (CR-4).")
    settled: int = shown("Used for completed sessions.")
    expired: int = shown("Expired unused (CR-3).")
    revoked: int = shown("Revoked by the school.")
    forfeited: int = shown("Forfeited for missed sessions, under the school's policy (CR-5).")
    grants: Connection[Grant] = relation(resolvers.GRANTS, "Grants, newest first.")
    transfers: Connection[LedgerTransfer] = relation(resolvers.TRANSFERS, "Ledger transfers, newest first.")


@value
class LedgerProof:
    """Result of recomputing every balance from the ledger (CR-7)."""

    agrees: bool = shown("Whether every balance matches.")
    wallets: list[strawberry.ID] = shown("Ids of wallets that differ, at most 100.")
    grants: list[strawberry.ID] = shown("Ids of grants that differ, at most 100.")


@extends(Student)
class StudentWallet:
    """What credits add to Student."""

    wallet: Wallet | None = relation(resolvers.OF_STUDENT, "Student's credits.")


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
                "grant": (Grant, "The new grant; null if refused."),
                "warnings": (list[str], "Warnings about an unusual but allowed grant (CR-2)."),
            },
        ),
        allow=[Role.SCHOOL],
    )
    revoke_credits = mutation(
        revoke,
        answers=payload(
            "RevokeCredits",
            {
                "grant": (Grant, "The grant; null if refused."),
                "revoked": (int, "Number of credits taken back; null if refused."),
            },
        ),
        allow=[Role.SCHOOL],
    )
    reverse_transfer = mutation(
        reverse,
        answers=payload("ReverseTransfer", {"transfer": (LedgerTransfer, "The reversal; null if refused.")}),
        allow=[Role.OPS, Role.FINANCE],
    )
