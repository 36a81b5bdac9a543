"""XLSX: texts are texts, whatever they look like; numbers and days are what they are."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from documents.csv import Cell
from documents.xlsx import TEXT_LENGTH_MAX, rendered, xlsx

AT = datetime(2026, 11, 29, 9, 30, tzinfo=UTC)


def read(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content)).active


@pytest.mark.parametrize(
    "text", ["=1+1", "{=1+1}", "+1", "@SUM(A1)", "https://x.test", "mailto:a@b.test", "007", "1e5", "王小明 🙂"]
)
def test_a_text_is_no_formula_link_or_number(text: str) -> None:
    sheet = read(xlsx("T", [text], [[text]], at=AT))
    for row in (1, 2):
        cell = sheet.cell(row, 1)
        assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)


def test_numbers_days_instants_and_nothing_are_kept_as_they_are() -> None:
    row: list[Cell] = [Decimal("95.50"), 7, date(2026, 11, 29), AT, None, 10**16]
    cells = read(xlsx("T", list("abcdef"), [row], at=AT))[2]
    assert [cell.value for cell in cells] == [
        95.5, 7, datetime(2026, 11, 29), "2026-11-29T09:30:00Z", None, "10000000000000000",  # noqa: DTZ001 — Excel's day
    ]  # fmt: skip


def test_the_header_is_bold_and_stays_in_sight() -> None:
    sheet = read(xlsx("T", ["Name"], [["Ana"]], at=AT))
    assert sheet["A1"].font.bold
    assert sheet.freeze_panes == "A2"


def test_the_same_table_is_the_same_bytes() -> None:
    assert xlsx("T", ["a"], [["b"]], at=AT) == xlsx("T", ["a"], [["b"]], at=AT)


@pytest.mark.parametrize(
    "row",
    [["one", "two"], ["x" * (TEXT_LENGTH_MAX + 1)], [datetime(2026, 11, 29)]],  # noqa: DTZ001 — that is the case
)
def test_what_a_sheet_cannot_hold_is_an_error_and_not_cut(row: list[Cell]) -> None:
    with pytest.raises(ValueError, match=r"cells|characters|zone"):
        xlsx("T", ["a"], [row], at=AT)


async def test_it_is_made_beside_the_loop() -> None:
    assert read(await rendered("T", ["a"], [["b"]], at=AT))["A2"].value == "b"
