"""Staging: which column of a file is which, and each cell read, with every fault by its row and column."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from models.base.errors import Code, Refusal, Refused
from models.base.ids import new_id
from models.base.statements import execute
from models.imports.kinds import Column, ImportOf, UnfitCellError, Value
from models.imports.reading import CELL_LENGTH_MAX, Sheet, folded

ROWS_AT_ONCE = 1_000

Headers = Mapping[str, str]
"""For each column of a kind the header that it has in the file."""


@dataclass(slots=True)
class StagedRow:
    """One row of a file: its line, its cells as written, what they come to, and what is wrong with them."""

    number: int
    cells: dict[str, str]
    parsed: dict[str, Value] = field(default_factory=dict)
    faults: list[dict[str, str | None]] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """What is known of it before it is compared: whether it is empty, or at fault."""
        if not any(self.cells.values()) and not self.faults:
            return "LEFT_OUT"
        return "FAULTY" if self.faults else "UNCHANGED"


def mapped(kind: ImportOf, headers: Sequence[str], given: Headers | None, remembered: Headers) -> dict[str, str]:
    """Which header each column has: as the client says, else as the last import of such a file had it, else by name.

    Raises Refused, with everything that is wrong with the mapping.
    """
    known = {folded(header): header for header in headers}
    if given is None:
        fits = all(folded(header) in known for header in remembered.values())
        given = by_name(kind, known, remembered if fits else {})
    faults = mapping_faults(kind, known, given)
    if faults:
        raise Refused(faults)
    return {name: known[folded(header)] for name, header in given.items()}


def by_name(kind: ImportOf, known: Mapping[str, str], remembered: Headers) -> Headers:
    """What is remembered, and for each other column the header that has one of its names, if it is still free."""
    found = dict(remembered)
    for column in kind.columns:
        taken = {folded(header) for header in found.values()}
        named = [folded(name) for name in (column.name, *column.called)]
        free = [known[name] for name in named if name in known and name not in taken]
        if column.name not in found and free:
            found[column.name] = free[0]
    return found


def ignored(sheet: Sheet, mapping: Headers) -> list[str]:
    """The headers of a file that no column has, so that nothing below them is imported."""
    return [header for header in sheet.headers if header not in mapping.values()]


def mapping_faults(kind: ImportOf, known: Mapping[str, str], given: Headers) -> list[Refusal]:
    """What speaks against a mapping: what is not there, one header for two columns, none for a needed one."""
    columns = {column.name: column for column in kind.columns}
    faults = []
    for name, header in given.items():
        if name not in columns:
            faults.append(unmappable(f"There is no column {name[:60]}.", f"The columns are {', '.join(columns)}."))
        elif folded(header) not in known:
            faults.append(unmappable(f"The file has no header {header[:60]}.", "Name a header of its first line."))
    headers = [folded(header) for header in given.values()]
    faults.extend(
        unmappable(f"The header {known[header][:60]} is given to two columns.", "Give it to one of them.")
        for header in dict.fromkeys(headers)
        if headers.count(header) > 1 and header in known
    )
    faults.extend(
        unmappable(
            f"The file has no column {column.name}: {column.about}",
            f"Add it, or say in `mapping` which header is {column.name}.",
        )
        for column in kind.columns
        if column.needed and column.name not in given
    )
    return faults


def unmappable(message: str, fix: str) -> Refusal:
    """What is wrong with a mapping."""
    return Refusal(Code.INVALID, message, path=["mapping"], fix=fix)


def read_rows(sheet: Sheet, kind: ImportOf, mapping: Headers) -> list[StagedRow]:
    """Every row, with what its cells come to; a column that the file does not have is empty in each."""
    places = {name: sheet.headers.index(header) for name, header in mapping.items()}
    return [read_row(number, row, len(sheet.headers), kind.columns, places) for number, row in sheet.rows]


def read_row(
    number: int, row: Sequence[str], width: int, columns: Sequence[Column], places: Mapping[str, int]
) -> StagedRow:
    """One row. Cells that cannot be read are not in `parsed`; the empty ones are, as null."""
    cells = {name: row[place] if place < len(row) else "" for name, place in places.items()}
    staged = StagedRow(number, {name: text[:CELL_LENGTH_MAX] for name, text in cells.items()})
    if not any(row):
        return staged
    if len(row) < width or any(row[width:]):
        message = f"The row has {len(row)} cells and the headers {width}."
        fix = "Quote cells that hold a separator." if len(row) > width else "Write a separator for each empty cell too."
        staged.faults.append({"column": None, "message": message, "fix": fix})
        return staged
    for column in columns:
        try:
            staged.parsed[column.name] = read_cell(column, cells.get(column.name, ""))
        except UnfitCellError as fault:
            staged.faults.append({"column": column.name, "message": fault.message, "fix": fault.fix})
    return staged


def read_cell(column: Column, text: str) -> Value:
    """What a cell comes to. Raises UnfitCellError."""
    if not text:
        if column.needed:
            raise UnfitCellError("This cell is empty.", "Fill it in.")
        return None
    if len(text) > CELL_LENGTH_MAX:
        raise UnfitCellError(f"This cell has more than {CELL_LENGTH_MAX:,} characters.", "Shorten it.")
    return column.read(text)


STAGE = """
INSERT INTO import_rows (id, import_id, number, outcome, cells, parsed, faults)
SELECT given.id, $1, given.number, given.outcome, given.cells::jsonb, given.parsed::jsonb, given.faults::jsonb
  FROM unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[])
    AS given (id, number, outcome, cells, parsed, faults)
"""


async def stage(import_id: UUID, rows: Sequence[StagedRow]) -> None:
    """Write the rows of an import that is about to be written, so many at a time."""
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        await execute(
            STAGE,
            import_id,
            [new_id() for _ in some],
            [row.number for row in some],
            [row.outcome for row in some],
            [json.dumps(row.cells) for row in some],
            [json.dumps(row.parsed) for row in some],
            [json.dumps(row.faults) for row in some],
        )
