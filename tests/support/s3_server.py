"""A server that speaks S3 (moto's), as a process of its own on loopback, with one bucket."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx2
import obstore
from obstore.store import S3Store

from tests.support.processes import WAIT_SECONDS

if TYPE_CHECKING:
    from obstore.store import S3Config

BUCKET = "files"
KEYS = {"access_key_id": "somebody", "secret_access_key": "secret"}


@dataclass
class S3Server:
    """Where it listens; it can be stopped."""

    port: int
    process: asyncio.subprocess.Process

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def at(self, bucket: str = BUCKET) -> S3Store:
        """A plain client of a bucket, which tries once."""
        config: S3Config = {
            "region": "us-east-1",
            "endpoint": self.endpoint,
            "access_key_id": KEYS["access_key_id"],
            "secret_access_key": KEYS["secret_access_key"],
        }
        return S3Store(
            bucket,
            config=config,
            client_options={"allow_http": True, "timeout": timedelta(seconds=5)},
            retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=5)},
        )

    async def make_bucket(self) -> None:
        """A bucket is made by a signed PUT of its name."""
        address = obstore.sign(self.at(), "PUT", "", timedelta(minutes=1)).replace(f"/{BUCKET}/?", f"/{BUCKET}?")
        async with httpx2.AsyncClient(trust_env=False) as http:
            answer = await http.put(address)
        assert answer.status_code == 200, answer.text

    async def stop(self) -> None:
        """End it."""
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@asynccontextmanager
async def s3_server() -> AsyncIterator[S3Server]:
    """It runs for the block."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    server = S3Server(port, process)
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while not await answers(port):  # noqa: ASYNC110 (another process tells nobody when it listens)
                await asyncio.sleep(0.1)
        await server.make_bucket()
        yield server
    finally:
        await server.stop()


async def answers(port: int) -> bool:
    """Whether somebody listens."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
