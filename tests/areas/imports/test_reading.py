"""Files of rows as people save them: what is found in them, and what cannot be read is told."""

from __future__ import annotations

from typing import Any

import pytest

from models.base.errors import Refused
from models.imports.kinds import KINDS, ImportKind, UnfitCellError, one_of, read_day, read_money, read_state
from models.imports.reading import ROWS_MAX, Encoding, Separator, Sheet, read_sheet
from models.imports.staging import StagedRow, ignored, mapped, read_rows
from models.rates.importing import COLUMNS, judge, keep  # noqa: F401 — the kind is registered with them
from models.rates.rates import VisitType

RATES = KINDS[ImportKind.RATES]
HEADERS = "visit type,service,degree level,license class,state,amount,effective from,effective until"
ROW = "Intake,Therapy,Masters,LCSW,MA,130.00,2027-01-01,"


def refusals(content: bytes) -> list[str]:
    """What is told of a file that cannot be read."""
    with pytest.raises(Refused) as refused:
        read_sheet(content)
    assert all(refusal.path == ("uploadId",) and refusal.fix for refusal in refused.value.refusals)
    return [refusal.message for refusal in refused.value.refusals]


@pytest.mark.parametrize(
    ("codec", "found"),
    [
        ("utf-8", Encoding.UTF_8),
        ("utf-8-sig", Encoding.UTF_8),
        ("utf-16", Encoding.UTF_16),
        ("cp1252", Encoding.WINDOWS_1252),
    ],
)
def test_the_encoding_is_found_and_no_letter_is_lost(codec: str, found: Encoding) -> None:
    sheet = read_sheet("Naïve,Größe\r\n“Zoë”,5 €\r\n".encode(codec))
    assert (sheet.encoding, sheet.headers, sheet.rows) == (found, ["Naïve", "Größe"], [(2, ["“Zoë”", "5 €"])])


def test_utf_16_of_either_order_is_read() -> None:
    for codec, mark in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
        assert read_sheet(mark + "a,b\n1,2".encode(codec)).rows == [(2, ["1", "2"])]


@pytest.mark.parametrize(
    ("sign", "found"),
    [(",", Separator.COMMA), (";", Separator.SEMICOLON), ("\t", Separator.TAB), ("|", Separator.PIPE)],
)
def test_the_separator_is_found_even_where_others_stand_in_the_cells(sign: str, found: Separator) -> None:
    text = f'a{sign}"b, c; d"{sign}e\n1,5{sign}2{sign}"x|y;z,w"\n1{sign}2{sign}3\n'
    sheet = read_sheet(text.encode())
    assert (sheet.separator, len(sheet.headers), [len(row) for _, row in sheet.rows]) == (
        found, 3, [3 + (sign == ","), 3],
    )  # fmt: skip


def test_a_file_of_one_column_needs_no_separator() -> None:
    assert read_sheet(b"state\nMA\nNY\n").rows == [(2, ["MA"]), (3, ["NY"])]


def test_quoted_cells_hold_separators_quotes_and_line_ends_and_rows_keep_their_lines() -> None:
    sheet = read_sheet(b'a,b\r\n"one, ""two""","x\r\ny"\r\n3,4\r\n')
    assert sheet.rows == [(3, ['one, "two"', "x\r\ny"]), (4, ["3", "4"])]


def test_what_a_guard_against_formulas_put_before_a_cell_is_taken_off() -> None:
    assert read_sheet(b"a,b\n'=1+1,'quoted'\n").rows == [(2, ["=1+1", "'quoted'"])]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", ["The file is empty."]),
        (b"\xef\xbb\xbf \r\n", ["The file is empty."]),
        ("\ufeff".encode("utf-16-le"), ["The file is empty."]),
        (b"a,b\n", ["There is no row below the headers."]),
        (b"a,b\n1,\x002\n", ["The file is no text."]),
        (b"\xff\xfea", ["The file's encoding is not known."]),
        (b'a,b\n1,"2\n3,4\n', ["The quotation marks in line 3 do not match."]),
        (b'a,b\n1,"2"x\n', ["The quotation marks in line 2 do not match."]),
        (b"a,,c\n1,2,3\n", ["Column 2 has no header."]),
        (b",\n1,2\n", ["The first line has no headers."]),
        (b"Amount,State,amount \n1,2,3\n", ["2 columns are called Amount."]),
        (b",".join(b"%d" % n for n in range(101)) + b"\n1\n", ["A file has at most 100 columns."]),
        (b"a,b,a\n", ["2 columns are called a.", "There is no row below the headers."]),
        (b"a\n" + b"1\n" * (ROWS_MAX + 1), ["A file has at most 20,000 rows."]),
        (b"a\n1\n" + b"1" * 140_000, ["A cell in line 3 is far too long."]),
        (b"a," + b"b" * 201 + b"\n1,2\n", ["The header of column 2 has more than 200 characters."]),
        (b"a\n" + b"1" * 10 * 1024 * 1024, ["A file of rows has at most 10,485,760 bytes."]),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_everything_that_is_wrong(content: bytes, told: list[str]) -> None:
    assert refusals(content) == told


def sheet_of(*lines: str) -> Sheet:
    """A file of these lines."""
    return read_sheet("\n".join(lines).encode())


def rows_of(*lines: str) -> list[StagedRow]:
    """The rows below the usual headers."""
    sheet = sheet_of(HEADERS, *lines)
    return read_rows(sheet, RATES, mapped(RATES, sheet.headers, None, {}))


def test_a_row_is_read_into_what_its_cells_mean() -> None:
    (row,) = rows_of('follow-up,Medication Management,doctorate,pmhnp,massachusetts,"$1,130.00",1/31/2027,2027-12-31')
    assert (row.outcome, row.faults) == ("UNCHANGED", [])
    assert row.parsed == {
        "visitType": "FOLLOW_UP", "service": "MEDICATION_MANAGEMENT", "degreeLevel": "DOCTORATE",
        "licenseClass": "PSYCHIATRIC_NURSE_PRACTITIONER", "state": "MA", "amount": 113_000,
        "effectiveFrom": "2027-01-31", "effectiveUntil": "2027-12-31",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("title", "license_class"),
    [
        ("LICSW", "CLINICAL_SOCIAL_WORKER"),
        ("LPCC", "PROFESSIONAL_COUNSELOR"),
        ("LCPC", "PROFESSIONAL_COUNSELOR"),
        ("LCMHC", "MENTAL_HEALTH_COUNSELOR"),
    ],
)
def test_a_class_of_license_is_known_by_the_titles_of_the_states(title: str, license_class: str) -> None:
    (row,) = rows_of(ROW.replace("LCSW", title))
    assert row.parsed["licenseClass"] == license_class


def test_every_fault_of_a_row_is_told_by_its_column() -> None:
    (row,) = rows_of("intake,,nurse,LCSW,Mars,130,2027-02-30,soon")
    assert row.outcome == "FAULTY"
    assert [fault["column"] for fault in row.faults] == [
        "service", "degreeLevel", "state", "amount", "effectiveFrom", "effectiveUntil",
    ]  # fmt: skip
    assert set(row.parsed) == {"visitType", "licenseClass"}


def test_a_ragged_row_is_a_fault_and_an_empty_one_is_left_out() -> None:
    short, empty, blank, long, padded = rows_of("a,b", "", ",,,,,,,", f"{ROW},x", f"{ROW},,")
    assert [row.outcome for row in (short, empty, blank, long, padded)] == [
        "FAULTY", "LEFT_OUT", "LEFT_OUT", "FAULTY", "UNCHANGED",
    ]  # fmt: skip
    assert [fault["column"] for fault in (*short.faults, *long.faults)] == [None, None]
    assert [row.number for row in (short, empty, blank, long, padded)] == [2, 3, 4, 5, 6]
    assert [row.faults[0]["fix"] for row in (short, long)] == [
        "Write a separator for each empty cell too.", "Quote cells that hold a separator.",
    ]  # fmt: skip


def test_a_cell_has_a_bound() -> None:
    (row,) = rows_of(ROW.replace("MA", "M" * 2_001))
    assert [(fault["column"], fault["message"]) for fault in row.faults] == [
        ("state", "This cell has more than 2,000 characters.")
    ]
    assert len(row.cells["state"]) == 2_000


def mapping_of(headers: str, given: dict[str, str] | None = None, remembered: dict[str, str] | None = None) -> Any:
    """The mapping of a file with these headers, or what is told against it."""
    try:
        return mapped(RATES, headers.split(","), given, remembered or {})
    except Refused as refused:
        return [refusal.message for refusal in refused.refusals if refusal.path == ("mapping",)]


def test_columns_are_known_by_their_names_and_by_what_else_they_are_called() -> None:
    found = mapping_of("From,VISIT_TYPE,Service,Degree,Licence no.,License Type,Rate")
    assert found == {
        "visitType": "VISIT_TYPE", "service": "Service", "degreeLevel": "Degree", "licenseClass": "License Type",
        "amount": "Rate", "effectiveFrom": "From",
    }  # fmt: skip


def test_the_mapping_of_the_last_import_is_used_if_the_file_has_its_headers() -> None:
    ours = {
        "visitType": "A",
        "service": "B",
        "degreeLevel": "C",
        "licenseClass": "D",
        "amount": "E",
        "effectiveFrom": "F",
    }
    assert mapping_of("a,b,c,d,e,f,g,amount", remembered=ours)["amount"] == "e"
    assert mapping_of(HEADERS, remembered=ours)["amount"] == "amount"


def test_a_column_that_the_last_import_had_not_is_known_by_its_name() -> None:
    """Otherwise a file that has a last day for once would be kept without it, and nobody told."""
    ours = {"visitType": "A", "service": "B", "degreeLevel": "C", "licenseClass": "D", "amount": "E", "state": "from"}
    ours["effectiveFrom"] = "F"
    found = mapping_of("a,b,c,d,e,f,from,state,effective until", remembered=ours)
    assert found == {**{name: header.lower() for name, header in ours.items()}, "effectiveUntil": "effective until"}


def test_headers_that_no_column_has_are_told() -> None:
    sheet = sheet_of(f"{HEADERS},note,effektive until", f"{ROW},x,y")
    assert ignored(sheet, mapped(RATES, sheet.headers, None, {})) == ["note", "effektive until"]


def test_everything_that_is_wrong_with_a_mapping_is_told() -> None:
    given = {"colour": "amount", "amount": "amount", "state": "nowhere", "service": "state", "visitType": "state"}
    told = mapping_of(HEADERS, given)
    assert told[:4] == [
        "There is no column colour.",
        "The file has no header nowhere.",
        "The header amount is given to two columns.",
        "The header state is given to two columns.",
    ]
    assert [message.split(":")[0] for message in told[4:]] == [
        f"The file has no column {name}" for name in ("degreeLevel", "licenseClass", "effectiveFrom")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "2027-1-1",
        "31/12/2027",
        "2027-02-30",
        "tomorrow",
        "٢٠٢٧-٠١-٠١",
        "1/1/27",
        "1899-12-31",
        "3000-01-01",
        "12/31/9999",
    ],
)
def test_what_is_no_day_is_told(text: str) -> None:
    with pytest.raises(UnfitCellError):
        read_day(text)


@pytest.mark.parametrize("text", ["95", "95.5", "-95.00", "95,00", "1e3", "$ 9 5.00", "1,23.00", "٩٥.٠٠"])
def test_what_is_no_amount_is_told(text: str) -> None:
    with pytest.raises(UnfitCellError):
        read_money(text)


def test_a_state_is_known_by_letters_and_name_and_by_nothing_near_it() -> None:
    assert [read_state(text) for text in ("ma", "Massachusetts", "DC", "new york", "PR")] == [
        "MA", "MA", "DC", "NY", "PR",
    ]  # fmt: skip
    with pytest.raises(UnfitCellError):
        read_state("Main")


def test_a_word_is_known_however_it_is_written() -> None:
    read = one_of(VisitType, {"first": VisitType.INTAKE})
    assert [read(text) for text in ("FOLLOW_UP", "Follow-up", "follow up", "First")] == [
        "FOLLOW_UP", "FOLLOW_UP", "FOLLOW_UP", "INTAKE",
    ]  # fmt: skip
    with pytest.raises(UnfitCellError, match="none of the known"):
        read("follow")
