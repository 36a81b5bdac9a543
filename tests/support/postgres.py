"""The tests' own PostgreSQL: one server a run, one template made by the real migrations, copies of it to work in."""

import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from pydantic import SecretStr

from database import Embedded, create_database, credentials, migrate
from settings import Settings

TEMPLATE = "template_of_tests"
TEMPLATE_LOCK = 1
CONNECTIONS_MAX = 400
DATA_OF_RUN = Path(tempfile.gettempdir()) / f"fc-tests-data-{os.getpid()}"
"""Where the servers of this process keep files; made with the first one, removed at the end of the run."""
SETTINGS_OF_RUN: dict[str, object] = {"allowed_hosts": ("testserver",), "data_dir": DATA_OF_RUN}
"""What this run of the suite sets for every server that it makes."""


class Server:
    """An embedded PostgreSQL in a temporary folder that forgets everything with the run."""

    def __init__(self) -> None:
        """Start it; nothing is written through to the disk, which makes copies of databases fast."""
        self.folder = Path(tempfile.mkdtemp(prefix="fc-tests-"))
        options = (f"max_connections={CONNECTIONS_MAX}", "shared_buffers=64MB", "autovacuum=off")
        self._embedded = Embedded(self.folder, durable=False, options=options).start()
        self.url = self._embedded.url()

    def stop(self) -> None:
        """Stop it and remove the folder."""
        self._embedded.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def settings_for(url: str, **changes: object) -> Settings:
    """Settings of a test server on that database, whatever the developer's own `.env` says."""
    return Settings(_env_file=None, env="test", database_url=SecretStr(url), **{**SETTINGS_OF_RUN, **changes})  # type: ignore[arg-type]


@asynccontextmanager
async def copy_of_template(server_url: str) -> AsyncIterator[str]:
    """A new database as the migrations leave it; it is dropped at the end."""
    await _make_template(server_url)
    async with new_database(server_url, template=TEMPLATE) as url:
        yield url


@asynccontextmanager
async def new_database(server_url: str, *, template: str | None = None) -> AsyncIterator[str]:
    """A new database, empty unless it copies a template; it is dropped at the end."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    await create_database(server_url, name, template=template)
    try:
        yield _database_of(server_url, name)
    finally:
        connection = await asyncpg.connect(**credentials(server_url))
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await connection.close()


async def _make_template(server_url: str) -> None:
    """Build the template once for all processes of the run; the first one that needs it does."""
    connection = await asyncpg.connect(**credentials(server_url))
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", TEMPLATE_LOCK)
        if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", TEMPLATE):
            return
        unfinished = f"{TEMPLATE}_{uuid.uuid4().hex[:8]}"
        await create_database(server_url, unfinished)
        await migrate(settings_for(_database_of(server_url, unfinished)))
        await connection.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{TEMPLATE}"')
    finally:
        await connection.close()


def _database_of(server_url: str, name: str) -> str:
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
