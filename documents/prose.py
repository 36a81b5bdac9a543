"""Texts that people write in plain files, read as the blocks of a document."""

from __future__ import annotations

from documents.pdf import Block, Heading, Paragraph, Points


def read_prose(text: str) -> tuple[str, list[Block]]:
    """The title and the blocks of a text: `# title`, `## heading`, `### below it`, paragraphs, and `- ` for points.

    Blank lines separate; nothing else has a meaning of its own.
    """
    title, blocks = "", list[Block]()
    for part in filter(None, (part.strip() for part in text.split("\n\n"))):
        mark, _, rest = part.partition(" ")
        if part.startswith("- "):
            blocks.append(Points([point.removeprefix("- ") for point in part.split("\n")]))
        elif mark == "#" and not title:
            title = rest
        elif mark in ("##", "###"):
            blocks.append(Heading(rest, level=len(mark) - 1))
        else:
            blocks.append(Paragraph(" ".join(part.split("\n"))))
    return title, blocks
