"""Who may see and do what in keys, written by hand, apart from the program."""

from __future__ import annotations

from typing import Any

from tests.areas.vocabulary import ALL, NONE, OPS, OWN, SCHOOL, Expected, Others, Seen, seen
from tests.support.two_sides import Side

QUERY: Expected = {
    "partnerKeys": {SCHOOL, OPS},
}

MUTATION: Expected = {
    "createPartnerKey": {SCHOOL, OPS},
    "rotatePartnerKey": {SCHOOL, OPS},
    "revokePartnerKey": {SCHOOL, OPS},
}

SEEN: dict[str, Seen] = {
    "key": seen(student=NONE, provider=NONE, office=NONE, school=OWN, partner=NONE, ops=ALL, finance=NONE),
}


def key(other: Side) -> dict[str, Any]:
    """Their machine's key."""
    return {"partnerKeyId": other.key.type_id}


OTHERS: Others = {
    ("createPartnerKey", SCHOOL): lambda other: {"schoolId": other.school.type_id, "name": "Portal"},
    ("rotatePartnerKey", SCHOOL): key,
    ("revokePartnerKey", SCHOOL): key,
}
