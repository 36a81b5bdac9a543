"""Who may see and do what in rates, written by hand, apart from the program."""

from __future__ import annotations

from tests.areas.vocabulary import ALL, FINANCE, NONE, OPS, Expected, Seen, seen

QUERY: Expected = {
    "rates": {OPS, FINANCE},
    "ratesCsv": {OPS, FINANCE},
}

MUTATION: Expected = {
    "announceRates": {FINANCE},
}

SEEN: dict[str, Seen] = {
    "rat": seen(student=NONE, provider=NONE, office=NONE, school=NONE, partner=NONE, ops=ALL, finance=ALL),
}
