"""Who may see and do what in payouts, written by hand, apart from the program."""

from __future__ import annotations

from tests.areas.vocabulary import ALL, FINANCE, NONE, OPS, OWN, PROVIDER, Expected, Seen, seen

QUERY: Expected = {
    "payoutDetails": {PROVIDER, OPS, FINANCE},
    "payoutDetailsHistory": {PROVIDER, OPS, FINANCE},
}

MUTATION: Expected = {
    "setPayoutDetails": {PROVIDER},
    "revealPayoutDetails": {FINANCE},
}

SEEN: dict[str, Seen] = {
    "pyd": seen(student=NONE, provider=OWN, office=NONE, school=NONE, partner=NONE, ops=ALL, finance=ALL),
}
