"""Encryption under a ring of keys: single values at rest, bound to their column and row, and tokens for clients."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV

from models.base.statements import execute, fetch, transaction

NONCE_BYTES = 12
BATCH = 200

_ring: dict[str, AESGCM] = {}
_token_keys: list[AESSIV] = []
_columns: dict[str, tuple[str, str]] = {}


class UnopenableError(Exception):
    """The sealed value belongs somewhere else, was changed, or its key is not in the ring."""


def configure(key_ring: Mapping[str, bytes]) -> None:
    """Take the keys, by their ids; the first one seals, all of them open. Called once a process starts."""
    _ring.clear()
    _ring.update({name: AESGCM(key) for name, key in key_ring.items()})
    _token_keys[:] = [AESSIV(hmac.digest(key, b"tokens", hashlib.sha512)) for key in key_ring.values()]


def sealed_column(table: str, column: str) -> str:
    """Declare a column of sealed values, so that a rotation finds it; returns the purpose to seal with."""
    purpose = f"{table}.{column}"
    _columns[purpose] = (table, column)
    return purpose


def seal(text: str, purpose: str, row_id: UUID) -> str:
    """The text as it is kept: key id, nonce and cipher text. It opens for this column of this row alone."""
    name, key = next(iter(_ring.items()))
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = key.encrypt(nonce, text.encode(), bound_to(purpose, row_id))
    return f"{name}:{base64.b64encode(nonce + sealed).decode()}"


def open_sealed(sealed: str, purpose: str, row_id: UUID) -> str:
    """The text that was sealed. Raises UnopenableError."""
    name, _, encoded = sealed.partition(":")
    key = _ring.get(name)
    if key is None:
        raise UnopenableError(f"The key {name} is not in the ring.")
    try:
        content = base64.b64decode(encoded, validate=True)
        return key.decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], bound_to(purpose, row_id)).decode()
    except (binascii.Error, InvalidTag, ValueError):
        raise UnopenableError(f"A value of {purpose} does not open.") from None


def seal_token(content: bytes, bound: bytes) -> str:
    """A short text for a client to bring back: it tells nothing, and opens with the same `bound` alone.

    The same content has the same text in every process (AES-SIV, RFC 5297), by a key that is derived for this use.
    """
    return base64.urlsafe_b64encode(_token_keys[0].encrypt(content, [bound])).rstrip(b"=").decode()


def open_token(token: str, bound: bytes) -> bytes:
    """The content that was sealed, under any key of the ring. Raises UnopenableError."""
    try:
        sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise UnopenableError("This is no token.") from None
    for key in _token_keys:
        try:
            return key.decrypt(sealed, [bound])
        except (InvalidTag, ValueError):
            continue
    raise UnopenableError("This token does not open.")


def bound_to(purpose: str, row_id: UUID) -> bytes:
    """What a value is authenticated with: moved to another row or column, it does not open."""
    return f"{purpose}:{row_id}".encode()


async def rotate(key_ring: Mapping[str, bytes]) -> int:
    """Seal every value anew that an older key sealed, so that the older keys can be taken out; how many it was.

    Rows are done in small transactions, each under its lock: it can be stopped and started again at any time, and the
    program may run meanwhile, as it opens values of all keys in the ring.
    """
    configure(key_ring)
    newest = next(iter(key_ring))
    done = 0
    for purpose, (table, column) in _columns.items():
        while count := await rotate_some(purpose, table, column, newest):
            done += count
    return done


async def rotate_some(purpose: str, table: str, column: str, newest: str) -> int:
    """Seal the values of up to one batch of rows anew; how many it was."""
    async with transaction():
        rows = await fetch(
            f'SELECT id, "{column}" AS sealed FROM "{table}"'
            f' WHERE "{column}" IS NOT NULL AND NOT starts_with("{column}", $1) ORDER BY id LIMIT $2 FOR NO KEY UPDATE',
            f"{newest}:", BATCH,
        )  # fmt: skip
        for row in rows:
            anew = seal(open_sealed(row.sealed, purpose, row.id), purpose, row.id)
            await execute(f'UPDATE "{table}" SET "{column}" = $2 WHERE id = $1', row.id, anew)
    return len(rows)
