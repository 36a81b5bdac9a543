"""DATABASE_URL taken apart into what asyncpg and Tortoise want to know: percent-decoded, its parameters understood."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from database.embedded import DatabaseError
from models import modules_with_tables
from settings import Settings

DEFAULT_PORT = 5432
APPLICATION_NAME = "flexible-credits"


def credentials(url: str) -> dict[str, Any]:
    """The arguments of a connection: host, port, user, password, database, and ssl if the address asks for it."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    try:
        port = parts.port
    except ValueError:
        raise DatabaseError("FC_DATABASE_URL: the port is not a number.") from None
    found: dict[str, Any] = {
        "host": query.pop("host", None) or parts.hostname or "localhost",
        "port": int(query.pop("port", None) or port or DEFAULT_PORT),
        "user": unquote(parts.username or query.pop("user", "postgres")),
        "password": unquote(parts.password) if parts.password is not None else query.pop("password", None),
        "database": unquote(parts.path.lstrip("/")) or query.pop("dbname", "postgres"),
    }
    if mode := query.pop("sslmode", None):
        found["ssl"] = mode
    query.pop("application_name", None)
    if query:
        raise DatabaseError(f"FC_DATABASE_URL: the parameter {sorted(query)[0]} is not understood.")
    return found


def server_settings(settings: Settings) -> dict[str, str]:
    """What each connection asks of PostgreSQL: time limits, so that nothing waits or holds a lock for ever, UTC, and
    that a change is on the disk when its commit is answered, whatever the server does by itself.
    """
    statement_ms = int(settings.statement_timeout_seconds * 1000)
    return {
        "application_name": APPLICATION_NAME,
        "timezone": "UTC",
        "synchronous_commit": "on",
        "statement_timeout": str(statement_ms),
        "lock_timeout": str(int(settings.lock_timeout_seconds * 1000)),
        "idle_in_transaction_session_timeout": str(2 * statement_ms),
    }


def tortoise_config(settings: Settings, *, pool_size: int | None = None) -> dict[str, Any]:
    """The configuration of Tortoise for the database of these settings, which must have an address by now."""
    maxsize = pool_size or settings.pool_size
    pool = {
        "minsize": min(2, maxsize),
        "maxsize": maxsize,
        "server_settings": server_settings(settings),
    }
    return {
        "connections": {"default": {"engine": "database.pool", "credentials": credentials(url_of(settings)) | pool}},
        "apps": {
            "models": {"models": modules_with_tables(), "migrations": "migrations", "default_connection": "default"}
        },
        "use_tz": True,
        "timezone": "UTC",
    }


def url_of(settings: Settings) -> str:
    """The address of the database; `running` sets it where the embedded server is used."""
    if settings.database_url is None:
        raise DatabaseError("No database: set FC_DATABASE_URL, or start the embedded one first.")
    return settings.database_url.get_secret_value()
