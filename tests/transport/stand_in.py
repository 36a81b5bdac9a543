"""A small schema and a stand-in for the engine: just enough behind the transport to see what it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NewType

import strawberry
from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema, execute, subscribe
from strawberry.schema.config import StrawberryConfig

from transport import Code, CostStatus, Incoming, refusal

RESET_AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BUDGET = 50_000
SECRET = "Ada Lovelace has a secret"


@strawberry.type
class Item:
    """Something in a list."""

    id: strawberry.ID
    name: str

    @strawberry.field
    def items(self, first: int = 2) -> list[Item]:
        """More of the same."""
        return _items(first)


@strawberry.type
class ItemConnection:
    """A page of items."""

    nodes: list[Item]
    total: int


def _items(count: int) -> list[Item]:
    return [Item(id=strawberry.ID(str(number)), name=f"item {number}") for number in range(max(count, 0))]


def _stumble(value: object) -> object:
    """Read a value badly: with an exception that tells more than a client may know."""
    raise KeyError(SECRET) if value == "key" else ValueError(SECRET)


Fragile = NewType("Fragile", str)
FRAGILE = strawberry.scalar(name="Fragile", serialize=str, parse_value=_stumble)


@strawberry.type
class Query:
    """What can be read."""

    @strawberry.field
    def hello(self, name: str = "you") -> str:
        """Greet."""
        return f"hello {name}"

    @strawberry.field
    def at(self) -> datetime:
        """A moment."""
        return RESET_AT

    @strawberry.field
    def item(self) -> Item:
        """One item."""
        return Item(id=strawberry.ID("1"), name="item 1")

    @strawberry.field
    def items(self, first: int | None = None, last: int | None = None) -> ItemConnection:
        """A page of items."""
        return ItemConnection(nodes=_items(first or 2), total=1000)

    @strawberry.field
    def nodes(self, ids: list[strawberry.ID]) -> list[Item]:
        """As many items as ids."""
        return _items(len(ids))

    @strawberry.field
    def total(self, numbers: list[int], matrix: list[list[int]] | None = None) -> int:
        """The sum."""
        return sum(numbers)

    @strawberry.field
    def fails(self) -> str | None:
        """Break in a way nobody expects."""
        raise RuntimeError(SECRET)

    @strawberry.field
    def refuses(self, code: str = "FORBIDDEN") -> str | None:
        """Fail on purpose."""
        raise GraphQLError("Not for you.", extensions={"code": code, "retryAfter": 7})

    @strawberry.field
    def fragile(self, value: Fragile) -> str:
        """Take a scalar that cannot be read."""
        return str(value)

    @strawberry.field
    async def slow(self) -> str:
        """Take longer than anyone waits."""
        await asyncio.sleep(3600)
        return "done"


@strawberry.type
class Mutation:
    """What can be changed."""

    @strawberry.mutation
    def rename(self, name: str) -> Item:
        """Give an item a name."""
        return Item(id=strawberry.ID("1"), name=name)


@strawberry.type
class Subscription:
    """What can be watched."""

    @strawberry.subscription
    async def count(self, to: int = 3) -> AsyncIterator[int]:
        """Numbers, one after the other."""
        for number in range(to):
            yield number
            await asyncio.sleep(0)

    @strawberry.subscription
    async def silence(self) -> AsyncIterator[int]:
        """Nothing, for as long as anyone listens."""
        await asyncio.Event().wait()
        yield 0

    @strawberry.subscription
    async def bulk(self, to: int = 10_000) -> AsyncIterator[str]:
        """Much, and quickly."""
        for _ in range(to):
            yield "x" * 10_000
            await asyncio.sleep(0)

    @strawberry.subscription
    async def breaks(self) -> AsyncIterator[int]:
        """One number, then a failure nobody expects."""
        yield 1
        raise RuntimeError(SECRET)


def small_schema() -> GraphQLSchema:
    """The schema as graphql-core knows it."""
    config = StrawberryConfig(scalar_map={Fragile: FRAGILE})
    schema = strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription, config=config)
    return schema._schema


SCHEMA = small_schema()


@dataclass
class Context:
    """What the stand-in remembers of one request."""

    request: Incoming
    viewer: str | None = None
    loaders: dict[Any, Any] = field(default_factory=dict)


@dataclass
class StandInEngine:
    """Behaves as a test tells it, and keeps count."""

    free_documents: bool = True
    introspection: bool = True
    budget: int = BUDGET
    valid: bool = True
    schema: GraphQLSchema = SCHEMA
    opened: list[Incoming] = field(default_factory=list)
    closed: int = 0
    charged: list[int] = field(default_factory=list)
    fail_on_open: BaseException | None = None
    all_closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self, request: Incoming) -> Context:
        """Let everyone in but `Bearer wrong` and whoever the test keeps out."""
        if self.fail_on_open is not None:
            raise self.fail_on_open
        token = request.headers.get("authorization") or (request.connection_init or {}).get("authorization")
        if token == "Bearer wrong":
            raise refusal(Code.UNAUTHENTICATED, "Sign in again.")
        self.opened.append(request)
        return Context(request, viewer=token)

    async def execute(
        self, context: Context, document: DocumentNode, operation_name: str | None, variables: dict[str, Any] | None
    ) -> ExecutionResult:
        """Execute by graphql-core."""
        result = execute(self.schema, document, None, context, variables, operation_name)
        return result if isinstance(result, ExecutionResult) else await result

    async def subscribe(
        self, context: Context, document: DocumentNode, operation_name: str | None, variables: dict[str, Any] | None
    ) -> AsyncIterator[ExecutionResult] | ExecutionResult:
        """Subscribe by graphql-core."""
        result = subscribe(self.schema, document, None, context, variables, operation_name)
        return await result if asyncio.iscoroutine(result) else result  # type: ignore[return-value]

    async def close(self, context: Context) -> None:
        """Count, and tell when nothing is open any more."""
        self.closed += 1
        if self.closed == len(self.opened):
            self.all_closed.set()

    def allows_free_documents(self, context: Context) -> bool:
        """As the test says."""
        return self.free_documents

    def allows_introspection(self, context: Context) -> bool:
        """As the test says."""
        return self.introspection

    def admit_reading(self, context: Context) -> None:
        """Everybody may."""

    async def charge(self, context: Context, cost: int, fields: frozenset[str]) -> CostStatus:
        """Take from one budget for everybody."""
        self.charged.append(cost)
        if cost > self.budget:
            raise refusal(Code.THROTTLED, "Too much for now.", retryAfter=12.2)
        self.budget -= cost
        return CostStatus(cost, self.budget, BUDGET, RESET_AT)

    def viewer_key(self, context: Context) -> str | None:
        """The token itself."""
        return context.viewer

    async def still_valid(self, context: Context) -> bool:
        """As the test says."""
        return self.valid
