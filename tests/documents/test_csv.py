"""CSV that people open in a spreadsheet: it runs nothing, loses nothing, and comes back as it went out."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.csv import BYTE_ORDER_MARK, Cell, csv_bytes, csv_lines, guarded, unguarded

RUN = [
    "=1+1",
    "+1 617 555 0100",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\nx",
    "  =cmd|'/c calc'!A1",
    "＝1+1",
    "\u200b=1",
    "'=1",
]
HARMLESS = ["", "Zoë O’Brien", "a=b", "1-2", "'quoted'", "王小明", "me@x.test", 'Anna, "Nan"\r\n=1']


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("text", RUN)
def test_a_text_that_would_run_begins_with_an_apostrophe(text: str) -> None:
    assert guarded(text) == "'" + text


@pytest.mark.parametrize("text", HARMLESS)
def test_a_text_that_runs_nothing_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text


@settings(max_examples=60)
@given(st.one_of(st.text(), st.text(alphabet="'=+-@ \t\n\ufeffa＝")))
def test_every_text_comes_back_as_it_went_out(text: str) -> None:
    assert unguarded(guarded(text)) == text


def test_headers_and_texts_are_guarded_and_numbers_stay_numbers() -> None:
    content = csv_bytes(["=name", "amount", "n"], [["=1", Decimal("-10.50"), -3]])
    assert read(content) == [["'=name", "amount", "n"], ["'=1", "-10.50", "-3"]]
    assert b",-10.50,-3\r\n" in content


def test_days_and_instants_are_iso_8601_and_nothing_is_an_empty_cell() -> None:
    row: list[Cell] = [date(2026, 11, 29), datetime(2026, 11, 29, 8, 30, tzinfo=UTC), None]
    assert read(csv_bytes(["a", "b", "c"], [row]))[1] == ["2026-11-29", "2026-11-29T08:30:00+00:00", ""]


def test_an_instant_without_a_zone_is_an_error() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        csv_bytes(["a"], [[datetime(2026, 11, 29)]])  # noqa: DTZ001 — that is the case


def test_a_row_of_another_length_than_the_header_is_an_error() -> None:
    with pytest.raises(ValueError, match="1 cells below a header of 2"):
        csv_bytes(["a", "b"], [["only one"]])


def test_quotes_line_breaks_and_commas_inside_a_cell_survive() -> None:
    assert read(csv_bytes(["a"], [[text] for text in HARMLESS]))[1:] == [[text] for text in HARMLESS]


def test_the_mark_of_utf_8_stands_once_and_lines_come_one_by_one() -> None:
    lines = list(csv_lines(["a"], [["b"], ["c"]]))
    assert [line.decode() for line in lines] == [BYTE_ORDER_MARK + '"a"\r\n', '"b"\r\n', '"c"\r\n']
