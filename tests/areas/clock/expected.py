"""Who may see and do what in clock, written by hand, apart from the program."""

from __future__ import annotations

from tests.areas.vocabulary import ANYONE, OPS, Expected

QUERY: Expected = {
    "now": ANYONE,
}

MUTATION: Expected = {
    "moveClock": {OPS},
}
