"""Metrics for Prometheus, on a port of their own that is not for the internet: counts and durations, no ids."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from tortoise.connection import get_connections

from models.statements import fetch_one
from transport import Report

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
OK = ("OK",)
ASKED_WITHIN_SECONDS = 2.0
OLDEST_EVENT = """
SELECT greatest(coalesce(extract(epoch FROM clock_timestamp() - min(events.at)), 0), 0)::float8 AS seconds
  FROM outbox JOIN events ON events.id = outbox.event_id
"""


class Metrics:
    """What one process tells about itself."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "fc_requests", "Operations answered, by how they ended.", ["kind", "code"], registry=self.registry
        )
        self.seconds = Histogram(
            "fc_request_seconds", "How long queries and mutations took.", ["type"], buckets=BUCKETS,
            registry=self.registry,
        )  # fmt: skip
        self.cost = Counter("fc_cost", "What was charged for operations.", registry=self.registry)
        self._counters: dict[tuple[str, str], Counter] = {}
        self._histograms = {name: self.seconds.labels(name) for name in ("query", "mutation", "none")}

    def observe(self, report: Report) -> None:
        """Count one operation. The labels' children are kept, since to look them up costs more than to count."""
        for code in report.codes or OK:
            key = (report.kind, code)
            counter = self._counters.get(key)
            if counter is None:
                counter = self._counters[key] = self.requests.labels(*key)
            counter.inc()
        histogram = self._histograms.get(report.operation_kind or "none")
        if histogram is not None:  # a subscription lasts as long as its reader likes
            histogram.observe(report.seconds)
        if report.cost is not None:
            self.cost.inc(report.cost)

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
    """How old the oldest event is whose messages are still to be written; asked of the database by who asks for it."""
    loop = asyncio.get_running_loop()

    def age() -> float:
        asked = asyncio.run_coroutine_threadsafe(fetch_one(OLDEST_EVENT), loop)
        try:
            return float(asked.result(ASKED_WITHIN_SECONDS).seconds)
        except Exception:
            return math.nan  # the other numbers are told all the same

    metrics.watch("fc_outbox_age_seconds", "Age of the oldest event without its messages.", age)
