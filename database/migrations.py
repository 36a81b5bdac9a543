"""Migrations, applied by one process at a time, and skipped without loading a model when there is nothing to do."""

import asyncio
import contextlib
import importlib.util
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
from tortoise import Tortoise
from tortoise.exceptions import BaseORMException

from database.address import credentials, server_settings, tortoise_config, url_of
from database.embedded import DatabaseError
from settings import Settings

ADVISORY_LOCK = 0x666C6578  # any constant; the same in each process that migrates
TURN_WAIT = "60s"
LOCK_WAIT = "10s"


def names_on_disk() -> set[str]:
    """The names of all migrations that this version of the program brings."""
    package = importlib.util.find_spec("migrations")
    if package is None or not package.submodule_search_locations:
        raise DatabaseError("The folder migrations/ is missing: this copy of the program is not complete.")
    folder = Path(package.submodule_search_locations[0])
    return {path.stem for path in folder.glob("*.py") if path.name[0] not in "_~"}


async def pending(settings: Settings) -> set[str]:
    """The names of migrations that the database has not seen; one that it alone knows is refused."""
    connection = await asyncpg.connect(**credentials(url_of(settings)))
    try:
        return await _pending(connection)
    finally:
        await connection.close()


async def migrate(settings: Settings) -> set[str]:
    """Apply what is pending, one process at a time, and answer the names."""
    async with _turn(settings) as connection:
        names = await _pending(connection)
        if names:
            # In a task of its own: Tortoise leaves its context in the task that migrates.
            await asyncio.create_task(_apply(settings))
        return names


async def _pending(connection: "asyncpg.Connection[asyncpg.Record]") -> set[str]:
    on_disk = names_on_disk()
    if await connection.fetchval("SELECT to_regclass('tortoise_migrations')") is None:
        return on_disk
    rows = await connection.fetch("SELECT name FROM tortoise_migrations WHERE app = 'models'")
    applied = {row["name"] for row in rows}
    if newer := sorted(applied - on_disk):
        raise DatabaseError(f"The database was made by a newer version of the program: it knows migration {newer[0]}.")
    return on_disk - applied


@contextlib.asynccontextmanager
async def _turn(settings: Settings) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Wait for this process's turn; the lock goes with the connection, so a killed process cannot keep it."""
    connection = await asyncpg.connect(**credentials(url_of(settings)), server_settings={"lock_timeout": TURN_WAIT})
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", ADVISORY_LOCK)
        yield connection
    except asyncpg.LockNotAvailableError:
        raise DatabaseError("Another process is migrating the database and does not finish.") from None
    finally:
        await connection.close()


async def _apply(settings: Settings) -> None:
    # Loaded where something is pending: most starts find nothing to do.
    from tortoise.migrations.api.migrate import migrate as apply_migrations

    begun: list[str] = []
    try:
        await apply_migrations(config=_patient(settings), progress=lambda _event, _app, name: begun.append(name))
    except (BaseORMException, asyncpg.PostgresError) as error:
        name = begun[-1] if begun else "?"
        raise DatabaseError(f"Migration {name} failed and changed nothing: {error}.") from error
    finally:
        await Tortoise.close_connections()


def _patient(settings: Settings) -> dict[str, Any]:
    """Statements may take long here, but no migration queues for a lock for long: others would queue behind it."""
    config = tortoise_config(settings, pool_size=2)
    limits = {"statement_timeout": "0", "idle_in_transaction_session_timeout": "0", "lock_timeout": LOCK_WAIT}
    config["connections"]["default"]["credentials"]["server_settings"] = server_settings(settings) | limits
    return config
