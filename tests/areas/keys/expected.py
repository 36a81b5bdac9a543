"""Who may see and do what in keys, written by hand, apart from the program."""

from __future__ import annotations

from typing import Any

from tests.areas.vocabulary import ALL, NONE, OFFICE, OPS, OWN, SCHOOL, Expected, Others, Seen, seen
from tests.support.two_sides import Side

QUERY: Expected = {
    "partnerKeys": {SCHOOL, OFFICE, OPS},
}

MUTATION: Expected = {
    "createPartnerKey": {SCHOOL, OFFICE, OPS},
    "rotatePartnerKey": {SCHOOL, OFFICE, OPS},
    "revokePartnerKey": {SCHOOL, OFFICE, OPS},
}

PRACTICES = frozenset({"own practice"})

SEEN: dict[str, Seen] = {
    "key": seen(student=NONE, provider=NONE, office=PRACTICES, school=OWN, partner=NONE, ops=ALL, finance=NONE),
}


def key(other: Side) -> dict[str, Any]:
    """Their machine's key."""
    return {"partnerKeyId": other.key.type_id}


def practice_key(other: Side) -> dict[str, Any]:
    """Their practice's machine's key."""
    return {"partnerKeyId": other.practice_key.type_id}


OTHERS: Others = {
    ("createPartnerKey", OFFICE): lambda other: {
        "practiceId": other.practice.type_id,
        "name": "Calendar",
        "scopes": ["SCHEDULE_READ"],
    },
    ("rotatePartnerKey", OFFICE): practice_key,
    ("revokePartnerKey", OFFICE): practice_key,
    ("createPartnerKey", SCHOOL): lambda other: {"schoolId": other.school.type_id, "name": "Portal"},
    ("rotatePartnerKey", SCHOOL): key,
    ("revokePartnerKey", SCHOOL): key,
}
