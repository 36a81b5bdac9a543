"""Who may see and do what in campus, written by hand, apart from the program."""

from __future__ import annotations

from tests.areas.vocabulary import ALL, ANYONE, NONE, OPS, OWN, Expected, Seen, seen

QUERY: Expected = {
    "campuses": ANYONE,
}

MUTATION: Expected = {
    "exchangeCampusCode": ANYONE,
    "setCampusIssuer": {OPS},
    "disableCampusIssuer": {OPS},
}

SEEN: dict[str, Seen] = {
    "cam": seen(student=NONE, provider=NONE, office=NONE, school=OWN, partner=NONE, ops=ALL, finance=NONE),
}
