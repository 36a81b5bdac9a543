"""Identifiers: UUIDv7 in the database, TypeIDs (`apt_01h…`) wherever a person or a client sees them."""

from uuid import UUID

from uuid_utils.compat import uuid7

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
TRIPLES = [pair + third for pair in PAIRS for third in ALPHABET]
VALUES = {character: value for value, character in enumerate(ALPHABET)}
SUFFIX_LENGTH = 26


class MalformedIdError(ValueError):
    """The text is no TypeID at all, or one of another kind."""


def new_id() -> UUID:
    """A new UUIDv7: unique, and sorted by the time of its making."""
    return uuid7()


def encode(prefix: str, id: UUID) -> str:
    """The TypeID of `id`: fifteen bits, that is three characters, at a time, out of pieces that fit a small integer."""
    n, t = id.int, TRIPLES
    a, b, c, d = n >> 90, n >> 60 & 0x3FFFFFFF, n >> 30 & 0x3FFFFFFF, n & 0x3FFFFFFF
    return (
        f"{prefix}_{PAIRS[a >> 30]}{t[a >> 15 & 32767]}{t[a & 32767]}{t[b >> 15]}{t[b & 32767]}"
        f"{t[c >> 15]}{t[c & 32767]}{t[d >> 15]}{t[d & 32767]}"
    )


def split(text: str) -> tuple[str, UUID]:
    """The prefix and the UUID of a TypeID. Raises MalformedIdError."""
    prefix, _, suffix = text.rpartition("_")
    if not prefix or len(suffix) != SUFFIX_LENGTH or suffix[0] > "7":
        raise MalformedIdError("not an id of ours")
    number = 0
    for character in suffix:
        value = VALUES.get(character)
        if value is None:
            raise MalformedIdError("not an id of ours")
        number = number << 5 | value
    return prefix, UUID(int=number)


def decode(prefix: str, text: str) -> UUID:
    """The UUID of a TypeID that must have this prefix. Raises MalformedIdError."""
    found, id = split(text)
    if found != prefix:
        raise MalformedIdError(f"an id that begins with {prefix}_ is expected here")
    return id
