"""Who sees which rows: one line for each type with an id and each role, written down apart from the program.

A row is told by its owner as the viewer sees it: `own` or `other`, then what else matters of it. A new type needs a
line in `SEEN`, and rows of it in `tests/support/two_sides.py`.
"""

from __future__ import annotations

from models.base.access import Role

ALL = frozenset({"*"})
OWN = frozenset({"own"})
NONE: frozenset[str] = frozenset()
MINE = {role: frozenset({f"own {role}"}) for role in Role}
MET = frozenset({"own", "own with left"})
"""What belongs to the viewer's student, school or both, with a provider of either kind."""

Seen = dict[Role, frozenset[str]]


def seen(
    *,
    student: frozenset[str],
    provider: frozenset[str],
    office: frozenset[str],
    school: frozenset[str],
    partner: frozenset[str],
    ops: frozenset[str],
    finance: frozenset[str],
) -> Seen:
    """One line of the table: all seven roles, none left out."""
    return {
        Role.STUDENT: student,
        Role.PROVIDER: provider,
        Role.OFFICE: office,
        Role.SCHOOL: school,
        Role.PARTNER: partner,
        Role.OPS: ops,
        Role.FINANCE: finance,
    }


def of_account() -> Seen:
    """Everybody sees what belongs to their own account; a machine has none to look at, OPS sees all."""
    return MINE | {Role.PARTNER: NONE, Role.OPS: ALL}


COLLEAGUES = frozenset({"own OFFICE", "own COLLEAGUE"})
VERIFIED = frozenset({"own", "other", "left", "hidden"})
PROVIDERS_OWN = frozenset({"own", "own unverified"})

SEEN: dict[str, Seen] = {
    "acc": of_account() | {Role.OFFICE: COLLEAGUES},
    "mem": of_account() | {Role.OFFICE: COLLEAGUES},
    "ses": of_account(),
    "agr": of_account(),
    "mfa": of_account(),
    "inv": seen(
        student=NONE, provider=NONE, office=MINE[Role.OFFICE], school=MINE[Role.STUDENT] | MINE[Role.SCHOOL],
        partner=NONE, ops=ALL, finance=NONE,
    ),
    "key": seen(student=NONE, provider=NONE, office=NONE, school=OWN, partner=NONE, ops=ALL, finance=NONE),
    "cam": seen(student=NONE, provider=NONE, office=NONE, school=OWN, partner=NONE, ops=ALL, finance=NONE),
    "prc": seen(student=NONE, provider=OWN, office=OWN, school=NONE, partner=NONE, ops=ALL, finance=ALL),
    "sch": seen(student=OWN, provider=NONE, office=NONE, school=OWN, partner=OWN, ops=ALL, finance=ALL),
    "stu": seen(student=OWN, provider=OWN, office=OWN, school=OWN, partner=OWN, ops=ALL, finance=NONE),
    "prv": seen(
        student=frozenset({"own", "other", "left"}),
        provider=OWN, office=OWN, school=frozenset({"own", "other", "left"}),
        partner=frozenset({"own", "other", "left"}), ops=ALL, finance=ALL,
    ),
    "pcf": seen(student=NONE, provider=NONE, office=NONE, school=NONE, partner=NONE, ops=ALL, finance=NONE),
    "lic": seen(
        student=VERIFIED, provider=PROVIDERS_OWN, office=PROVIDERS_OWN, school=VERIFIED - {"hidden"},
        partner=VERIFIED - {"hidden"}, ops=ALL, finance=NONE,
    ),
    "pyd": seen(student=NONE, provider=OWN, office=NONE, school=NONE, partner=NONE, ops=ALL, finance=ALL),
    "enr": seen(student=NONE, provider=OWN, office=NONE, school=NONE, partner=NONE, ops=ALL, finance=NONE),
    "avr": seen(student=NONE, provider=OWN, office=OWN, school=NONE, partner=NONE, ops=ALL, finance=NONE),
    "opn": seen(student=ALL, provider=OWN, office=OWN, school=ALL, partner=NONE, ops=ALL, finance=NONE),
    "rat": seen(student=NONE, provider=NONE, office=NONE, school=NONE, partner=NONE, ops=ALL, finance=ALL),
    "wal": seen(student=OWN, provider=NONE, office=NONE, school=OWN, partner=OWN, ops=ALL, finance=ALL),
    "grt": seen(student=OWN, provider=NONE, office=NONE, school=OWN, partner=OWN, ops=ALL, finance=ALL),
    "ltx": seen(student=OWN, provider=NONE, office=NONE, school=OWN, partner=OWN, ops=ALL, finance=ALL),
    "apt": seen(student=MET, provider=OWN, office=OWN, school=MET, partner=MET, ops=ALL, finance=NONE),
    "clm": seen(student=OWN, provider=OWN, office=NONE, school=OWN, partner=OWN, ops=ALL, finance=ALL),
    "evt": seen(
        student=frozenset({"own session", "own session with left", "own student"}),
        provider=frozenset({"own session"}),
        office=NONE,
        school=frozenset({"own session", "own session with left", "own student", "own school"}),
        partner=NONE, ops=ALL, finance=NONE,
    ),
    "aud": seen(student=NONE, provider=NONE, office=NONE, school=NONE, partner=NONE, ops=ALL, finance=NONE),
    "eml": seen(student=NONE, provider=NONE, office=NONE, school=NONE, partner=NONE, ops=ALL, finance=NONE),
}  # fmt: skip
"""For each prefix and role the rows that are seen, by their labels."""

BEFORE_SECOND_FACTOR = {"acc", "mem", "mfa"}
"""What staff see of their own before they have a second factor; of all else nothing, until they enrol one (ID-1)."""
