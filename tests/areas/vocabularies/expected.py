"""Who may see and do what in vocabularies, written by hand, apart from the program."""

from __future__ import annotations

from tests.areas.vocabulary import ALL, EVERYBODY, OPS, Expected, Seen, seen

QUERY: Expected = {
    "vocabularies": EVERYBODY,
}

MUTATION: Expected = {
    "addTerm": {OPS},
    "changeTerm": {OPS},
    "retireTerm": {OPS},
    "restoreTerm": {OPS},
}

SEEN: dict[str, Seen] = {
    "trm": seen(student=ALL, provider=ALL, office=ALL, school=ALL, partner=ALL, ops=ALL, finance=ALL),
}
