"""What a table says of the people in it: what names them, what erasure puts in its place, how long rows are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SLOT = re.compile(r"\{(student|addresses|ids|nothing|nowhere|at)\}")
CASTS = {
    "student": "uuid",
    "addresses": "text[]",
    "ids": "jsonb",
    "nothing": "jsonb",
    "at": "timestamptz",
}
"""What stands in the conditions below: the student, the person's addresses and ids, what is answered from
then on, and the time. `{nowhere}` is an address of the row's own that leads nowhere."""

EMPTY = "''"
NULL = "NULL"
NOWHERE_ADDRESS = "{nowhere}"


@dataclass(frozen=True, slots=True)
class Personal:
    """A column that names or describes a person: what it holds, and in SQL what erasure puts in its place.

    None where it stays: it is of somebody else than a student, or it goes with its row.
    """

    what: str
    erased: str | None = None
    is_address: bool = False
    """Whether mail is sent to it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """How long rows are kept and why: in words, and in SQL which rows are `over`; None for good.

    What is over is removed, or changed as `then` says (the assignments of an UPDATE).
    """

    long: str
    why: str
    over: str | None = None
    then: str | None = None


def bound(text: str, values: Mapping[str, Any]) -> tuple[str, Sequence[Any]]:
    """A text with its slots numbered as parameters, and their values in that order."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        name = match[1]
        if name == "nowhere":
            return "gone.nowhere"
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}::{CASTS[name]}"

    return SLOT.sub(number, text), [values[name] for name in names]
