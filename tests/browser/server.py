"""A demo server in a process of its own, started as a person starts it, on a database of its own."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 20


@asynccontextmanager
async def demo_server(database_url: str, folder: Path, **more: str) -> AsyncIterator[str]:
    """The address of a demo server that is ready; it is told to stop at the end."""
    settings = {"FC_ENV": "demo", "FC_PORT": "0", "FC_DATABASE_URL": database_url, "FC_DATA_DIR": str(folder), **more}
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "serve"),
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert server.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS_MAX):
            address = await _address(server.stdout)
        reading = asyncio.create_task(server.stdout.read())  # a full pipe would hold the server up
        yield address
    finally:
        if server.returncode is None:
            server.terminate()
        async with asyncio.timeout(STOP_SECONDS_MAX):
            await server.wait()
    await reading


async def _address(lines: asyncio.StreamReader) -> str:
    said = []
    async for line in lines:
        said.append(line.decode())
        if line.startswith(b"Home"):
            return said[-1].split()[1].removesuffix("/")
    raise AssertionError(f"the demo server did not start:\n{''.join(said)}")
