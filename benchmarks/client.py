"""The load generator, a process of its own: raw sockets, prepared requests, one at a time on each connection.

It takes orders as lines of JSON: send requests of a deck over so many connections for so many seconds, and tells what
came of it. An answer that is not a 200, or holds errors, ends the order.
"""

from __future__ import annotations

import asyncio
import pickle
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import uvloop

ANSWER_WITHIN_SECONDS = 20.0
LENGTH = b"content-length: "


class Connection(asyncio.Protocol):
    """One connection: sends the next request as soon as the last one is answered."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.transport: Any = None
        self.received = bytearray()
        self.expected = 0
        self.sent_at = 0.0

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        """Send the next request, if there is one and time for it."""
        request = self.order.next()
        if request is None:
            self.transport.close()
            return
        self.received.clear()
        self.expected = 0
        self.sent_at = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take in a part of an answer; go on when it is whole."""
        self.received += data
        if not self.expected:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return
            at = self.received.lower().find(LENGTH, 0, end) + len(LENGTH)
            self.expected = end + 4 + int(self.received[at : self.received.find(b"\r\n", at)])
        if len(self.received) >= self.expected:
            self.order.answered(time.perf_counter() - self.sent_at, self.received)
            self.ask()

    def connection_lost(self, error: Exception | None) -> None:
        """Over, or cut by the other side."""
        self.order.left(self.received if self.expected == 0 and self.received else None)


class Order:
    """One window of load."""

    def __init__(
        self, requests: list[bytes], first: int, connections: int, seconds: float, most: int, once: bool
    ) -> None:
        self.requests = requests
        self.at = first
        self.first = first
        self.most = most
        self.once = once
        self.open = connections
        self.until = time.perf_counter() + seconds
        self.latencies: list[float] = []
        self.fault: bytes | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.last_answer = b""

    def next(self) -> bytes | None:
        """The next request; None when it is time to stop."""
        used = self.at - self.first
        if self.fault is not None or used >= self.most or (time.perf_counter() >= self.until and used):
            return None
        if self.once and self.at >= len(self.requests):
            return None
        request = self.requests[self.at % len(self.requests)]
        self.at += 1
        return request

    def answered(self, seconds: float, answer: bytearray) -> None:
        """Note one answer."""
        self.latencies.append(seconds)
        refused = b'"errors"' in answer or (b'"userErrors"' in answer and b'"userErrors":[]' not in answer)
        if answer[9:12] != b"200" or refused:
            self.fault = bytes(answer[-2000:])
        if len(self.latencies) == 1:
            self.last_answer = bytes(answer)

    def left(self, rest: bytearray | None) -> None:
        """A connection has ended."""
        if rest:
            self.fault = bytes(rest)
        self.open -= 1
        if self.open == 0 and not self.done.done():
            self.done.set_result(None)


async def carry_out(decks: dict[str, list[bytes]], asked: dict[str, Any]) -> dict[str, Any]:
    """One order."""
    connections = asked["connections"]
    order = Order(
        decks[asked["deck"]], asked["first"], connections, asked["seconds"], asked.get("most", 10**9), asked["once"]
    )
    began = time.perf_counter()
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(order), "127.0.0.1", asked["port"])
    await asyncio.wait_for(order.done, asked["seconds"] + ANSWER_WITHIN_SECONDS)
    elapsed = time.perf_counter() - began
    found = sorted(order.latencies)
    return {
        "count": len(found),
        "used": order.at - order.first,
        "median": found[len(found) // 2] if found else None,
        "p95": found[int(len(found) * 0.95)] if found else None,
        "rate": len(found) / elapsed,
        "fault": order.fault.decode(errors="replace") if order.fault else None,
        "answer": order.last_answer.partition(b"\r\n\r\n")[2].decode() if asked.get("keep") else None,
    }


def dealt(path: str) -> list[bytes]:
    """The requests of a deck."""
    requests: list[bytes] = pickle.loads(Path(path).read_bytes())
    return requests


async def main() -> None:
    """Carry out orders until there are no more."""
    decks: dict[str, list[bytes]] = {}
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
        asked = orjson.loads(line)
        if asked["deck"] not in decks:
            decks[asked["deck"]] = await loop.run_in_executor(None, dealt, asked["deck"])
        answer = await carry_out(decks, asked)
        sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    uvloop.run(main())
