"""What the transport asks of the program: who sends a request, what it costs them, and its answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLSchema

from execution import Plans
from models import clock, sessions
from models.access import Role, Viewer
from models.events import REQUEST_ID
from resolvers.context import Context, Environment, refused_at_the_edge

BEARER = "bearer "
FREE_ROLES = frozenset({Role.OPS, Role.FINANCE})


@dataclass(slots=True)
class Cost:
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


class ProgramEngine:
    """The program behind the transport. One for a process."""

    def __init__(
        self,
        plans: Plans,
        environment: Environment,
        *,
        cost_per_minute: int,
        subscribe: Callable[..., Awaitable[Any]],
        restricted: bool = False,
    ) -> None:
        self.plans = plans
        self.environment = environment
        self.cost_per_minute = cost_per_minute
        self.restricted = restricted
        self._subscribe = subscribe

    @property
    def schema(self) -> GraphQLSchema:
        """The schema that documents are validated against."""
        return self.plans.schema

    async def now(self) -> datetime:
        """The server's time: the one place where a request's clock is read."""
        return await clock.demo_now() if self.environment.clock_is_movable else clock.real_now()

    async def open(self, request: Any) -> Context:
        """The context of one request. Raises UNAUTHENTICATED for a token that does not hold."""
        now = await self.now()
        REQUEST_ID.set(request.request_id)
        token = bearer_of(request)
        viewer = await self.viewer(token, now) if token else None
        return Context(
            signed_in=viewer,
            now=now,
            request_id=request.request_id,
            source=request.source_ip,
            environment=self.environment,
            token=token,
        )

    async def viewer(self, token: str, now: datetime) -> Viewer:
        """Who the token acts for."""
        viewer = await sessions.viewer_of(token, at=now)
        if viewer is None:
            raise refused_at_the_edge("UNAUTHENTICATED", "This session has ended. Sign in again.")
        return viewer

    async def execute(
        self, context: Context, document: DocumentNode, operation_name: str | None, variables: dict[str, Any] | None
    ) -> ExecutionResult:
        """Answer a query or mutation."""
        return await self.plans.execute(document, operation_name=operation_name, variables=variables, context=context)

    async def subscribe(
        self, context: Context, document: DocumentNode, operation_name: str | None, variables: dict[str, Any] | None
    ) -> AsyncIterator[ExecutionResult] | ExecutionResult:
        """Start a subscription."""
        started: AsyncIterator[ExecutionResult] | ExecutionResult = await self._subscribe(
            document, context, operation_name, variables
        )
        return started

    async def close(self, context: Context) -> None:
        """The request is over."""

    def allows_free_documents(self, context: Context) -> bool:
        """Staff, and everybody on a demo or test server, may send any document; others send trusted ones."""
        return not self.restricted or self.is_staff(context)

    def allows_introspection(self, context: Context) -> bool:
        """The schema is told to whom free documents are allowed."""
        return self.allows_free_documents(context)

    def is_staff(self, context: Context) -> bool:
        """Whether the viewer is program staff."""
        return context.signed_in is not None and context.signed_in.role in FREE_ROLES

    async def charge(self, context: Context, cost: int) -> Any:
        """Take the cost from the viewer's budget."""
        return Cost(cost, self.cost_per_minute - cost, self.cost_per_minute, context.now + timedelta(minutes=1))

    def viewer_key(self, context: Context) -> str | None:
        """Who holds a connection."""
        return str(context.signed_in.account_id) if context.signed_in else None

    async def still_valid(self, context: Context) -> bool:
        """Whether the token behind a long connection still holds."""
        if context.token is None:
            return True
        return await sessions.viewer_of(context.token, at=await self.now()) is not None


def bearer_of(request: Any) -> str | None:
    """The access token that came with a request, or with the first message of a WebSocket."""
    init = request.connection_init
    sent = init.get("authorization") if isinstance(init, dict) else request.headers.get("authorization")
    if not isinstance(sent, str) or sent[: len(BEARER)].lower() != BEARER:
        return None
    return sent[len(BEARER) :].strip() or None
