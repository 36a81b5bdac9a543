"""Who may see and do what in invitations, written by hand, apart from the program."""

from __future__ import annotations

from tests.areas.vocabulary import (
    ALL,
    ANYONE,
    MINE,
    NONE,
    OFFICE,
    OPS,
    PEOPLE,
    SCHOOL,
    STUDENT,
    Expected,
    Others,
    Seen,
    seen,
)

QUERY: Expected = {
    "invitations": {OFFICE, SCHOOL, OPS},
    "invitationOffer": ANYONE,
}

MUTATION: Expected = {
    "signUp": ANYONE,
    "acceptInvitation": PEOPLE,
    "invite": {OFFICE, SCHOOL, OPS},
    "withdrawInvitation": {OFFICE, SCHOOL, OPS},
}

SEEN: dict[str, Seen] = {
    "inv": seen(
        student=NONE,
        provider=NONE,
        office=MINE[OFFICE],
        school=MINE[STUDENT] | MINE[SCHOOL],
        partner=NONE,
        ops=ALL,
        finance=NONE,
    ),
}

OTHERS: Others = {
    ("invite", SCHOOL): lambda other: {"role": "STUDENT", "studentId": other.student.type_id},
    ("invite", OFFICE): lambda other: {
        "role": "OFFICE",
        "practiceId": other.practice.type_id,
        "email": "n@example.test",
    },
    ("withdrawInvitation", SCHOOL): lambda other: {"invitationId": other.invitations[STUDENT].type_id},
    ("withdrawInvitation", OFFICE): lambda other: {"invitationId": other.invitations[OFFICE].type_id},
}
