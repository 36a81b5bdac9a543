"""PDF in one look: tagged, titled, in a language, the same bytes each time; no text of anybody is run or lost."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pypdf
import pytest
import typst
from PIL import Image
from pypdf.generic import DictionaryObject

from documents.pdf import Document, Facts, Heading, Paragraph, Points, Rows, pdf, pictures, rendered
from documents.prose import read_prose

AT = datetime(2026, 11, 29, 9, 30, tzinfo=UTC)
LETTER = Document(
    title="Terms of Service",
    product="Flexible Credits",
    at=AT,
    body=[
        Facts([("Accepted by", "Zoë Ñandú"), ("Version", "2026-11")]),
        Heading("Credits"),
        Paragraph("One credit pays for one session."),
        Points(["It is not money.", "It cannot be sold."]),
        Rows(["Name", "Amount"], [["Ana", "95.00"], ["Ben", "130.00"]], numbers=[1]),
    ],
    footnote="SHA-256 abc",
)


def read(content: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(content))


def text_of(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in read(content).pages)


def tags(node: Any) -> Iterator[str]:
    """The tags of a document's structure, from the root down."""
    node = node.get_object()
    if isinstance(node, DictionaryObject):
        if "/S" in node:
            yield str(node["/S"])
        if "/K" in node:
            yield from tags(node["/K"])
    elif isinstance(node, list):
        for one in node:
            yield from tags(one)


def root_of(content: bytes) -> Any:
    return read(content).trailer["/Root"].get_object()


def test_all_that_a_document_says_stands_in_it_with_its_page_numbers() -> None:
    text = text_of(pdf(LETTER))
    for said in ("Terms of Service", "Flexible Credits", "Zoë Ñandú", "2026-11", "One credit pays for one session.",
                 "It is not money.", "130.00", "SHA-256 abc", "Page 1 of 1"):  # fmt: skip
        assert said in text


def test_it_has_a_title_a_language_and_tags_for_who_hears_it() -> None:
    content = pdf(LETTER)
    root = root_of(content)
    metadata = read(content).metadata
    assert metadata is not None
    assert (metadata.title, metadata.author, root["/Lang"]) == ("Terms of Service", "Flexible Credits", "en")
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    found = set(tags(root["/StructTreeRoot"]))
    assert {"/Table", "/TH", "/TD", "/L", "/LI", "/P"} <= found
    assert "/H1" in found or "/H2" in found


def test_it_names_the_two_standards_that_it_keeps() -> None:
    metadata = root_of(pdf(LETTER))["/Metadata"].get_object().get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata


def test_the_same_document_is_the_same_bytes_in_whatever_zone_its_time_is_told() -> None:
    same = replace(LETTER, at=AT.astimezone(timezone(timedelta(hours=-5))))
    assert pdf(LETTER) == pdf(LETTER) == pdf(same)


@pytest.mark.parametrize(
    "hostile",
    [
        '#read("/etc/passwd")',
        '#import "@preview/x:1.0.0"',
        "*bold* _it_ $x$ <label> @ref",
        "\\ #{ [ ] }",
        "= Heading",
        "//x",
    ],
)
def test_a_text_is_never_read_as_typsts_own_words(hostile: str) -> None:
    content = pdf(
        replace(LETTER, title=hostile, footnote=hostile, body=[Paragraph(hostile), Facts([("Name", hostile)])])
    )
    assert text_of(content).count(" ".join(hostile.split())) >= 4


@pytest.mark.parametrize(
    "name", ["王小明", "김민수", "Ana 🙂", "สมชาย", "\ue000", "a\ufeffb", "👩\u200d🎓", "Ana 🙂\x07"]
)
def test_letters_that_the_fonts_lack_are_spelled_and_nothing_is_lost(name: str) -> None:
    content = pdf(replace(LETTER, title=f"For {name}", body=[Facts([("Name", name)]), Rows(["A"], [[name]])]))
    text = text_of(content).replace(" ", "")
    lacking = [sign for sign in name if not sign.isascii() and sign != "\u200d"]  # a joiner is drawn as nothing
    for sign in lacking:
        assert text.count(f"[U+{ord(sign):04X}]") >= 3
    assert "writtenasitsUnicodenumber" in text
    assert b"pdfuaid" in root_of(content)["/Metadata"].get_object().get_data()


@pytest.mark.parametrize("name", ["Zoë Ñandú", "Иван Петров", "Nguyễn Thị", "Ἀθηνᾶ", "محمد", "שרה", "प्रिया", "Łukasz"])
def test_letters_that_the_fonts_have_stay(name: str) -> None:
    assert "U+" not in text_of(pdf(replace(LETTER, body=[Facts([("Name", name)])])))


def test_what_the_look_itself_gets_wrong_is_no_letter_that_is_lacking() -> None:
    with pytest.raises(typst.TypstError):
        pdf(replace(LETTER, body=[Heading("One"), Heading("Three", level=3)]))


def test_a_long_table_goes_on_with_its_header_on_each_page() -> None:
    pages = read(pdf(replace(LETTER, body=[Rows(["Student", "N"], [["Ana", str(n)] for n in range(120)])]))).pages
    assert len(pages) > 1
    assert all("Student" in page.extract_text() for page in pages)


def test_a_page_is_drawn_and_not_empty() -> None:
    (page,) = pictures(LETTER)
    image = Image.open(io.BytesIO(page)).convert("L")
    dark = sum(image.histogram()[:128])
    assert image.width < image.height
    assert 0.002 < dark / (image.width * image.height) < 0.2


@pytest.mark.parametrize("body", [Facts([("Mail", "w" * 200)]), Rows(["A", "B"], [["1", "w" * 200]])])
def test_a_word_that_is_longer_than_a_line_stays_on_the_page(body: Facts | Rows) -> None:
    letter = replace(LETTER, body=[body])
    (page,) = pictures(letter)
    image = Image.open(io.BytesIO(page)).convert("L")
    margin = image.crop((image.width * 76 // 85, 0, image.width, image.height))  # an inch, less a hair's breadth
    assert not any(margin.histogram()[:128])
    assert "w" * 200 in text_of(pdf(letter)).replace(" ", "")


async def test_others_are_answered_while_a_document_is_made() -> None:
    long = replace(LETTER, body=[Rows(["A", "B"], [["Ana", str(n)] for n in range(600)])])
    making, longest = asyncio.create_task(rendered(long)), 0.0
    while not making.done():
        before = time.perf_counter()
        await asyncio.sleep(0)
        longest = max(longest, time.perf_counter() - before)
    assert (await making).startswith(b"%PDF")
    assert longest < 0.2


def test_prose_is_read_as_title_headings_points_and_paragraphs() -> None:
    title, blocks = read_prose("# Terms\n\nOne\ntwo.\n\n## Credits\n\n- first\n- second\n\n### Below\n\n#hash\n")
    assert title == "Terms"
    assert blocks == [
        Paragraph("One two."), Heading("Credits"), Points(["first", "second"]), Heading("Below", level=2),
        Paragraph("#hash"),
    ]  # fmt: skip
