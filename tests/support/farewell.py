"""The last words of a PostgreSQL server on a connection, without its hanging up."""

from typing import Any

FIELDS = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"


def say_farewell(connection: Any) -> None:
    """Let a connection of asyncpg hear that its server ends it; its socket stays open."""
    connection._protocol.data_received(b"E" + (len(FIELDS) + 4).to_bytes(4, "big") + FIELDS)
