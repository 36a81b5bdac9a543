"""Who may see and do what in claims, written by hand, apart from the program."""

from __future__ import annotations

from models.base.access import Role
from tests.areas.vocabulary import (
    ALL,
    FINANCE,
    NONE,
    OPS,
    OWN,
    PARTNER,
    PROVIDER,
    SCHOOL,
    STUDENT,
    Audited,
    Expected,
    Others,
    Seen,
    seen,
)

QUERY: Expected = {
    "claim": {STUDENT, PROVIDER, SCHOOL, PARTNER, OPS, FINANCE},
    "claims": {PROVIDER, SCHOOL, PARTNER, OPS, FINANCE},
}

MUTATION: Expected = {
    "attestSession": {PROVIDER},
}

SUBSCRIPTION: Expected = {
    "claimChanged": {STUDENT, PROVIDER, SCHOOL, PARTNER, OPS, FINANCE},
}

SEEN: dict[str, Seen] = {
    "clm": seen(student=OWN, provider=OWN, office=NONE, school=OWN, partner=OWN, ops=ALL, finance=ALL),
}

NARROWED: dict[str, set[Role]] = {
    "Claim.presentingConcern": {PROVIDER, OPS},
    "Claim.amount": {PROVIDER, OPS, FINANCE, SCHOOL, PARTNER},
}

AUDITED: Audited = {
    "claim": lambda side: {"id": side.claim.type_id},
    "claims": lambda _: {"first": 5},
}

OTHERS: Others = {
    ("attestSession", PROVIDER): lambda other: {
        "appointmentId": other.confirmed.type_id,
        "presentingConcern": "ANXIETY",
    },
}
