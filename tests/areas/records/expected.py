"""Who may see and do what in records, written by hand, apart from the program."""

from __future__ import annotations

from tests.areas.vocabulary import (
    ALL,
    FINANCE,
    NONE,
    OFFICE,
    OPS,
    PEOPLE,
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
    "myRecord": {STUDENT},
    "studentRecord": {OPS},
    "auditTrail": {OPS},
    "auditProof": {OPS, FINANCE},
}

MUTATION: Expected = {
    "eraseStudent": {OPS},
    "exportRecord": {STUDENT, OPS},
    "signedAgreement": PEOPLE,
}

SEEN: dict[str, Seen] = {
    "aud": seen(student=NONE, provider=NONE, office=NONE, school=NONE, partner=NONE, ops=ALL, finance=NONE),
}

AUDITED: Audited = {
    "studentRecord": lambda side: {"studentId": side.student.type_id},
    "auditTrail": lambda side: {"filter": {"studentId": side.student.type_id}, "first": 5},
}

OTHERS: Others = {
    ("exportRecord", STUDENT): lambda other: {"studentId": other.student.type_id, "format": "JSON"},
} | {
    ("signedAgreement", role): lambda other: {"acceptanceId": other.acceptance.type_id}
    for role in (STUDENT, PROVIDER, OFFICE, SCHOOL)
}
