"""Who may see and do what in notifications, written by hand, apart from the program."""

from __future__ import annotations

from tests.areas.vocabulary import ALL, NONE, OPS, PROVIDER, SCHOOL, STUDENT, Expected, Seen, seen

SUBSCRIPTION: Expected = {
    "inbox": {STUDENT, PROVIDER, SCHOOL, OPS},
}

SEEN: dict[str, Seen] = {
    "eml": seen(student=NONE, provider=NONE, office=NONE, school=NONE, partner=NONE, ops=ALL, finance=NONE),
}
