"""The database: FC_DATABASE_URL or the embedded PostgreSQL; started, migrated, opened for the ORM."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
import tortoise.context
from pydantic import SecretStr
from tortoise.connection import get_connections
from tortoise.context import TortoiseContext

from database.address import credentials, tortoise_config, url_of
from database.embedded import RESTARTED, DatabaseError, Embedded, find_binaries
from database.migrations import migrate, pending
from database.pool import Client
from settings import Settings

__all__ = [
    "RESTARTED",
    "DatabaseError",
    "Embedded",
    "Running",
    "apart",
    "connected",
    "create_database",
    "credentials",
    "find_binaries",
    "migrate",
    "pending",
    "running",
    "tortoise_config",
    "url_of",
]

DATABASE_NAME = "credits"
OLDEST_VERSION = 150_000
APART_SIZE = 2


@dataclass(frozen=True)
class Running:
    """A database that answers: the settings with its address, and the embedded server if it is ours."""

    settings: Settings
    embedded: Embedded | None


@contextlib.asynccontextmanager
async def running(
    settings: Settings, *, durable: bool = True, join: bool = False, tell: Callable[[str], None] = lambda note: None
) -> AsyncIterator[Running]:
    """Keep a database running for the block; with `join`, use that of a server already running on the same folder."""
    if settings.database_url is not None:
        await _must_answer(settings)
        yield Running(settings, None)
        return
    embedded = Embedded(settings.data_dir, durable=durable)
    if join and embedded.is_running_elsewhere():
        yield Running(_with_address(settings, embedded.url(DATABASE_NAME)), None)
        return
    embedded.start(tell)
    try:
        await create_database(embedded.url(), DATABASE_NAME)
        yield Running(_with_address(settings, embedded.url(DATABASE_NAME)), embedded)
    finally:
        embedded.stop()


@contextlib.asynccontextmanager
async def connected(settings: Settings, *, pool_size: int | None = None) -> AsyncIterator[TortoiseContext]:
    """Open the ORM's pool for every task of this process; an inner block with other settings takes over until it ends.

    The context is set for the process and not for the task: a server's requests do not run in the task that opened it.
    Whoever asks for the database that is already open shares its pool.
    """
    outer = tortoise.context._global_context
    config = tortoise_config(settings, pool_size=pool_size)
    if outer is not None and _same_database(outer, config):
        yield outer
        return
    context = TortoiseContext()
    with context:
        await context.init(config=config)
    tortoise.context._global_context = context
    try:
        yield context
    finally:
        await context.close_connections()
        tortoise.context._global_context = outer


@contextlib.asynccontextmanager
async def apart(settings: Settings, *, statement_seconds: float) -> AsyncIterator[None]:
    """Let this task, and those that it starts, use connections of their own for the block, two at the most.

    On them a statement may take so long, whatever requests may; and whatever happens to them, requests keep theirs.
    """
    config = tortoise_config(
        settings.model_copy(update={"statement_timeout_seconds": statement_seconds}), pool_size=APART_SIZE
    )
    arguments: dict[str, Any] = config["connections"]["default"]["credentials"] | {"minsize": 0}
    client = Client(**arguments, connection_name="default")
    handler = get_connections()
    token = handler.set("default", client)
    try:
        yield
    finally:
        handler.reset(token)
        await client.close()


async def create_database(url: str, name: str, *, template: str | None = None) -> None:
    """Create a database unless it exists, as a copy of another if one is named."""
    connection = await asyncpg.connect(**credentials(url))
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
    finally:
        await connection.close()


async def _must_answer(settings: Settings) -> None:
    try:
        connection = await asyncpg.connect(**credentials(url_of(settings)), timeout=10)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise DatabaseError(
            f"FC_DATABASE_URL: the database does not answer: {error or type(error).__name__}."
        ) from None
    try:
        if int(await connection.fetchval("SHOW server_version_num")) < OLDEST_VERSION:
            raise DatabaseError("FC_DATABASE_URL: PostgreSQL 15 or newer is needed.")
    finally:
        await connection.close()


def _with_address(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"database_url": SecretStr(url)})


def _same_database(context: TortoiseContext, config: dict[str, Any]) -> bool:
    """Whether the open pool leads where the configuration leads."""
    mine = context.connections.db_config["default"]["credentials"]
    other = config["connections"]["default"]["credentials"]
    return all(mine[name] == other[name] for name in ("host", "port", "user", "database"))
