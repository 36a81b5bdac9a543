"""Who may see and do what in files, written by hand, apart from the program."""

from __future__ import annotations

from tests.areas.vocabulary import NONE, PEOPLE, Expected, Seen, seen

MUTATION: Expected = {
    "createUpload": PEOPLE,
}

EVIDENCE = frozenset({"own PROVIDER evidence", "other PROVIDER evidence"})

SEEN: dict[str, Seen] = {
    "fil": seen(
        student=frozenset({"own STUDENT"}),
        provider=frozenset({"own PROVIDER", "own PROVIDER evidence"}),
        office=frozenset({"own OFFICE"}),
        school=frozenset({"own SCHOOL"}),
        partner=NONE,
        ops=EVIDENCE | {"own OPS"},
        finance=frozenset({"own FINANCE"}),
    ),
}
