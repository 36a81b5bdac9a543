"""Listening for events: one connection of its own, made again when it is lost; a lost notice is made up by polling."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import structlog

from models.base.changes import CHANNEL

log = structlog.get_logger()

RECONNECT_SECONDS = 2.0


async def listen(connect: Callable[[], Awaitable[Any]], heard: Callable[[], None], stop: asyncio.Event) -> None:
    """Call `heard` whenever an event was committed, and after each gap, until `stop` is set."""
    while not stop.is_set():
        try:
            await listen_once(connect, heard, stop)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            log.warning("events.not_heard", error=type(error).__name__)
            await first_of(stop.wait(), asyncio.sleep(RECONNECT_SECONDS))


async def listen_once(connect: Callable[[], Awaitable[Any]], heard: Callable[[], None], stop: asyncio.Event) -> None:
    """Listen on one connection until it is lost or `stop` is set."""
    connection = await connect()
    lost = asyncio.Event()
    try:
        connection.add_termination_listener(lambda _: lost.set())
        await connection.add_listener(CHANNEL, lambda *_: heard())
        heard()
        await first_of(stop.wait(), lost.wait())
    finally:
        connection.terminate()


async def first_of(*waits: Any) -> None:
    """Wait until one of these has ended, and give the others up."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
