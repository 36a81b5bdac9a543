"""Who may see and do what in schools, written by hand, apart from the program."""

from __future__ import annotations

from tests.areas.vocabulary import (
    ALL,
    FINANCE,
    NONE,
    OFFICE,
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
    "school": {STUDENT, SCHOOL, PARTNER, OPS, FINANCE},
    "schools": {OPS, FINANCE},
    "student": {STUDENT, PROVIDER, OFFICE, SCHOOL, PARTNER, OPS},
    "students": {PROVIDER, OFFICE, SCHOOL, PARTNER, OPS},
}

MUTATION: Expected = {
    "openSchool": {OPS},
    "updateSchool": {SCHOOL, OPS},
    "announceSchoolPolicy": {SCHOOL, OPS},
    "enterStudent": {SCHOOL, OPS},
}

SEEN: dict[str, Seen] = {
    "sch": seen(student=OWN, provider=NONE, office=NONE, school=OWN, partner=OWN, ops=ALL, finance=ALL),
    "pol": seen(student=OWN, provider=NONE, office=NONE, school=OWN, partner=OWN, ops=ALL, finance=ALL),
    "stu": seen(student=OWN, provider=OWN, office=OWN, school=OWN, partner=OWN, ops=ALL, finance=NONE),
}

AUDITED: Audited = {
    "student": lambda side: {"id": side.student.type_id},
    "students": lambda _: {"first": 5},
}

OTHERS: Others = {
    ("updateSchool", SCHOOL): lambda other: {"schoolId": other.school.type_id, "crisisLine": "617 555 0100"},
    ("announceSchoolPolicy", SCHOOL): lambda other: {"schoolId": other.school.type_id, "effectiveFrom": "2099-01-01"},
    ("enterStudent", SCHOOL): lambda other: {
        "schoolId": other.school.type_id,
        "name": "N",
        "email": "n@example.test",
        "state": "MA",
        "timeZone": "America/New_York",
    },
}
