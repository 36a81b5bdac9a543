"""Processes that store a file and remove it, each killed at another step: python -m … url folder step….

They are forked from one that has loaded the program, which prints how each of them ended.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path

from database import connected
from integrations.storing import in_folder
from models.base import encryption
from models.base.statements import transaction, write
from models.files import files, uploads
from models.files import store as stores
from models.files.files import File, FilePurpose
from tests.support.postgres import settings_for
from tests.support.two_sides import SOMEBODY
from tests.support.world import AT

STEPS = (
    "before the bytes", "within the bytes", "after the bytes", "before the row", "after the row", "after the removal",
    "after the mark", "after the bytes went", "after all",
)  # fmt: skip


class Store:
    """A store that kills the process at a step, and writes down the names that it was asked to keep."""

    def __init__(self, folder: Path, step: str) -> None:
        self._store = in_folder(folder)
        folder.parent.mkdir(exist_ok=True)
        self._log = folder.parent / "steps.log"
        self._step = step

    def at(self, step: str) -> None:
        """Die here, if this is the step."""
        if step == self._step:
            os.kill(os.getpid(), signal.SIGKILL)

    async def put(self, name: str, chunks: AsyncIterable[bytes]) -> None:
        """Keep it, if the process lives that long."""
        with self._log.open("a") as log:
            log.write(name + "\n")
        self.at("before the bytes")

        async def watched() -> AsyncIterator[bytes]:
            number = 0
            async for chunk in chunks:
                yield chunk
                number += 1
                if number == 3:
                    self.at("within the bytes")

        await self._store.put(name, watched())
        self.at("after the bytes")

    def get(self, name: str) -> AsyncIterator[bytes]:
        """As the store does."""
        return self._store.get(name)

    async def remove(self, name: str) -> None:
        """Remove it, if the process lives that long."""
        self.at("after the mark")
        await self._store.remove(name)
        self.at("after the bytes went")


async def main(url: str, folder: str, step: str) -> None:
    """Go through all steps up to the one."""
    store = Store(Path(folder), step)
    settings = settings_for(url)
    encryption.configure(settings.key_ring)
    async with connected(settings):
        stores.configure(store)
        content = b"made by a process" * 100_000
        file = await files.prepare(
            content, purpose=FilePurpose.RESULT, name="x.csv", media_type="text/csv", by=SOMEBODY, at=AT
        )
        store.at("before the row")
        async with transaction():
            await write(file, files.stored_event(file, by=SOMEBODY, at=AT))
        store.at("after the row")
        async with transaction():
            await files.remove(await File.locked(file.id), by=None, at=AT)
        store.at("after the removal")
        await uploads.sweep(at=AT)
        store.at("after all")


def forked(url: str, folder: str, step: str) -> int:
    """A process that goes as far as this step; its number."""
    number = os.fork()
    if number == 0:
        asyncio.run(main(url, folder, step))
        os._exit(0)
    return number


if __name__ == "__main__":
    started = [forked(sys.argv[1], sys.argv[2], step) for step in sys.argv[3:]]
    print(*(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) for number in started))
