"""The processes of a run: the product as people start it, the floor, and the load generator."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import socket
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from benchmarks.decks import Operation, Question, greeting
from benchmarks.loading import HOME

READY_WITHIN_SECONDS = 60
GREETED = 12_000
"""How many questions of a deck come from sessions that have asked before: more than a run asks."""
PLENTY = str(10**9)
"""More cost than a benchmark can spend in a minute: budgets are kept as always, and nobody runs out of theirs."""


class FaultError(Exception):
    """An answer that should not have come."""


def free_port() -> int:
    """A port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def product_environment(url: str, port: int) -> dict[str, str]:
    """Settings like those of production: real clock, own keys, no demo data."""
    return {
        "FC_ENV": "test",
        "FC_CLOCK_MOVABLE": "false",
        "FC_DATABASE_URL": url,
        "FC_PORT": str(port),
        "FC_SECRET_KEYS": os.urandom(32).hex(),
        "FC_ENCRYPTION_KEYS": "bench:" + b64encode(os.urandom(32)).decode(),
        "FC_COST_PER_MINUTE": PLENTY,
        "FC_COST_PER_MINUTE_SOURCE": PLENTY,
        "FC_LOG_LEVEL": "error",
        "FC_ALLOWED_HOSTS": "benchmark",  # as the load generator names it
    }


@dataclass(slots=True)
class Target:
    """A server that is measured."""

    name: str
    port: int
    process: asyncio.subprocess.Process
    used: dict[str, int] = field(default_factory=dict)

    def memory_kb(self) -> int:
        """What it holds in memory now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


@contextlib.asynccontextmanager
async def started(name: str, command: list[str], environment: dict[str, str], port: int) -> AsyncIterator[Target]:
    """A server process that takes connections; it is told to stop at the end."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("FC_")}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=HOME, env=kept | environment, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        await asyncio.wait_for(process.stdout.readline(), READY_WITHIN_SECONDS)
        reading = asyncio.create_task(process.stdout.read())  # a full pipe would stop the server
        yield Target(name, port, process)
        reading.cancel()
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def product(url: str, **changes: str) -> contextlib.AbstractAsyncContextManager[Target]:
    """The application as `make run` starts it, without the worker."""
    port = free_port()
    command = [sys.executable, "-m", "cli", "serve", "--no-worker"]
    return started("product", command, product_environment(url, port) | changes, port)


def floor(url: str) -> contextlib.AbstractAsyncContextManager[Target]:
    """The floor."""
    port = free_port()
    return started("floor", [sys.executable, "-m", "benchmarks.floor", url, str(port)], {}, port)


class Client:
    """The load generator."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.questions: dict[str, int] = {}

    def prepare(self, operation: Operation, questions: list[Question], target: Target) -> None:
        """Write the requests of a deck for one side; what changes something is dealt out to both sides in turn."""
        dealt = questions[(target.name == "floor") :: 2] if operation.changes else questions
        self.questions[operation.name] = len(dealt)
        if target.name == "floor":
            requests = [question.to_floor(operation.name) for question in dealt]
        else:
            requests = [question.to_product(operation.query) for question in dealt]
            tokens = dict.fromkeys(question.token for question in dealt[:GREETED])
            self.greetings(operation).write_bytes(pickle.dumps([greeting(token) for token in tokens]))
        self.deck(operation, target).write_bytes(pickle.dumps(requests))

    def deck(self, operation: Operation, target: Target) -> Path:
        """Where the requests are."""
        return self.folder / f"{operation.name}-{target.name}.pickle"

    def greetings(self, operation: Operation) -> Path:
        """Where the first requests of the sessions of a deck are, that ask for nothing."""
        return self.folder / f"{operation.name}-greetings.pickle"

    async def greet(self, operation: Operation, target: Target, *, connections: int) -> None:
        """Let each session of a deck ask once, so that what is measured is the middle of a visit."""
        if target.name != "floor":  # which takes the asker's word for who they are
            order = {"deck": str(self.greetings(operation)), "port": target.port, "first": 0, "once": True}
            await self.carried_out(operation, target, {**order, "connections": connections, "seconds": 600})

    async def load(
        self, operation: Operation, target: Target, *, connections: int, seconds: float, **more: Any
    ) -> dict[str, Any]:
        """One window of load; raises FaultError for an answer that is not as it should be."""
        first = target.used.get(operation.name, 0)
        order = {
            "deck": str(self.deck(operation, target)), "port": target.port, "connections": connections,
            "seconds": seconds, "first": first, "once": operation.changes, **more,
        }  # fmt: skip
        found = await self.carried_out(operation, target, order)
        target.used[operation.name] = first + found["used"]
        if not found["count"]:
            raise FaultError(f"{operation.name}: there are no questions left")
        return found

    async def carried_out(self, operation: Operation, target: Target, order: dict[str, Any]) -> dict[str, Any]:
        """What came of an order."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(orjson.dumps(order) + b"\n")
        line = await self.process.stdout.readline()
        if not line:
            raise FaultError("the load generator has ended")
        found: dict[str, Any] = orjson.loads(line)
        if found["fault"]:
            raise FaultError(f"{operation.name}, {target.name}: {found['fault']}")
        return found


@contextlib.asynccontextmanager
async def client(folder: Path) -> AsyncIterator[Client]:
    """The load generator, running."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.client", cwd=HOME, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, limit=2**24,
    )  # fmt: skip
    try:
        yield Client(process, folder)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
