"""SQL that goes around Python: each breach is named, with the constraint that must refuse it.

Values that begin with `$` name something of the world that the cases share: a row's id, or a time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Breach:
    """Statements of one transaction that must fail, and the constraint that must refuse them."""

    about: str
    constraint: str
    statements: tuple[str, ...]


def breach(about: str, constraint: str, *statements: str) -> Breach:
    """A breach of one constraint."""
    return Breach(about, constraint, statements)


def inserted(table: str, *, id: str = "$new", **columns: Any) -> str:
    """An INSERT of a row with these columns; all others are NULL."""
    return _insert(table, f"jsonb_populate_record(NULL::{table}, {_quoted(id=id, **columns)})")


def copied(table: str, row: str, *, id: str = "$new", **changes: Any) -> str:
    """An INSERT of a copy of a row, with another id and these changes."""
    return _insert(
        table, f"jsonb_populate_record({table}, {_quoted(id=id, **changes)})", f"FROM {table} WHERE id = '{row}'"
    )


def changed(table: str, row: str, change: str) -> str:
    """An UPDATE of one row."""
    return f"UPDATE {table} SET {change} WHERE id = '{row}'"


def deleted(table: str, row: str) -> str:
    """A DELETE of one row."""
    return f"DELETE FROM {table} WHERE id = '{row}'"


def emptied(table: str) -> str:
    """A TRUNCATE of a table and of those that refer to it."""
    return f"TRUNCATE {table} CASCADE"


def _insert(table: str, record: str, source: str = "") -> str:
    return f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT ({record}).* {source}"


def _quoted(**columns: Any) -> str:
    return "'" + json.dumps(columns).replace("'", "''") + "'"


def transferred(
    kind: str,
    *,
    id: str = "$new",
    wallet: str = "$ana",
    student: str | None = None,
    school: str = "$school",
    grant: str = "$grant",
    session: str | None = None,
    source: str | None = None,
    target: str | None = None,
    credits: int = 1,
    **links: str,
) -> str:
    """An INSERT of a transfer, by default of one credit of Ana's; `links` are the transfers that it names."""
    usual_source, usual_target = MOVES[kind]
    return inserted(
        "transfers", id=id, wallet_id=wallet, student_id=student or wallet, school_id=school, grant_id=grant,
        appointment_id=session, kind=kind, source=source or usual_source, target=target or usual_target,
        credits=credits, at="now", **{**({"reason": "ENTERED_BY_MISTAKE"} if kind == "REVERSE" else {}), **links},
    )  # fmt: skip


MOVES = {
    "GRANT": ("SCHOOL", "AVAILABLE"),
    "HOLD": ("AVAILABLE", "HELD"),
    "RELEASE": ("HELD", "AVAILABLE"),
    "FORFEIT": ("HELD", "FORFEITED"),
    "EXPIRE": ("AVAILABLE", "EXPIRED"),
    "REVERSE": ("SETTLED", "AVAILABLE"),
    "SETTLE_LATE": ("AVAILABLE", "SETTLED"),
}


def requested_with_hold(**changes: Any) -> tuple[str, str]:
    """A copy of Ana's request, with a hold of its own."""
    return copied("appointments", "$requested", **changes), transferred("HOLD", id="$newer", session="$new")
