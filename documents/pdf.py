"""PDF in one look: tagged, made to be kept (PDF/A-2a) and to be read aloud (PDF/UA-1), the same bytes each time.

What stands in it comes as values and is never read as typst's own words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import typst

from documents.making import beside

LOOK = Path(__file__).with_name("look.typ")
STANDARDS: list[Any] = ["a-2a", "ua-1"]
LACKING = "A letter that the fonts of this document lack is written as its Unicode number, like {}."
"""Told at the end of a document that has one."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of a section."""

    text: str
    level: int = 1
    block: str = field(default="heading", init=False)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of text."""

    text: str
    block: str = field(default="paragraph", init=False)


@dataclass(frozen=True, slots=True)
class Points:
    """A list of points."""

    items: Sequence[str]
    block: str = field(default="points", init=False)


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts, each with what it is called."""

    pairs: Sequence[tuple[str, str]]
    block: str = field(default="facts", init=False)


@dataclass(frozen=True, slots=True)
class Rows:
    """A table with a header, which each page repeats; `numbers` are the columns that are set flush right."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()
    block: str = field(default="rows", init=False)


Block = Heading | Paragraph | Points | Facts | Rows


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """What a document says. `at` is when it was made, `footnote` stands on each page, `language` is a tag of BCP 47."""

    title: str
    product: str
    at: datetime
    body: Sequence[Block]
    footnote: str = ""
    language: str = "en"


async def rendered(document: Document) -> bytes:
    """The document as PDF, made in a thread: not inside a transaction, for it may take a second."""
    return await beside(pdf, document)


def pdf(document: Document) -> bytes:
    """The document as PDF. Letters that no font here has, as of Chinese or an emoji, are spelled by their numbers."""
    try:
        return _compiled(document, "pdf")[0]
    except typst.TypstError:
        spelled = _spelled(document)
        if spelled == document:
            raise
        return _compiled(spelled, "pdf")[0]


def pictures(document: Document) -> list[bytes]:
    """Its pages as PNG, to be looked at."""
    return _compiled(_spelled(document), "png")


def _compiled(document: Document, form: Literal["pdf", "png"]) -> list[bytes]:
    at = document.at.astimezone(UTC)
    data = asdict(document) | {"at": [at.year, at.month, at.day, at.hour, at.minute, at.second]}
    made: Any = typst.compile(
        str(LOOK),
        root=str(LOOK.parent),
        ignore_system_fonts=True,
        format=form,
        sys_inputs={"data": json.dumps(data)},
        pdf_standards=STANDARDS if form == "pdf" else [],
        timestamp=int(at.timestamp()),
    )
    return made if isinstance(made, list) else [made]


def _spelled(document: Document) -> Document:
    """The document with its letters that cannot be drawn as their numbers, and a word about it at its end."""
    lacking = {sign for text in _texts(asdict(document)) for sign in text if not _is_drawn(sign)}
    if not lacking:
        return document
    table = str.maketrans({sign: f"[U+{ord(sign):04X}]" for sign in lacking})
    told = replace(
        document,
        **{name: _replaced(getattr(document, name), table) for name in ("title", "product", "body", "footnote")},
    )
    return replace(told, body=[*told.body, Paragraph(LACKING.format(f"[U+{ord(min(lacking)):04X}]"))])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def _replaced(value: Any, table: dict[int, str]) -> Any:
    if isinstance(value, str):
        return value.translate(table)
    if isinstance(value, Block):
        names = [name for name in type(value).__slots__ if name not in ("block", "level", "numbers")]
        return replace(value, **{name: _replaced(getattr(value, name), table) for name in names})
    return [_replaced(one, table) for one in value]


@lru_cache(maxsize=4096)
def _is_drawn(sign: str) -> bool:
    """Whether a font here has this letter, in the weights that the look uses."""
    if sign.isascii():
        return sign.isprintable() or sign in "\t\n"
    inside = f"a{sign}b"  # some signs are left out at the end of a text, and refused within it
    try:
        _compiled(
            Document(title="-", product="-", at=datetime(2000, 1, 1, tzinfo=UTC), body=[Facts([(inside, inside)])]),
            "pdf",
        )
    except typst.TypstError:
        return False
    return True
