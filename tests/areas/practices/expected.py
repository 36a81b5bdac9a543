"""Who may see and do what in practices, written by hand, apart from the program."""

from __future__ import annotations

from models.base.access import Role
from tests.areas.vocabulary import (
    ALL,
    FINANCE,
    NONE,
    OFFICE,
    OPS,
    OWN,
    PROVIDER,
    Expected,
    Others,
    Seen,
    office_user,
    seen,
)

QUERY: Expected = {
    "practice": {PROVIDER, OFFICE, OPS, FINANCE},
    "practices": {OPS, FINANCE},
}

MUTATION: Expected = {
    "openPractice": {OPS},
    "setPractice": {OPS},
    "modifyOfficeUser": {OFFICE, OPS},
    "removeOfficeUser": {OFFICE, OPS},
    "revalidateOfficeUser": {OFFICE, OPS},
    "handOverPractice": {OFFICE, OPS},
}

SEEN: dict[str, Seen] = {
    "prc": seen(student=NONE, provider=OWN, office=OWN, school=NONE, partner=NONE, ops=ALL, finance=ALL),
}

NARROWED: dict[str, set[Role]] = {
    "Practice.officeUsers": {OFFICE, OPS},
}

OTHERS: Others = {
    ("handOverPractice", OFFICE): office_user,
    ("removeOfficeUser", OFFICE): office_user,
    ("revalidateOfficeUser", OFFICE): office_user,
    ("modifyOfficeUser", OFFICE): lambda other: {**office_user(other), "title": "T"},
}
