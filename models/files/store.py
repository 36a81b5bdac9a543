"""Where sealed bytes lie: what a store does, and the one that this process uses (FI-1).

It is a folder or an S3-compatible service, so nothing of it is called while a transaction is open.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from typing import Protocol


class StoreError(Exception):
    """The store does not answer, or answers that something is wrong with it; nothing is known of the bytes."""


class BytesMissingError(StoreError):
    """The store has nothing under this name."""


class Store(Protocol):
    """Bytes under names. Each name is written once; what was not written to its end is not there."""

    async def put(self, name: str, chunks: AsyncIterable[bytes]) -> None:
        """Keep what comes, all of it or nothing; on the disk when it returns. An error of `chunks` goes on as it is."""

    def get(self, name: str) -> AsyncIterator[bytes]:
        """The bytes, in pieces of any size. Raises BytesMissingError."""

    async def remove(self, name: str) -> None:
        """Remove the bytes; nothing happens where there are none."""


_store: list[Store] = []


def configure(store: Store) -> None:
    """Take the store. Called once a process starts."""
    _store[:] = [store]


def store() -> Store:
    """The store of this process. Raises StoreError where none was configured."""
    if not _store:
        raise StoreError("No store of files was configured.")
    return _store[0]
