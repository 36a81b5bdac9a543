"""Who may see and do what in imports, written by hand, apart from the program."""

from __future__ import annotations

from tests.areas.vocabulary import ALL, FINANCE, NONE, Expected, Seen, seen

QUERY: Expected = {
    "imports": {FINANCE},
    "importColumns": {FINANCE},
}

MUTATION: Expected = {
    "previewImport": {FINANCE},
    "commitImport": {FINANCE},
    "discardImport": {FINANCE},
}

SEEN: dict[str, Seen] = {
    name: seen(student=NONE, provider=NONE, office=NONE, school=NONE, partner=NONE, ops=NONE, finance=ALL)
    for name in ("imp", "row")
}
