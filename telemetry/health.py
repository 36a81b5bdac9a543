"""Whether this process lives, and whether it can answer requests now."""

from __future__ import annotations

import asyncio

import asyncpg
import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from tortoise.exceptions import BaseORMException

from database import DatabaseError, pending
from models.base.statements import fetch_one
from settings import Settings
from telemetry.version import VERSION

ANSWERS_WITHIN_SECONDS = 3.0
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    BaseORMException,
)

log = structlog.get_logger("health")


class Health:
    """What a proxy and an operator ask of a process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._up_to_date = False

    async def alive(self, _: Request) -> Response:
        """Whether the process answers at all, and its version; says nothing of what it needs."""
        return PlainTextResponse(f"alive {VERSION}\n")

    async def ready(self, _: Request) -> Response:
        """Whether requests can be answered: the database answers in time and is up to date; else 503 and why."""
        reason = await self.reason_not_to_be()
        if reason is None:
            return PlainTextResponse("ready\n")
        return PlainTextResponse(reason + "\n", status_code=503, headers={"retry-after": "5"})

    async def reason_not_to_be(self) -> str | None:
        """What is missing, in a sentence; None if nothing is."""
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_SECONDS):
                await fetch_one("SELECT 1 AS one")
                if not self._up_to_date:
                    names = await pending(self.settings)
                    if names:
                        return f"The database is not up to date: {len(names)} migrations are pending."
                    self._up_to_date = True  # a database does not go back, so it is asked once
        except DatabaseError:
            return "The database was made by a newer version of the program."
        except AWAY as error:
            log.warning("health.not_ready", error=type(error).__name__)
            return "The database does not answer."
        return None
