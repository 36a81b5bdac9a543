"""What the transport asks of the program behind it, and what it tells it about a request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any, Literal, Protocol

from graphql import DocumentNode, ExecutionResult, GraphQLSchema


@dataclass(slots=True)
class Report:
    """One operation as a log and a meter may know it: what carried it, its name, how it ended; no text of it."""

    kind: Literal["http", "websocket", "sse", "door"]
    request_id: str
    operation: str | None = None
    operation_kind: str | None = None
    role: str | None = None
    cost: int | None = None
    status: int = 200
    codes: tuple[str, ...] = ()
    began: float = field(default_factory=perf_counter)

    @property
    def seconds(self) -> float:
        """How long it has taken until now."""
        return perf_counter() - self.began


Observe = Callable[[Report], None]


def unobserved(report: Report) -> None:
    """Nobody wants to know."""


@dataclass(slots=True)
class Incoming:
    """One arriving request or connection, as far as an engine needs to know it."""

    headers: dict[str, str]  # names in lower case
    source_ip: str
    request_id: str
    kind: Literal["http", "websocket", "sse"]
    connection_init: dict[str, Any] | None = None  # the payload of a WebSocket's first message
    report: Report | None = None  # the engine may add under which role it is answered


@dataclass(slots=True)
class CostStatus:
    """What one operation costs its viewer and what is left to them."""

    requested: int
    remaining: int
    limit: int
    reset_at: datetime

    def as_extension(self) -> dict[str, Any]:
        """The form clients read in `extensions.cost`."""
        return {
            "requested": self.requested,
            "remaining": self.remaining,
            "limit": self.limit,
            "resetAt": self.reset_at,
        }


class Engine(Protocol):
    """The program behind the transport; `Any` stands for its own context, which the transport only carries."""

    @property
    def schema(self) -> GraphQLSchema:
        """The schema documents are validated against."""
        ...

    async def open(self, request: Incoming) -> Any:
        """Make the context of one operation (or of one connection); raise a GraphQLError to refuse it."""
        ...

    async def execute(
        self, context: Any, document: DocumentNode, operation_name: str | None, variables: dict[str, Any] | None
    ) -> ExecutionResult:
        """Answer a query or mutation that has been parsed, validated and charged."""
        ...

    async def subscribe(
        self, context: Any, document: DocumentNode, operation_name: str | None, variables: dict[str, Any] | None
    ) -> AsyncIterator[ExecutionResult] | ExecutionResult:
        """Start a subscription: its events, or one result that tells why not."""
        ...

    async def close(self, context: Any) -> None:
        """Give back what `open` took; called exactly once for each context."""
        ...

    def allows_free_documents(self, context: Any) -> bool:
        """Whether this viewer may send any document, not only trusted ones."""
        ...

    def allows_introspection(self, context: Any) -> bool:
        """Whether this viewer may ask for the schema."""
        ...

    def admit_reading(self, context: Any) -> None:
        """Asked before a text that is not known is parsed; raise THROTTLED for who has nothing left to pay with."""
        ...

    async def charge(self, context: Any, cost: int, fields: frozenset[str]) -> CostStatus:
        """Take the cost of an operation, which has these fields at its root, from the viewer's budget.

        Raise THROTTLED with `extensions.retryAfter` seconds if there is not enough left.
        """
        ...

    def viewer_key(self, context: Any) -> str | None:
        """Who holds this connection, for counting their connections; None if nobody is signed in."""
        ...

    async def still_valid(self, context: Any) -> bool:
        """Whether the token behind a long connection still holds; asked every few seconds."""
        ...
