"""Who may see and do what in tasks, written by hand, apart from the program."""

from __future__ import annotations

from tests.areas.vocabulary import FINANCE, OPS, PEOPLE, Expected

QUERY: Expected = {
    "tasks": PEOPLE,
    "opsQueues": {OPS, FINANCE},
}

MUTATION: Expected = {
    "takeTask": {OPS, FINANCE},
    "releaseTask": {OPS, FINANCE},
}
