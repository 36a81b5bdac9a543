"""What can be imported: each kind's columns, how its rows are judged and kept. Later areas register theirs as data."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

import us

from models.base.access import Viewer
from models.base.amounts import Money
from models.base.errors import Refusal
from models.base.times import YEAR_MAX, YEAR_MIN
from models.base.words import Words
from models.imports.reading import folded

Value = str | int | None
"""What a cell comes to, as JSON has it."""


class ImportKind(Words):
    """What the rows of a file are."""

    RATES = "RATES", "Rates to announce, a row for each kind of session, state and first day (CL-5)."


class UnfitCellError(Exception):
    """A cell cannot be read; the message is safe to show, and `fix` says what to write."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message, self.fix = message, fix


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column of a kind: what clients call it, what a file may call it, and how its cells are read."""

    name: str
    about: str
    read: Callable[[str], Value]
    """Raises UnfitCellError; empty cells are not read."""
    called: Sequence[str] = ()
    needed: bool = True
    """Whether the file must have the column, and each row something in it."""


class Judge(Protocol):
    """Says, in set-based SQL, what each staged row would come to."""

    def __call__(self, import_id: UUID, *, at: datetime) -> Awaitable[None]:
        """Set `outcome` of the rows of an import, and add the faults that only the database can tell."""


class Keep(Protocol):
    """Keeps the staged rows that are new or change something, in set-based SQL."""

    def __call__(self, import_id: UUID, *, by: Viewer, at: datetime) -> Awaitable[None]:
        """Write what the preview of an import showed, in the transaction that commits it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportOf:
    """A kind of import: everything that the area which owns its rows has to say."""

    kind: ImportKind
    columns: Sequence[Column]
    lock: str
    """The statement after which nobody else changes what the rows are compared with, until the transaction ends."""
    compared_with: Callable[[datetime], tuple[str, Sequence[object]]]
    """The statement, with its values, that tells in one text what the rows are compared with; other, so is it."""
    judge: Judge
    keep: Keep


KINDS: dict[ImportKind, ImportOf] = {}
"""Each kind, as its area registered it."""


def register(kind: ImportOf) -> None:
    """Let rows of a kind be imported; the area that owns them calls it when it is imported."""
    KINDS[kind.kind] = kind


def one_of(words: type[Words], also: Mapping[str, Words] | None = None) -> Callable[[str], Value]:
    """Reads a word of a list, as `FOLLOW_UP`, `Follow-up` or `follow up`; or by what else it is called."""
    known = {folded(word.value): word.value for word in words}
    known |= {folded(name): word.value for name, word in (also or {}).items()}

    def read(text: str) -> Value:
        try:
            return known[folded(text)]
        except KeyError:
            raise UnfitCellError("This is none of the known values.", f"Write one of {', '.join(words)}.") from None

    return read


def read_money(text: str) -> Value:
    """US dollars in cents, written like `95.00`; a sign of the dollar and thousands' commas are taken."""
    plain = re.sub(r"^\$ ?|,(?=\d{3}(?:\D|$))", "", text)
    try:
        return Money.read(plain).cents
    except ValueError:
        raise UnfitCellError(
            "An amount has dollars, a point and two digits of cents.", "Write it like 95.00."
        ) from None


AMERICAN_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
ISO_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)


def read_day(text: str) -> Value:
    """A day, written like `2026-11-29` or, as spreadsheets do in the United States, `11/29/2026`."""
    try:
        if found := ISO_DAY.fullmatch(text):
            year, month, day = map(int, found.groups())
        elif found := AMERICAN_DAY.fullmatch(text):
            month, day, year = map(int, found.groups())
        else:
            raise ValueError
        read = date(year, month, day)
    except ValueError:
        raise UnfitCellError("This is no day.", "Write it like 2026-11-29, or 11/29/2026.") from None
    if not YEAR_MIN <= year <= YEAR_MAX:
        raise UnfitCellError("The year is too far away.", f"Write a day of the years {YEAR_MIN} to {YEAR_MAX}.")
    return read.isoformat()


STATES = {
    folded(name): state.abbr
    for state in (*us.states.STATES_AND_TERRITORIES, us.states.DC)
    for name in (state.abbr, state.name)
}


def read_state(text: str) -> Value:
    """A state or territory by its two letters or its name."""
    try:
        return STATES[folded(text)]
    except KeyError:
        raise UnfitCellError(
            "This is no state.", "Write the two letters of a US state or territory, like MA."
        ) from None


def fault_in(column: str | None, refusal: Refusal) -> str:
    """A fault of a row as SQL: a literal of `jsonb`, for a judge to add where a condition holds."""
    told = json.dumps({"column": column, "message": refusal.message, "fix": refusal.fix})
    return "'" + told.replace("'", "''") + "'::jsonb"


def judged(found: str, faults: Mapping[str, str], outcome: str) -> str:
    """The statement of a judge: `found` is SQL that gives for the `id` of each row what conditions are about.

    Each condition in `faults` that holds adds its fault; `outcome` is SQL for what a row without any comes to. Both are
    about `found`. What could not be read is null there, so conditions say nothing of it; the empty rows stay out.
    """
    added = ", ".join(f"CASE WHEN {condition} THEN {fault} END" for condition, fault in faults.items())
    return f"""
UPDATE import_rows SET faults = import_rows.faults || judged.added,
       outcome = CASE WHEN import_rows.faults || judged.added = '[]' THEN judged.outcome ELSE 'FAULTY' END
  FROM (SELECT found.id, {outcome} AS outcome, to_jsonb(array_remove(ARRAY[{added}], NULL)) AS added
          FROM ({found}) found) judged
 WHERE import_rows.id = judged.id AND import_rows.outcome <> 'LEFT_OUT'
"""
