"""Where sealed bytes are kept: a folder of this machine, or a service that speaks S3, both by obstore (FI-1)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from models.files.store import BytesMissingError, StoreError

if TYPE_CHECKING:
    from obstore.store import ObjectStore, S3Config

REQUEST_TIMEOUT = timedelta(seconds=30)
CONNECT_TIMEOUT = timedelta(seconds=5)
TRIES_AGAIN_MAX = 2
TRIES_WITHIN = timedelta(seconds=20)
"""Without bounds of its own obstore tries for minutes."""
READ_BYTES = 256 * 1024
PART_BYTES = 5 * 1024 * 1024
"""What S3 takes at least as a part of a large object."""
PARTS_AT_ONCE = 2
CHECKED_WITHIN_SECONDS = 15

log = structlog.get_logger()


class ObjectStorage:
    """The store of a process; it is opened when it is first asked for something."""

    def __init__(self, open_store: Callable[[], ObjectStore], *, folder: Path | None = None) -> None:
        self._open = open_store
        self._folder = folder

    @cached_property
    def _store(self) -> ObjectStore:
        return self._open()

    async def put(self, name: str, chunks: AsyncIterable[bytes]) -> None:
        """Keep what comes, all of it or nothing; on the disk when it returns."""
        import obstore

        failed: list[Exception] = []

        async def watched() -> AsyncIterator[bytes]:
            try:
                async for chunk in chunks:
                    yield chunk
            except Exception as error:  # what failed is not the store
                failed.append(error)
                raise

        try:
            await obstore.put_async(self._store, name, watched(), chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE)
            if self._folder is not None:
                await asyncio.to_thread(written_through, self._folder / name)
        except Exception as error:
            if failed:
                raise failed[0] from None
            raise told(error) from error

    async def get(self, name: str) -> AsyncIterator[bytes]:
        """The bytes, in pieces of any size."""
        import obstore

        try:
            found = await obstore.get_async(self._store, name)
            async for chunk in found.stream(min_chunk_size=READ_BYTES):
                yield bytes(chunk)
        except FileNotFoundError as error:
            raise BytesMissingError(f"The store has nothing under {name}.") from error
        except Exception as error:
            raise told(error) from error

    async def remove(self, name: str) -> None:
        """Remove the bytes; nothing happens where there are none."""
        import obstore

        try:
            await obstore.delete_async(self._store, name)
        except FileNotFoundError:
            pass
        except Exception as error:
            raise told(error) from error
        if self._folder is not None:
            for begun in self._folder.glob(f"{name}#*"):  # by a process that died while it wrote
                begun.unlink(missing_ok=True)

    async def check(self) -> None:
        """Write, read and remove a word. Raises StoreError."""
        name = f"check-{os.urandom(8).hex()}"

        async def word() -> AsyncIterator[bytes]:
            yield b"here"

        await self.put(name, word())
        if b"".join([chunk async for chunk in self.get(name)]) != b"here":
            raise StoreError("The store gives back other bytes than it was given.")
        await self.remove(name)


def told(error: Exception) -> StoreError:
    """An error of the store as one that says so: none of its text, which may hold addresses and keys."""
    return StoreError(type(error).__name__)


def written_through(path: Path) -> None:
    """Wait until a file and its name are on the disk, as a row that names it will be."""
    for one in (path, path.parent):
        descriptor = os.open(one, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def storage(s3: Mapping[str, str] | None, folder: Path) -> ObjectStorage:
    """The store that settings name: a bucket, or a folder here."""
    return in_folder(folder) if s3 is None else in_s3(**s3)


async def tell_if_away(store: ObjectStorage) -> None:
    """Say in the log, once a process starts, that the store of files does not take or give what it should.

    The program goes on: all but files is answered, and files are once the store is back.
    """
    try:
        async with asyncio.timeout(CHECKED_WITHIN_SECONDS):
            await store.check()
    except (StoreError, TimeoutError) as error:
        log.error("files.store_away", reason=str(error) or type(error).__name__)


def in_folder(folder: Path) -> ObjectStorage:
    """A store in a folder, which is made if it is not there; nobody else of the machine may look into it."""

    def open_store() -> ObjectStore:
        from obstore.store import LocalStore

        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return LocalStore(folder)

    return ObjectStorage(open_store, folder=folder)


def in_s3(
    *, bucket: str, prefix: str, endpoint: str, region: str, access_key_id: str, secret_access_key: str
) -> ObjectStorage:
    """A store in a bucket; prefix and endpoint may be empty."""

    def open_store() -> ObjectStore:
        from obstore.store import S3Store

        config: S3Config = {
            "region": region,
            "access_key_id": access_key_id,
            "secret_access_key": secret_access_key,
        }
        if endpoint:
            config["endpoint"] = endpoint
        return S3Store(
            bucket,
            prefix=prefix or None,
            config=config,
            client_options={
                "timeout": REQUEST_TIMEOUT,
                "connect_timeout": CONNECT_TIMEOUT,
                "allow_http": endpoint.startswith("http://"),
            },
            retry_config={"max_retries": TRIES_AGAIN_MAX, "retry_timeout": TRIES_WITHIN},
        )

    return ObjectStorage(open_store)
