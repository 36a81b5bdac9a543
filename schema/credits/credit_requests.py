"""Requests for more credits as clients see them (CR-6)."""

from datetime import datetime

from models.base.access import Role
from models.credits import credit_requests as models
from models.credits.credit_requests import (
    DECIDED_WITHIN,
    CreditDecisionReason,
    CreditRequestReason,
    CreditRequestStatus,
    Requester,
)
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.credits import credit_requests as resolvers
from schema.base.shape import Connection, Node, computed, payload, shown, shows
from schema.credits.ledger import Grant
from schema.schools.students import Student


@shows(models.CreditRequest)
class CreditRequest(Node):
    """A student's request for more credits, and the school's decision on it (CR-6)."""

    status: CreditRequestStatus = shown("Current status.")
    requester: Requester = shown("Who asked.")
    credits: int = shown("Number of credits asked for.")
    reason: CreditRequestReason = shown("Why.")
    requested_at: datetime = shown("When it was made.")
    decide_by: datetime = computed(
        lambda row: row.requested_at + DECIDED_WITHIN,
        "When the school's decision is due; it can still be decided afterwards.",
        needs=("requested_at",),
    )
    ended_at: datetime | None = shown("When it was decided, withdrawn or closed; null while it is open.")
    age_hours: int = relation(resolvers.AGE, "Whole hours from the request until it ended, or until now.")
    granted_credits: int = shown("Number of credits granted; 0 while it is open.")
    decision_reason: CreditDecisionReason | None = shown("Why fewer than asked for; null where all were granted.")
    grant: Grant | None = relation(resolvers.GRANT, "Grant that came of it.")
    student: Student | None = relation(resolvers.STUDENT, "Student who is to receive the credits.")


class Query:
    """What requests for credits add to Query."""

    credit_requests: Connection[CreditRequest] | None = query(
        resolvers.many, allow=[Role.STUDENT, Role.SCHOOL, Role.OPS]
    )


class Mutation:
    """What requests for credits add to Mutation."""

    request_credits = mutation(
        resolvers.request,
        check=resolvers.check_request,
        answers=payload("RequestCredits", CreditRequest),
        allow=[Role.STUDENT],
    )
    decide_credit_request = mutation(
        resolvers.decide,
        check=resolvers.check_decision,
        answers=payload(
            "DecideCreditRequest",
            {
                "credit_request": (CreditRequest, "The decided request; null if refused."),
                "grant": (Grant, "The new grant; null if none was made."),
                "warnings": (list[str], "Warnings about an unusual but allowed grant (CR-2)."),
            },
        ),
        allow=[Role.SCHOOL],
    )
    withdraw_credit_request = mutation(
        resolvers.withdraw, answers=payload("WithdrawCreditRequest", CreditRequest), allow=[Role.STUDENT]
    )
