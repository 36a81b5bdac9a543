"""CSV as the whole program writes it: RFC 4180 in UTF-8, and no text that a spreadsheet would run as a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal

Cell = str | int | Decimal | date | datetime | None
"""What a cell holds. An instant needs its zone; None is an empty cell, as the empty text is."""

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel takes UTF-8 for the machine's old code page."""

# Spreadsheets look past blanks, and take the signs of full width for those of ASCII.
_RUNS = re.compile(r"'*(?:[\t\r\n]|[\s\ufeff\u200b-\u200f\u2060]*[=+\-@＝＋－＠])")


def guarded(text: str) -> str:
    """A text that no spreadsheet runs: an apostrophe before what would be a formula; `unguarded` takes it off."""
    return f"'{text}" if _RUNS.match(text) else text


def unguarded(text: str) -> str:
    """A text as it was before `guarded`, so that a file of ours that comes back is the same data."""
    return text[1:] if text.startswith("'") and _RUNS.match(text[1:]) else text


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """A table as CSV, line by line, for files longer than memory; the first line begins with the mark of UTF-8.

    Texts are guarded and quoted, numbers are neither. Raises ValueError at a row that has not a cell for each column.
    """
    line = io.StringIO(newline="")
    writer = csv.writer(line, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    line.write(BYTE_ORDER_MARK)
    for cells in _all(header, rows):
        writer.writerow([_written(cell) for cell in cells])
        yield line.getvalue().encode()
        line.seek(0)
        line.truncate()


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A whole table as CSV; see `csv_lines`."""
    return b"".join(csv_lines(header, rows))


def _all(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[Sequence[Cell]]:
    yield header
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"a row of {len(row)} cells below a header of {len(header)}")
        yield row


def _written(cell: Cell) -> str | int | Decimal:
    if cell is None:
        return ""
    if isinstance(cell, datetime) and cell.tzinfo is None:
        raise ValueError("an instant without a zone")
    if isinstance(cell, date):
        return cell.isoformat()
    return guarded(cell) if isinstance(cell, str) else cell
