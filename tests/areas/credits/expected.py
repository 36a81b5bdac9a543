"""Who may see and do what in credits, written by hand, apart from the program."""

from __future__ import annotations

from models.base.access import Role
from tests.areas.vocabulary import ALL, FINANCE, NONE, OPS, OWN, PARTNER, SCHOOL, STUDENT, Expected, Others, Seen, seen

QUERY: Expected = {
    "wallet": {STUDENT},
    "ledgerProof": {OPS, FINANCE},
}

MUTATION: Expected = {
    "grantCredits": {SCHOOL},
}

SUBSCRIPTION: Expected = {
    "walletChanged": {STUDENT, SCHOOL, PARTNER, OPS, FINANCE},
}

SEEN: dict[str, Seen] = {
    "wal": seen(student=OWN, provider=NONE, office=NONE, school=OWN, partner=OWN, ops=ALL, finance=ALL),
    "grt": seen(student=OWN, provider=NONE, office=NONE, school=OWN, partner=OWN, ops=ALL, finance=ALL),
    "ltx": seen(student=OWN, provider=NONE, office=NONE, school=OWN, partner=OWN, ops=ALL, finance=ALL),
}

OTHERS: Others = {
    ("grantCredits", SCHOOL): lambda other: {"studentId": other.student.type_id, "credits": 3},
}

NARROWED: dict[str, set[Role]] = {"Grant.note": {SCHOOL, PARTNER, OPS}}
"""Fields that are not for all who see their row."""
