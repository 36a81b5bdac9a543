"""XLSX: a table with a header, in which a text is never a formula, a link or a number."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from documents.csv import Cell
from documents.making import beside

TEXT_LENGTH_MAX = 32_767
"""What a cell of Excel holds."""
WIDEST = 60
DAY = {"num_format": "yyyy-mm-dd"}
HEADER = {"bold": True, "bottom": 1}


async def rendered(title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]], *, at: datetime) -> bytes:
    """The table as XLSX, made in a thread: not inside a transaction."""
    return await beside(xlsx, title, header, rows, at=at)


def xlsx(title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]], *, at: datetime) -> bytes:
    """A table as XLSX with one sheet, made at `at`; the same bytes each time.

    Days are dates, instants texts in UTC, for a cell has no zone. Raises ValueError at a row that has not a cell for
    each column, at a longer text than a cell holds, and at an instant without a zone.
    """
    import xlsxwriter  # for the first sheet: it takes half a second, which no start has to wait for

    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        book.set_properties({"title": title, "created": at.astimezone(UTC).replace(tzinfo=None)})
        sheet = book.add_worksheet()
        _fill(sheet, header, rows, day=book.add_format(DAY), bold=book.add_format(HEADER))
        sheet.freeze_panes(1, 0)
    return content.getvalue()


def _fill(sheet: Any, header: Sequence[str], rows: Iterable[Sequence[Cell]], *, day: Any, bold: Any) -> None:
    widths = [len(name) for name in header]
    for column, name in enumerate(header):
        sheet.write_string(0, column, _fitting(name), bold)
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise ValueError(f"a row of {len(row)} cells below a header of {len(header)}")
        for column, cell in enumerate(row):
            _write(sheet, number, column, cell, day)
            widths[column] = max(widths[column], len(str(cell)))
    for column, width in enumerate(widths):
        sheet.set_column(column, column, min(width + 2, WIDEST))


def _write(sheet: Any, row: int, column: int, cell: Cell, day: Any) -> None:
    if cell is None:
        return
    if isinstance(cell, str):
        sheet.write_string(row, column, _fitting(cell))
    elif isinstance(cell, datetime):
        if cell.tzinfo is None:
            raise ValueError("an instant without a zone")
        sheet.write_string(row, column, cell.astimezone(UTC).isoformat().replace("+00:00", "Z"))
    elif isinstance(cell, date):
        sheet.write_datetime(row, column, datetime(cell.year, cell.month, cell.day), day)  # noqa: DTZ001 — a day
    elif isinstance(cell, Decimal) or abs(cell) < 10**15:
        sheet.write_number(row, column, cell)
    else:
        sheet.write_string(row, column, str(cell))  # Excel keeps fifteen digits


def _fitting(text: str) -> str:
    if len(text) > TEXT_LENGTH_MAX:
        raise ValueError(f"a text of {len(text)} characters")
    return text
