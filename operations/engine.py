"""What the transport asks of the program: who sends a request, what it costs them, and its answer."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from inspect import isawaitable
from typing import Any

import asyncpg
import orjson
from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema
from graphql.execution import Executor, create_source_event_stream

from execution import Plans, core_execute
from models.accounts import sessions
from models.base import clock
from models.base.access import Role, Viewer
from models.base.events import REQUEST_ID
from models.keys import partner_keys
from operations.audit_trail import Auditor
from operations.broker import ChangeNotice
from operations.budgets import Budget, Budgets, Charge, site_of
from operations.context import Context, Environment, refused_at_the_edge, session_has_ended

BEARER = "bearer "
FREE_ROLES = frozenset({Role.OPS, Role.FINANCE})
REFUSED_COST = 20
"""What a request costs that was refused before its price was known: its token or its document was looked at."""


class ProgramEngine:
    """The program behind the transport. One for a process."""

    def __init__(
        self,
        plans: Plans,
        environment: Environment,
        *,
        budgets: Budgets,
        auditor: Auditor,
        restricted: bool = False,
    ) -> None:
        self.plans = plans
        self.environment = environment
        self.budgets = budgets
        self.auditor = auditor
        self.restricted = restricted

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
        known = sessions.cached(token, at=now) if token and request.kind == "http" else None
        if known is not None:
            viewer: Viewer | None = known.viewer
        else:
            viewer = await self.viewer(token, now, request.source_ip) if token else None
        if viewer is not None and request.report is not None:
            request.report.role = viewer.role.value
        self.admit(self.budget_of(viewer, request.source_ip))
        return Context(
            signed_in=viewer,
            now=now,
            request_id=request.request_id,
            source=request.source_ip,
            environment=self.environment,
            token=token,
            unchecked_session=known,
        )

    async def viewer(self, token: str, now: datetime, source: str) -> Viewer:
        """Who the token acts for. A token that does not hold costs the address it came from."""
        viewer = await self.viewer_of(token, now)
        if viewer is None:
            budget = self.budget_of(None, source)
            self.admit(budget)
            self.budgets.note(budget, REFUSED_COST)
            raise session_has_ended()
        return viewer

    async def viewer_of(self, token: str, now: datetime) -> Viewer | None:
        """Who the token of a session, or the key of a partner's machine, acts for; None when it has ended."""
        if partner_keys.is_partner_key(token):
            return await partner_keys.viewer_of(token, at=now)
        return await sessions.viewer_of(token, second_factor_required=self.environment.second_factor_required, at=now)

    async def execute(
        self, context: Context, document: DocumentNode, operation_name: str | None, variables: dict[str, Any] | None
    ) -> ExecutionResult:
        """Answer a query or mutation.

        No answer is given to a session that was not checked, and none that cannot be written into the audit trail.
        """
        self.auditor.prepare(context, document, operation_name)
        result = await self.plans.execute(document, operation_name=operation_name, variables=variables, context=context)
        context.audit = None  # it holds the context that holds it
        if context.unchecked_session is not None:
            await context.check_session()
        await self.auditor.record(context, document, operation_name)
        if context.replayed:
            result.extensions = {**(result.extensions or {}), "replayed": True}
        return explained(result) if result.errors else result

    async def subscribe(
        self, context: Context, document: DocumentNode, operation_name: str | None, variables: dict[str, Any] | None
    ) -> AsyncIterator[ExecutionResult] | ExecutionResult:
        """Start a subscription."""
        source = await start_source(self.schema, document, context, operation_name, variables)
        if isinstance(source, ExecutionResult):
            return as_refused(source)
        return self.events(context, source, document, operation_name, variables)

    async def events(
        self,
        context: Context,
        source: AsyncGenerator[ChangeNotice, None],
        document: DocumentNode,
        operation_name: str | None,
        variables: dict[str, Any] | None,
    ) -> AsyncIterator[ExecutionResult]:
        """Execute what was asked for each change, once for all of a viewer's subscriptions that ask the same."""
        viewer = replace(context.signed_in, session_id=None) if context.signed_in else None
        asked = (viewer, id(document), operation_name, orjson.dumps(variables, option=orjson.OPT_SORT_KEYS))

        async def event(change: ChangeNotice) -> ExecutionResult:
            fresh = replace(context, now=await self.now(), loaders={}, touched=set())
            result = await core_execute(
                self.schema,
                document,
                operation_name=operation_name,
                variables=variables,
                context=fresh,
                root_value=change,
            )
            await self.auditor.record(fresh, document, operation_name)
            return explained(result) if result.errors else result

        async with aclosing(source) as changes:
            async for change in changes:
                yield await context.environment.broker.shared((change, asked), partial(event, change))

    async def close(self, context: Context) -> None:
        """The request is over; one that was refused before it was charged costs a little too."""
        if not context.charged:
            self.budgets.note(self.budget_of(context.signed_in, context.source), REFUSED_COST)

    def allows_free_documents(self, context: Context) -> bool:
        """Staff, and everybody on a demo or test server, may send any document; others send trusted ones."""
        return not self.restricted or self.is_staff(context)

    def allows_introspection(self, context: Context) -> bool:
        """The schema is told to whoever is signed in, and to everybody on a demo or test server."""
        return self.may_introspect(context.signed_in)

    def may_introspect(self, viewer: Viewer | None) -> bool:
        """The same of a viewer; not before the second factor, where one is needed (ID-1)."""
        return not self.restricted or (viewer is not None and not viewer.needs_second_factor)

    def is_staff(self, context: Context) -> bool:
        """Whether the viewer is program staff."""
        return context.signed_in is not None and context.signed_in.role in FREE_ROLES

    async def charge(self, context: Context, cost: int) -> Any:
        """Take the cost from the budget of the viewer and from that of the address; raises THROTTLED.

        Returns what the transport tells in `extensions.cost`.
        """
        context.charged = True
        budget = self.budget_of(context.signed_in, context.source)
        await self.spend(budget, cost)
        if context.signed_in is not None:
            shared = self.budgets.budget(f"source {site_of(context.source)}", self.budgets.allowances.source)
            await self.spend(shared, cost)
        reset_at = context.now + timedelta(seconds=self.budgets.ends_in)
        return Charge(cost, budget.remaining, budget.limit, reset_at)

    async def spend(self, budget: Budget, cost: int) -> None:
        """Take the cost from a budget. Raises THROTTLED."""
        if not self.budgets.spend_at_once(budget, cost) and not await self.budgets.spend(budget, cost):
            raise self.throttled(budget)

    def budget_of(self, viewer: Viewer | None, source: str) -> Budget:
        """The budget that a request is charged to: its viewer's, or that of its address if nobody is signed in."""
        if viewer is not None:
            return self.budgets.budget(f"viewer {viewer.account_id}", self.budgets.allowances.viewer)
        return self.budgets.budget(f"anonymous {site_of(source)}", self.budgets.allowances.anonymous)

    def admit(self, budget: Budget) -> None:
        """Refuse who has nothing left before any work is done for them."""
        if self.budgets.is_spent(budget):
            raise self.throttled(budget)

    def throttled(self, budget: Budget) -> GraphQLError:
        """The answer to who asks for more than a minute allows."""
        seconds = math.ceil(self.budgets.ends_in)
        return refused_at_the_edge(
            "THROTTLED",
            f"This costs more than is left of this minute. Ask again in {seconds} seconds.",
            retryAfter=seconds,
            limit=budget.limit,
            remaining=budget.remaining,
        )

    def viewer_key(self, context: Context) -> str | None:
        """Who holds a connection."""
        return str(context.signed_in.account_id) if context.signed_in else None

    async def still_valid(self, context: Context) -> bool:
        """Whether the token behind a long connection still holds."""
        if context.token is None:
            return True
        return await self.viewer_of(context.token, await self.now()) is not None


def explained(result: ExecutionResult) -> ExecutionResult:
    """The same result; what the database gave up on is told as such, and not as a failure that nobody explains."""
    errors = [took_too_long(error) if given_up(error.original_error) else error for error in result.errors or ()]
    return ExecutionResult(result.data, errors, result.extensions)


def given_up(error: BaseException | None) -> bool:
    """Whether a statement was cut because it ran, or waited for a lock, for too long."""
    while isinstance(error, GraphQLError):
        error = error.original_error
    return isinstance(error, asyncpg.QueryCanceledError | asyncpg.LockNotAvailableError)


def took_too_long(error: GraphQLError) -> GraphQLError:
    """The answer in the place of a field whose statement was cut; a mutation's was undone."""
    return GraphQLError(
        "This took the database too long and was stopped; nothing of it was changed. Ask for less, or try again.",
        error.nodes,
        path=error.path,
        extensions={"code": "DEADLINE"},
    )


def bearer_of(request: Any) -> str | None:
    """The access token that came with a request, or with the first message of a WebSocket."""
    init = request.connection_init
    sent = init.get("authorization") if isinstance(init, dict) else request.headers.get("authorization")
    return bearer(sent)


def bearer(sent: object) -> str | None:
    """The token of an `Authorization` header; None if it holds none."""
    if not isinstance(sent, str) or sent[: len(BEARER)].lower() != BEARER:
        return None
    return sent[len(BEARER) :].strip() or None


async def start_source(
    schema: GraphQLSchema,
    document: DocumentNode,
    context: Context,
    operation_name: str | None,
    variables: dict[str, Any] | None,
) -> Any:
    """The changes that a subscription waits for, or the result that tells why there are none."""
    executor = Executor.build(
        schema, document, context_value=context, operation_name=operation_name, raw_variable_values=variables
    )
    if isinstance(executor, list):
        return ExecutionResult(None, executor)
    source = create_source_event_stream(executor)
    return await source if isawaitable(source) else source


def as_refused(result: ExecutionResult) -> ExecutionResult:
    """A subscription that was refused on purpose has not begun: its error is about the request, not about a field."""
    errors = [
        error.original_error if isinstance(error.original_error, GraphQLError) else error
        for error in result.errors or ()
    ]
    return ExecutionResult(result.data, errors)
