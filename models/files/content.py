"""What is in a file, told by its bytes and never by its name (FI-1)."""

from __future__ import annotations

import codecs
import re
from pathlib import PurePosixPath

PDF, PNG, JPEG = "application/pdf", "image/png", "image/jpeg"
TEXT, CSV = "text/plain", "text/csv"

MAGIC = {b"%PDF-": PDF, b"\x89PNG\r\n\x1a\n": PNG, b"\xff\xd8\xff": JPEG}
"""With what the bytes of each kind begin."""
MAGIC_BYTES = max(map(len, MAGIC))

SUFFIXES = {
    PDF: (".pdf",),
    PNG: (".png",),
    JPEG: (".jpg", ".jpeg"),
    CSV: (".csv",),
}
"""How the names of each kind end; a text may be called as it likes."""

CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1b\x7f]")
"""What stands in no text: X12 and others use the four separators behind it, and form feeds."""
BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class UnfitContentError(Exception):
    """The bytes are not what the purpose takes; the message is safe to show."""


def media_type_of(content: bytes) -> str | None:
    """The media type that the first bytes tell, if it is one that we take."""
    return next((kind for magic, kind in MAGIC.items() if content.startswith(magic)), None)


def media_type_of_text(name: str) -> str:
    """The media type of a text, of which its bytes say no more."""
    return CSV if name.lower().endswith(SUFFIXES[CSV]) else TEXT


class TextCheck:
    """Sees that bytes are a text, as they come: that they decode, and hold no control characters.

    Which of the encodings of one byte a letter it is nobody can tell for certain here; who reads the rows asks.
    """

    def __init__(self) -> None:
        self._begun = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._is_known = False

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes. Raises UnfitContentError."""
        if not self._is_known:
            self._begun += chunk
            if len(self._begun) < len(codecs.BOM_UTF8):
                return
            chunk = self._begin()
        self._look(chunk)

    def finish(self) -> None:
        """Nothing follows. Raises UnfitContentError."""
        if not self._is_known:
            self._look(self._begin())
        if self._decoder is not None:
            self._decoded(b"", final=True)

    def _begin(self) -> bytes:
        self._is_known = True
        encoding = next((name for bom, name in BOMS.items() if self._begun.startswith(bom)), None)
        if encoding is not None:
            self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        return self._begun

    def _look(self, chunk: bytes) -> None:
        text = chunk if self._decoder is None else self._decoded(chunk)
        if CONTROL.search(text):
            raise UnfitContentError("This is no text: it has control characters in it.")

    def _decoded(self, chunk: bytes, *, final: bool = False) -> bytes:
        assert self._decoder is not None
        try:
            return self._decoder.decode(chunk, final).encode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise UnfitContentError("This is no text: it does not decode as its first bytes say.") from None


def plain_name(name: str) -> str:
    """The name of a file without the folders that some programs send along."""
    return PurePosixPath(name.replace("\\", "/")).name or name


def name_to_save(name: str, media_type: str) -> str:
    """A name that ends as the content's kind does, so that nothing else is opened by it."""
    suffixes = SUFFIXES.get(media_type)
    if suffixes is None or name.lower().endswith(suffixes):
        return name
    return name + suffixes[0]
