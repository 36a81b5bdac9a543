"""Who may see and do what in jobs, written by hand, apart from the program."""

from __future__ import annotations

from typing import Any

from tests.areas.vocabulary import (
    ALL,
    FINANCE,
    MINE,
    NONE,
    OFFICE,
    OPS,
    PARTNER,
    PEOPLE,
    PROVIDER,
    SCHOOL,
    STUDENT,
    Audited,
    Expected,
    Others,
    Seen,
)
from tests.support.two_sides import Side

QUERY: Expected = {"job": PEOPLE, "jobs": PEOPLE}

MUTATION: Expected = {"cancelJob": PEOPLE}

SUBSCRIPTION: Expected = {"jobProgress": PEOPLE}

SEEN: dict[str, Seen] = {"job": MINE | {PARTNER: NONE, OPS: ALL}}


def job(other: Side) -> dict[str, Any]:
    """Their provider's job."""
    return {"jobId": other.jobs[PROVIDER].type_id}


OTHERS: Others = {("cancelJob", role): job for role in (STUDENT, PROVIDER, OFFICE, SCHOOL, FINANCE)}

AUDITED: Audited = {
    "job": lambda side: {"id": side.jobs[STUDENT].type_id},
    "jobs": lambda side: {"filter": {"kind": "record.export"}, "first": 100},
}
