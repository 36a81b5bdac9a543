"""Who may see and do what in enrollment, written by hand, apart from the program."""

from __future__ import annotations

from tests.areas.vocabulary import ALL, NONE, OPS, OWN, Expected, Seen, seen

MUTATION: Expected = {
    "enrollProvider": {OPS},
}

SEEN: dict[str, Seen] = {
    "enr": seen(student=NONE, provider=OWN, office=NONE, school=NONE, partner=NONE, ops=ALL, finance=NONE),
}
