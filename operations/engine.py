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
from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema, OperationType
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
from operations.context import Context, Environment, key_has_ended, refused_at_the_edge, session_has_ended
from operations.fields import ANYONE, Audience
from operations.outages import has_answered, outage_in, tell_outage

BEARER = "bearer "
FREE_ROLES = frozenset({Role.OPS, Role.FINANCE})
WAYS_IN = frozenset({"signIn", "refresh", "exchangeCampusCode"})
"""Fields by which somebody signs in or stays so."""

OPEN, REFUSED = "anonymous", "refused"
"""The names of the other two budgets of an address."""

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
        self.audiences = audiences_of(plans.schema)

    @property
    def schema(self) -> GraphQLSchema:
        """The schema that documents are validated against."""
        return self.plans.schema

    async def now(self) -> datetime:
        """The server's time: the one place where a request's clock is read."""
        return await clock.demo_now() if self.environment.clock_is_movable else clock.real_now()

    async def open(self, request: Any) -> Context:
        """The context of one request. Raises UNAUTHENTICATED for a token that does not hold, UNAVAILABLE."""
        try:
            return await self.opened(request)
        except Exception as error:
            tell_outage(error)

    async def opened(self, request: Any) -> Context:
        """The context of one request, while the database can be reached."""
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
        if viewer is not None:
            self.admit(self.budget_of(viewer))
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
            budget = self.pot(source, REFUSED)
            self.admit(budget)
            self.budgets.note(budget, REFUSED_COST)
            raise key_has_ended() if partner_keys.is_partner_key(token) else session_has_ended()
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
        if result.errors and (outage := outage_in(result, changes=may_change(document))) is not None:
            raise outage
        try:
            if context.unchecked_session is not None:
                await context.check_session()
            await self.auditor.record(context, document, operation_name)
        except Exception as error:
            tell_outage(error, outcome_unknown=may_change(document) and has_answered(result))
        if context.replayed:
            result.extensions = {**(result.extensions or {}), "replayed": True}
        return explained(result) if result.errors else result

    async def subscribe(
        self, context: Context, document: DocumentNode, operation_name: str | None, variables: dict[str, Any] | None
    ) -> AsyncIterator[ExecutionResult] | ExecutionResult:
        """Start a subscription."""
        try:
            source = await start_source(self.schema, document, context, operation_name, variables)
        except Exception as error:
            tell_outage(error)
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
            if result.errors and (outage := outage_in(result, changes=False)) is not None:
                return ExecutionResult(None, [outage])
            try:
                await self.auditor.record(fresh, document, operation_name)
            except Exception as error:
                tell_outage(error)
            return explained(result) if result.errors else result

        async with aclosing(source) as changes:
            async for change in changes:
                yield await context.environment.broker.shared((change, asked), partial(event, change))

    async def close(self, context: Context) -> None:
        """The request is over; one that was refused before it was charged costs a little too."""
        if not context.charged:
            viewer = context.signed_in
            self.budgets.note(self.budget_of(viewer) if viewer else self.pot(context.source, REFUSED), REFUSED_COST)

    def allows_free_documents(self, context: Context) -> bool:
        """Staff, and everybody on a demo or test server, may send any document; others send trusted ones.

        Staff that still has to enrol its second factor is one of the others (ID-1).
        """
        return not self.restricted or self.is_staff(context)

    def allows_introspection(self, context: Context) -> bool:
        """The schema is told to whoever is signed in, and to everybody on a demo or test server."""
        return self.may_introspect(context.signed_in)

    def may_introspect(self, viewer: Viewer | None) -> bool:
        """The same of a viewer; not before the second factor, where one is needed (ID-1)."""
        return not self.restricted or (viewer is not None and not viewer.needs_second_factor)

    def is_staff(self, context: Context) -> bool:
        """Whether the viewer is program staff, proved by all the factors that it needs."""
        viewer = context.signed_in
        return viewer is not None and viewer.role in FREE_ROLES and not viewer.needs_second_factor

    def admit_reading(self, context: Context) -> None:
        """Refuse to read new texts of strangers who were refused too often. Raises THROTTLED."""
        if context.signed_in is None:
            self.admit(self.pot(context.source, REFUSED))

    async def charge(self, context: Context, cost: int, fields: frozenset[str]) -> Any:
        """Take the cost from the budget of the viewer and from that of the address; raises THROTTLED.

        What will be refused before any work costs what refusing costs. Returns what the transport tells in
        `extensions.cost`.
        """
        context.charged = True
        viewer = context.signed_in
        is_open = any(self.may_ask(viewer, name) for name in fields)
        cost = cost if is_open else min(cost, REFUSED_COST)
        budget = self.budget_of(viewer) if viewer else self.pot_for(context.source, fields, is_open=is_open)
        return await self.taken(context, budget, cost)

    async def charge_door(self, context: Context, cost: int) -> Charge:
        """The same for a request that is not GraphQL and was let in; raises THROTTLED."""
        context.charged = True
        viewer = context.signed_in
        return await self.taken(context, self.budget_of(viewer) if viewer else self.pot(context.source, OPEN), cost)

    async def taken(self, context: Context, budget: Budget, cost: int) -> Charge:
        """Take the cost from a budget, and for who is signed in from that of the address. Raises THROTTLED."""
        await self.spend(budget, cost)
        if context.signed_in is not None:
            shared = self.budgets.budget(f"source {site_of(context.source)}", self.budgets.allowances.source)
            await self.spend(shared, cost)
        reset_at = context.now + timedelta(seconds=self.budgets.ends_in)
        return Charge(cost, budget.remaining, budget.limit, reset_at)

    async def spend(self, budget: Budget, cost: int) -> None:
        """Take the cost from a budget. Raises THROTTLED, UNAVAILABLE."""
        if self.budgets.spend_at_once(budget, cost):
            return
        try:
            enough = await self.budgets.spend(budget, cost)
        except Exception as error:
            tell_outage(error)
        if not enough:
            raise self.throttled(budget)

    def may_ask(self, viewer: Viewer | None, name: str) -> bool:
        """Whether a field at the root is for this viewer at all."""
        audience = self.audiences.get(name, ANYONE)
        return audience == ANYONE or (viewer is not None and viewer.role in audience)

    def budget_of(self, viewer: Viewer) -> Budget:
        """The budget that a viewer's requests are charged to."""
        return self.budgets.budget(f"viewer {viewer.account_id}", self.budgets.allowances.viewer)

    def pot_for(self, source: str, fields: frozenset[str], *, is_open: bool) -> Budget:
        """The budget that pays for who is not signed in.

        Each way to sign in has one of its own, what a page asks before that another, and what is refused a third: who
        asks for what is not for them, from the same address, keeps nobody from signing in.
        """
        if not is_open:
            return self.pot(source, REFUSED)
        ways = WAYS_IN & fields
        return self.pot(source, min(ways) if ways else OPEN)

    def pot(self, source: str, name: str) -> Budget:
        """One of the budgets that those who are not signed in behind one address share."""
        return self.budgets.budget(f"{name} {site_of(source)}", self.budgets.allowances.anonymous)

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
        try:
            return await self.viewer_of(context.token, await self.now()) is not None
        except Exception as error:
            tell_outage(error)


def audiences_of(schema: GraphQLSchema) -> dict[str, Audience]:
    """For whom each field at the root is."""
    roots = [root for root in (schema.query_type, schema.mutation_type, schema.subscription_type) if root]
    return {
        name: definition.extensions["strawberry-definition"].metadata["audience"]
        for root in roots
        for name, definition in root.fields.items()
    }


def may_change(document: DocumentNode) -> bool:
    """Whether a document has a mutation in it; of several operations the one that is asked for may be another."""
    return any(getattr(node, "operation", None) is OperationType.MUTATION for node in document.definitions)


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
