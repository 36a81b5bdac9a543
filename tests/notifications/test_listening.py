"""Listening for events goes on, however the connection was lost."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from notifications import listening
from notifications.listening import listen


class Connection:
    """A connection that is told to hear nothing."""

    def add_termination_listener(self, _: Any) -> None:
        """It never ends by itself."""

    async def add_listener(self, *_: Any) -> None:
        """It hears nothing."""

    def terminate(self) -> None:
        """It is over."""


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        asyncpg.CannotConnectNowError(),
        asyncpg.InterfaceError("closed"),
        asyncpg.InternalClientError("out of turn"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_lost_connection_is_opened_again(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "RECONNECT_SECONDS", 0)
    stop, tries = asyncio.Event(), iter([error, None])

    async def connect() -> Connection:
        if (failure := next(tries)) is not None:
            raise failure
        return Connection()

    async with asyncio.timeout(10):
        await listen(connect, stop.set, stop)
    assert next(tries, "no try is left") == "no try is left"
