"""A file of rows as people save it: its encoding and separator are found, what cannot be read is told by its line."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from charset_normalizer import from_bytes

from documents.csv import unguarded
from models.base.errors import Code, Refusal, Refused, refuse_if_any
from models.base.words import Words

BYTES_MAX = 10 * 1024 * 1024
ROWS_MAX = 20_000
"""What a request reads while it waits; a larger file is sent in parts."""
COLUMNS_MAX = 100
CELL_LENGTH_MAX = 2_000
HEADER_LENGTH_MAX = 200
SAMPLE_BYTES = 64 * 1024
SAMPLE_ROWS = 20


class Encoding(Words, shown_as="ImportEncoding"):
    """Encoding of a file of rows."""

    UTF_8 = "UTF_8", "UTF-8, with or without a byte order mark."
    UTF_16 = "UTF_16", "UTF-16, with a byte order mark."
    WINDOWS_1252 = "WINDOWS_1252", "Windows-1252, the western European one of older programs."


class Separator(Words, shown_as="ImportSeparator"):
    """What stands between the cells of a row."""

    COMMA = "COMMA", "A comma."
    SEMICOLON = "SEMICOLON", "A semicolon."
    TAB = "TAB", "A tab."
    PIPE = "PIPE", "A vertical bar."


SIGNS = {Separator.COMMA: ",", Separator.SEMICOLON: ";", Separator.TAB: "\t", Separator.PIPE: "|"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """A file's rows as texts. Each has the number of the line that it ends on, as an editor counts them."""

    encoding: Encoding
    separator: Separator
    headers: list[str]
    rows: list[tuple[int, list[str]]]


def unreadable(message: str, fix: str) -> Refusal:
    """Why a file as a whole cannot be imported."""
    return Refusal(Code.INVALID, message, rule="FI-1", path=["uploadId"], fix=fix)


def read_sheet(content: bytes) -> Sheet:
    """The rows of a file. Raises Refused where it has none, or is none."""
    refuse_if_any(size_refusals(len(content)))
    encoding, text = decoded(content)
    if not text.strip():
        raise Refused([unreadable("The file is empty.", "Send a line of headers, and the rows below it.")])
    if "\0" in text:
        raise Refused([unreadable("The file is no text.", "Save it as CSV in UTF-8.")])
    separator = separator_of(text)
    lines = rows_of(text, separator)
    headers = [header.strip() for header in next(lines)[1]]
    while headers and not headers[-1]:
        headers.pop()
    faults = list(header_faults(headers))
    rows = list(islice(lines, ROWS_MAX + 1))
    if len(rows) > ROWS_MAX:
        faults.append(unreadable(f"A file has at most {ROWS_MAX:,} rows.", "Send it in parts."))
    if not rows:
        faults.append(unreadable("There is no row below the headers.", "Send at least one row."))
    if faults:
        raise Refused(faults)
    return Sheet(encoding=encoding, separator=separator, headers=headers, rows=rows)


def size_refusals(length: int) -> list[Refusal]:
    """What speaks against a file of so many bytes, which is known before it is read."""
    if length <= BYTES_MAX:
        return []
    return [unreadable(f"A file of rows has at most {BYTES_MAX:,} bytes.", "Send it in parts.")]


def decoded(content: bytes) -> tuple[Encoding, str]:
    """The encoding that a file was saved in, and its text. Raises Refused where it is none that we know."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        known, codec = Encoding.UTF_16, "utf-16"
    else:
        known, codec = Encoding.UTF_8, "utf-8-sig"
    try:
        return known, content.decode(codec)
    except UnicodeDecodeError:
        pass
    if known is Encoding.UTF_8 and from_bytes(content[:SAMPLE_BYTES], cp_isolation=["cp1252"]).best() is not None:
        try:
            return Encoding.WINDOWS_1252, content.decode("cp1252")
        except UnicodeDecodeError:
            pass
    raise Refused([unreadable("The file's encoding is not known.", "Save it as CSV in UTF-8.")])


def separator_of(text: str) -> Separator:
    """The sign that makes the most columns of the headers, and of the most rows below as many."""

    def fit(separator: Separator) -> tuple[int, int]:
        sample = csv.reader(io.StringIO(text, newline=""), delimiter=SIGNS[separator])
        widths: list[int] = []
        with contextlib.suppress(csv.Error):  # told when the rows are read
            widths.extend(len(row) for row in islice(sample, SAMPLE_ROWS) if row)
        first = widths[0] if widths else 0
        return (first > 1) * widths.count(first), first

    return max(Separator, key=fit)


def rows_of(text: str, separator: Separator) -> Iterator[tuple[int, list[str]]]:
    """The rows with their line's number. Raises Refused at quotes that are not closed, or stand where none may."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=SIGNS[separator], strict=True)
    try:
        for row in reader:
            yield reader.line_num, [unguarded(cell.strip()) for cell in row]
    except csv.Error as error:
        line = reader.line_num
        if "field larger" in str(error):
            fix = f"Shorten it to {CELL_LENGTH_MAX:,} characters, or close the quotation mark that it begins with."
            raise Refused([unreadable(f"A cell in line {line} is far too long.", fix)]) from None
        fix = 'Write a quotation mark inside a cell twice, "", and close each cell that begins with one.'
        raise Refused([unreadable(f"The quotation marks in line {line} do not match.", fix)]) from None


def header_faults(headers: list[str]) -> Iterator[Refusal]:
    """What speaks against the headers: none can be told from another if two are the same."""
    if not headers:
        yield unreadable("The first line has no headers.", "Name each column in the first line.")
    if len(headers) > COLUMNS_MAX:
        yield unreadable(f"A file has at most {COLUMNS_MAX} columns.", "Leave out those that are not imported.")
    if "" in headers:
        place = headers.index("") + 1
        yield unreadable(f"Column {place} has no header.", "Name each column in the first line.")
    for place, header in enumerate(headers, 1):
        if len(header) > HEADER_LENGTH_MAX:
            yield unreadable(
                f"The header of column {place} has more than {HEADER_LENGTH_MAX} characters.", "Shorten it."
            )
    counted = Counter(folded(header) or header for header in headers if header)
    for name, times in counted.items():
        if times > 1:
            called = next(header for header in headers if (folded(header) or header) == name)
            yield unreadable(f"{times} columns are called {called[:60]}.", "Give each its own name, or leave one out.")


def folded(header: str) -> str:
    """A header without what makes no difference: case, blanks and signs."""
    return "".join(character for character in header.casefold() if character.isalnum())
