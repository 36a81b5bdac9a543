"""Metrics for Prometheus, on a port of their own that is not for the internet: counts and durations, no ids."""

from __future__ import annotations

import asyncio
import math
from bisect import bisect_left
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import accumulate
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry, Gauge, Metric, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector
from tortoise.connection import get_connections

from models.base.clock import real_now
from models.base.statements import fetch_one
from models.tasks.tasks import queues
from telemetry.version import VERSION
from transport import Report

T = TypeVar("T")
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
OK = ("OK",)
ASKED_WITHIN_SECONDS = 2.0
OLDEST_EVENT = """
SELECT greatest(coalesce(extract(epoch FROM clock_timestamp() - min(events.at)), 0), 0)::float8 AS seconds
  FROM outgoing JOIN events ON events.id = outgoing.event_id
"""

JOBS = """
SELECT count(*) FILTER (WHERE state = 'WAITING')::float8 AS waiting,
       count(*) FILTER (WHERE state = 'RUNNING')::float8 AS running,
       count(*) FILTER (WHERE state = 'FAILED' AND ended_at > now() - interval '1 day')::float8 AS failed,
       coalesce(greatest(extract(epoch FROM clock_timestamp()
           - min(next_at) FILTER (WHERE state = 'WAITING')), 0), 0)::float8 AS age
  FROM jobs WHERE state IN ('WAITING', 'RUNNING') OR state = 'FAILED' AND ended_at > now() - interval '1 day'
"""


class Durations:
    """How often each bucket was met, and the sum of all, in seconds."""

    def __init__(self) -> None:
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.buckets[bisect_left(BUCKETS, seconds)] += 1
        self.sum += seconds

    def cumulative(self) -> list[tuple[str, float]]:
        """The counts as Prometheus has them: each with all below it."""
        bounds = [*(str(float(bound)) for bound in BUCKETS), "+Inf"]
        return list(zip(bounds, accumulate(self.buckets), strict=True))


class Metrics(Collector):
    """What one process tells about itself.

    An operation adds to plain numbers: the library's counters take a lock each, which nobody here contends for. They
    are made into its families when somebody asks.
    """

    def __init__(self) -> None:
        self._ended: dict[tuple[str, str], int] = {}
        self._durations = {name: Durations() for name in ("query", "mutation", "door", "none")}
        self._cost = 0
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def observe(self, report: Report) -> None:
        """Count one operation."""
        for code in report.codes or OK:
            key = (report.kind, code)
            self._ended[key] = self._ended.get(key, 0) + 1
        durations = self._durations.get(report.operation_kind or "none")
        if durations is not None:  # a subscription lasts as long as its reader likes
            durations.add(report.seconds)
        if report.cost is not None:
            self._cost += report.cost

    def collect(self) -> Iterator[Metric]:
        """The families, as they are now."""
        ended = CounterMetricFamily("fc_requests", "Operations answered, by how they ended.", labels=["kind", "code"])
        for key, count in list(self._ended.items()):
            ended.add_metric(key, count)
        took = HistogramMetricFamily(
            "fc_request_seconds", "How long queries, mutations and doors took.", labels=["type"]
        )
        for name, durations in self._durations.items():
            took.add_metric([name], durations.cumulative(), durations.sum)
        yield from (ended, took, CounterMetricFamily("fc_cost", "What was charged for operations.", self._cost))
        yield InfoMetricFamily("fc_build", "The version of the program.", {"version": VERSION})

    def watch(self, name: str, help: str, look: Callable[[], float]) -> None:
        """A number that is looked at when it is asked for, and costs nothing until then."""
        Gauge(name, help, registry=self.registry).set_function(look)

    @asynccontextmanager
    async def served(self, host: str, port: int | None) -> AsyncIterator[int | None]:
        """Answer `/metrics` on that port, in a thread of its own, for the length of the block; yields the port."""
        if port is None:
            yield None
            return
        server, thread = start_http_server(port, addr=host, registry=self.registry)
        try:
            yield int(server.server_port)
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def watch_pool(metrics: Metrics) -> None:
    """The connections of the pool: how many there are, and how many of them are in use."""

    def pool() -> Any:
        return get_connections().get("default")._pool

    metrics.watch("fc_pool_connections", "Connections to the database.", lambda: pool().size)
    metrics.watch("fc_pool_connections_used", "Connections that are in use.", lambda: pool().used)
    metrics.watch("fc_pool_waiting", "Tasks that wait for a connection.", lambda: pool().waiting)


def watch_outbox(metrics: Metrics) -> None:
    """How old the oldest event is that a channel has still to tell of; asked of the database by who asks for it."""
    look = looked_up(lambda: fetch_one(OLDEST_EVENT))

    def age() -> float:
        row = look()
        return math.nan if row is None else float(row.seconds)

    metrics.watch("fc_outbox_age_seconds", "Age of the oldest event that a channel has still to tell of.", age)


def watch_jobs(metrics: Metrics) -> None:
    """How many background jobs there are, and how long the oldest has been due."""
    look = looked_up(lambda: fetch_one(JOBS))

    def number(column: str) -> float:
        row = look()
        return math.nan if row is None else float(getattr(row, column))

    for name, help, column in (
        ("fc_jobs_waiting", "Background jobs that wait.", "waiting"),
        ("fc_jobs_running", "Background jobs that are being worked on.", "running"),
        ("fc_jobs_failed", "Background jobs that were given up within the last 24 hours.", "failed"),
        ("fc_jobs_age_seconds", "For how long the oldest waiting background job has been due.", "age"),
    ):
        metrics.watch(name, help, partial(number, column))


def looked_up(ask: Callable[[], Awaitable[T]]) -> Callable[[], T | None]:
    """A question to the database for the thread that answers `/metrics`; None where the answer does not come in time.

    The other numbers are told all the same.
    """
    loop = asyncio.get_running_loop()

    async def asked() -> T:
        return await ask()

    def look() -> T | None:
        waiting = asyncio.run_coroutine_threadsafe(asked(), loop)
        try:
            return waiting.result(ASKED_WITHIN_SECONDS)
        except Exception:
            waiting.cancel()
            return None

    return look


QUEUE_NUMBERS = {
    "length": "Tasks that wait in a queue of the program's staff.",
    "oldest_seconds": "Age of the oldest task of a queue.",
    "beyond_target": "Tasks of a queue that wait for longer than its target.",
    "overdue": "Tasks of a queue whose due time has passed.",
    "taken": "Tasks of a queue that somebody has taken.",
}
"""What is told of each queue (NO-5)."""


class Queues(Collector):
    """The queues as they are when somebody asks: all of them in one statement."""

    def __init__(self) -> None:
        self._look = looked_up(lambda: queues(at=real_now()))

    def describe(self) -> Iterator[Metric]:
        """The families without their numbers, so that nothing is asked at the start."""
        for name, help in QUEUE_NUMBERS.items():
            yield GaugeMetricFamily(f"fc_queue_{name}", help, labels=["kind"])

    def collect(self) -> Iterator[Metric]:
        """The families, each with a number for each kind of task."""
        rows = self._look() or []
        for family in self.describe():
            for row in rows:
                family.add_metric([row.kind], getattr(row, family.name.removeprefix("fc_queue_")))  # type: ignore[attr-defined]
            yield family


def watch_queues(metrics: Metrics) -> None:
    """The queues of the program's staff."""
    metrics.registry.register(Queues())
