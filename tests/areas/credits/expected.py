"""Who may see and do what in credits, written by hand, apart from the program."""

from __future__ import annotations

from models.base.access import Role
from models.base.ids import encode
from tests.areas.vocabulary import (
    ALL,
    FINANCE,
    NONE,
    OPS,
    OWN,
    PARTNER,
    SCHOOL,
    STUDENT,
    Audited,
    Expected,
    Others,
    Seen,
    seen,
)

QUERY: Expected = {
    "wallet": {STUDENT},
    "ledgerProof": {OPS, FINANCE},
    "creditRequests": {STUDENT, SCHOOL, OPS},
}

MUTATION: Expected = {
    "grantCredits": {SCHOOL},
    "revokeCredits": {SCHOOL},
    "reverseTransfer": {OPS, FINANCE},
    "requestCredits": {STUDENT},
    "decideCreditRequest": {SCHOOL},
    "withdrawCreditRequest": {STUDENT},
}

SUBSCRIPTION: Expected = {
    "walletChanged": {STUDENT, SCHOOL, PARTNER, OPS, FINANCE},
}

SEEN: dict[str, Seen] = {
    "wal": seen(student=OWN, provider=NONE, office=NONE, school=OWN, partner=OWN, ops=ALL, finance=ALL),
    "grt": seen(student=OWN, provider=NONE, office=NONE, school=OWN, partner=OWN, ops=ALL, finance=ALL),
    "crq": seen(student=OWN, provider=NONE, office=NONE, school=OWN, partner=NONE, ops=ALL, finance=NONE),
    "ltx": seen(student=OWN, provider=NONE, office=NONE, school=OWN, partner=OWN, ops=ALL, finance=ALL),
}

AUDITED: Audited = {
    "creditRequests": lambda _: {"first": 5},
}

OTHERS: Others = {
    ("revokeCredits", SCHOOL): lambda other: {"grantId": encode("grt", other.grant_id)},
    ("decideCreditRequest", SCHOOL): lambda other: {
        "creditRequestId": other.credit_request.type_id,
        "credits": 0,
        "reason": "BUDGET_SPENT",
    },
    ("withdrawCreditRequest", STUDENT): lambda other: {"creditRequestId": other.credit_request.type_id},
    ("grantCredits", SCHOOL): lambda other: {"studentId": other.student.type_id, "credits": 3},
}

NARROWED: dict[str, set[Role]] = {"Grant.note": {SCHOOL, PARTNER, OPS}}
"""Fields that are not for all who see their row."""
