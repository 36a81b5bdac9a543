"""Who may see and do what in base, written by hand, apart from the program."""

from __future__ import annotations

from models.base.access import Role
from tests.areas.vocabulary import ALL, EVERYBODY, NONE, OPS, Expected, Seen, seen

QUERY: Expected = {
    "node": EVERYBODY,
    "nodes": EVERYBODY,
}

SEEN: dict[str, Seen] = {
    "evt": seen(
        student=frozenset({"own session", "own session with left", "own student"}),
        provider=frozenset({"own session"}),
        office=NONE,
        school=frozenset({"own session", "own session with left", "own student", "own school"}),
        partner=NONE,
        ops=ALL,
        finance=NONE,
    ),
}

NARROWED: dict[str, set[Role]] = {
    "Event.requestId": {OPS},
}
