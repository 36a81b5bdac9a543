"""Parts of a page that a script writes: what stands between `<!-- name: begin -->` and `<!-- name: end -->`."""

from __future__ import annotations

from pathlib import Path

BEGIN, END = "<!-- {}: begin -->", "<!-- {}: end -->"


def part(page: Path, name: str) -> str:
    """The part as the page has it now."""
    return page.read_text().split(BEGIN.format(name))[1].split(END.format(name))[0].strip()


def write(page: Path, name: str, text: str) -> None:
    """Replace the part by this text."""
    begin, end = BEGIN.format(name), END.format(name)
    head, rest = page.read_text().split(begin)
    page.write_text(f"{head}{begin}\n\n{text.strip()}\n\n{end}{rest.split(end)[1]}")
