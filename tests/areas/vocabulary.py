"""The words of the files `expected.py`: roles, what is seen, and whose.

A row is told by its owner as the viewer sees it: `own` or `other`, then what else matters of it. Rows of a new type are
made in `tests/support/two_sides.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal
from uuid import UUID

from models.base.access import Role
from models.base.ids import encode
from tests.support.two_sides import Side

STUDENT, PROVIDER, OFFICE, SCHOOL = Role.STUDENT, Role.PROVIDER, Role.OFFICE, Role.SCHOOL
PARTNER, OPS, FINANCE = Role.PARTNER, Role.OPS, Role.FINANCE

ANYONE: Literal["anyone"] = "anyone"
"""Nobody has to be signed in."""
EVERYBODY = frozenset({STUDENT, PROVIDER, OFFICE, SCHOOL, PARTNER, OPS, FINANCE})
"""Whoever is signed in."""
PEOPLE = EVERYBODY - {PARTNER}
"""Whoever is signed in and is no machine."""

Expected = dict[str, frozenset[Role] | set[Role] | Literal["anyone"]]
"""For each root field who may use it."""

Audited = dict[str, Callable[[Side], dict[str, Any]]]
"""For each root field that reads students' records its arguments, about this side: the reading is audited (ID-6).

An argument that each role has another value for is a function of the role.
"""

Others = dict[tuple[str, Role], Callable[[Side], dict[str, Any]]]
"""For each verb that takes an id, and each role that does not reach everything, an input about somebody else's."""

ALL = frozenset({"*"})
OWN = frozenset({"own"})
NONE: frozenset[str] = frozenset()
MINE = {role: frozenset({f"own {role}"}) for role in Role}
MET = frozenset({"own", "own with left"})
"""What belongs to the viewer's student, school or both, with a provider of either kind."""

Seen = dict[Role, frozenset[str]]
"""For each role the rows that are seen, by their labels."""


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


def office_user(other: Side) -> dict[str, Any]:
    """Their practice's office user."""
    return {"membershipId": encode("mem", some(other.colleague.membership_id))}


def some(id: UUID | None) -> UUID:
    """An id that is there."""
    assert id is not None
    return id
