"""Sealing of files: each has a key of its own, under which its bytes are sealed piece by piece (FI-1).

A piece is AES-GCM under a nonce that counts the pieces and tells the last one, so that none can be left out, moved,
repeated or cut off; it is bound to its file and to the name that the bytes have in the store. The key is random and
used for these bytes alone, so no nonce comes twice. The key itself is sealed in the file's row under the ring of keys:
a rotation seals it anew without a look at the bytes, and without it they are noise.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterable, AsyncIterator
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.base.encryption import UnopenableError

KEY_BYTES = 32
PIECE_BYTES = 256 * 1024
TAG_BYTES = 16
COUNT_BYTES = 11


def new_key() -> bytes:
    """A key for the bytes of one file."""
    return secrets.token_bytes(KEY_BYTES)


async def sealed(chunks: AsyncIterable[bytes], key: bytes, *, file_id: UUID, blob_id: UUID) -> AsyncIterator[bytes]:
    """The sealed pieces of what comes, as they come: no more than a piece is held."""
    cipher, bound = AESGCM(key), bound_to(file_id, blob_id)
    count = 0
    async for piece, is_last in pieces(chunks, PIECE_BYTES):
        yield cipher.encrypt(nonce(count, is_last=is_last), piece, bound)
        count += 1


async def opened(chunks: AsyncIterable[bytes], key: bytes, *, file_id: UUID, blob_id: UUID) -> AsyncIterator[bytes]:
    """What was sealed, piece by piece. Raises UnopenableError, at the latest where the end is missing."""
    cipher, bound = AESGCM(key), bound_to(file_id, blob_id)
    count = 0
    async for piece, is_last in pieces(chunks, PIECE_BYTES + TAG_BYTES):
        try:
            yield cipher.decrypt(nonce(count, is_last=is_last), piece, bound)
        except (InvalidTag, ValueError):
            raise UnopenableError(f"Piece {count} of file {file_id} does not open.") from None
        count += 1


async def pieces(chunks: AsyncIterable[bytes], size: int) -> AsyncIterator[tuple[bytes, bool]]:
    """What comes, in pieces of one size, and of each whether it is the last; there is always a last one."""
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        while len(held) > size:
            yield bytes(held[:size]), False
            del held[:size]
    yield bytes(held), True


def nonce(count: int, *, is_last: bool) -> bytes:
    """The nonce of a piece."""
    return count.to_bytes(COUNT_BYTES, "big") + bytes([is_last])


def bound_to(file_id: UUID, blob_id: UUID) -> bytes:
    """What pieces are authenticated with: under another file or name they do not open."""
    return b"files:" + file_id.bytes + blob_id.bytes
