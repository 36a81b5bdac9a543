"""Doors: the addresses that are not GraphQL, each under the same discipline as it.

A door says in its `Rules` whom it lets in, by which scope, how much it takes, and how long. The frame does the rest:
request id, other sites' pages, who asks (a session or a machine's key), second factor, budget, bounds of body and time,
the audit trail, outages, one form of error (`problems.py`), one line of log and one count of metrics for each request.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from endpoints.problems import Problem, refused
from models.base.access import Viewer
from models.base.errors import Refusal, Refused
from models.base.scopes import Needed
from operations.admission import admit
from operations.context import Context
from operations.engine import ProgramEngine, given_up
from operations.fields import Audience
from operations.outages import tell_outage
from operations.transactions import MutationTransaction
from transport import Code, Incoming, Origins, Report
from transport.engine import Observe, unobserved
from transport.errors import log_unexpected
from transport.receiving import Disconnected, read_headers, request_id_of, source_ip_of

OWN_SITES = frozenset({"same-origin", "none"})
IDLE_SECONDS = 10.0
"""How long a sender or a reader may do nothing."""

COST = 10
"""What a request costs unless its door says otherwise: as much as a page of ten."""

Outcome = TypeVar("Outcome")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What holds at one door beside what holds at all of them."""

    name: str
    """What log, metrics and audit trail call it: method and pattern, nothing of the request."""
    allow: Audience
    scope: Needed = None
    """What a machine's key has to be for; without one no key gets in (ID-5)."""
    methods: tuple[str, ...] = ("GET",)
    cost: int = COST
    body_bytes: int = 0
    body_seconds: float = 10.0
    seconds: float = 30.0
    """For the answer to begin, beyond the time of the body."""
    sending_seconds: float = 60.0
    """For the reader to take the answer."""
    from_other_sites: bool = False
    """Whether a page of any site may send a browser here, as a campus does."""
    by_address: bool = False
    """Whether a secret in the address lets in, so that no token is looked at."""
    changes: bool = False
    """Whether it changes something: then it holds its entry of the audit trail in its transaction."""


class Visit:
    """One request at a door, let in."""

    def __init__(self, request: Request, context: Context, rules: Rules) -> None:
        self.request = request
        self.context = context
        self.rules = rules

    @property
    def viewer(self) -> Viewer:
        """Who asks. Raises UNAUTHENTICATED."""
        return self.context.viewer

    async def change(self, verb: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Commit a verb's change with its audit entry, as a mutation does. Raises Refused."""
        return await MutationTransaction(self.context).run(verb)

    async def body(self) -> bytes:
        """The whole body. Raises Problem 413 beyond the door's bound."""
        return b"".join([chunk async for chunk in self.chunks()])

    async def chunks(self, *, bytes_max: int | None = None) -> AsyncIterator[bytes]:
        """The body as it comes, counted. Raises Problem 413 beyond the bound, 408 if nothing comes for long.

        The bound is the door's, or a closer one, where what is sent is known by now.
        """
        bound = self.rules.body_bytes if bytes_max is None else min(bytes_max, self.rules.body_bytes)
        must_fit(self.request.headers.get("content-length"), bound)
        total, more = 0, True
        while more:
            try:
                async with asyncio.timeout(IDLE_SECONDS):
                    message = await self.request.receive()
            except TimeoutError:
                raise late("The body did not arrive in time.", status=408) from None
            if message["type"] == "http.disconnect":
                raise Disconnected
            chunk, more = message.get("body", b""), message.get("more_body", False)
            total += len(chunk)
            if total > bound:
                raise too_long(bound)
            if chunk:
                yield chunk


Answer = Callable[[Visit], Awaitable[Response]]


class Doors:
    """Makes the doors of one process."""

    def __init__(self, engine: ProgramEngine, origins: Origins, observe: Observe = unobserved) -> None:
        self.engine = engine
        self.origins = origins
        self.observe = observe

    def route(self, path: str, answer: Answer, rules: Rules) -> Route:
        """A door at an address, for the application."""
        return Route(path, Door(self, answer, rules))  # which methods it takes the door says itself


class Door:
    """Answers the requests at one address."""

    def __init__(self, doors: Doors, answer: Answer, rules: Rules) -> None:
        self.doors = doors
        self.engine = doors.engine
        self.answer = answer
        self.rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = read_headers(scope["headers"])
        report = Report("door", request_id_of(headers), operation=self.rules.name, operation_kind="door")
        request = Request(scope, receive)
        try:
            response = await self.response(request, headers, report)
        except Disconnected:
            return
        except Problem as problem:
            response = problem.answer(request, report.request_id)
            report.codes = (problem.code,)
        report.status = response.status_code
        response.headers["x-request-id"] = report.request_id
        response.headers.setdefault("cache-control", "no-store")
        try:
            await self.sent(response, scope, receive, send, report)
        finally:
            self.doors.observe(report)

    async def response(self, request: Request, headers: dict[str, str], report: Report) -> Response:
        """The answer of the door. Raises Problem, Disconnected."""
        try:
            async with asyncio.timeout(self.rules.body_seconds + self.rules.seconds) as limit:
                return await self.let_in(request, headers, report)
        except (Problem, Disconnected):
            raise
        except Refused as refusals:
            raise refused(refusals.refusals) from None
        except Refusal as refusal:
            raise refused([refusal]) from None
        except GraphQLError as error:
            raise Problem.of(error) from None
        except Exception as error:
            if (isinstance(error, TimeoutError) and limit.expired()) or given_up(error):
                raise late("This took too long and was stopped.") from None
            raise self.failure(error, report) from None

    def failure(self, error: Exception, report: Report) -> Problem:
        """What is told of an error that nobody meant to be read."""
        try:
            tell_outage(error, outcome_unknown=self.rules.changes)
        except GraphQLError as away:
            return Problem.of(away)
        except Exception:
            log_unexpected(error, report.request_id)
            return Problem(code=Code.INTERNAL.value)

    async def let_in(self, request: Request, headers: dict[str, str], report: Report) -> Response:
        """Look at the request, then at who sends it, then answer."""
        self.check(request.method, headers)
        if self.rules.by_address:
            headers = {name: value for name, value in headers.items() if name != "authorization"}
        incoming = Incoming(headers, source_ip_of(request.scope), report.request_id, "http", report=report)
        context: Context = await self.engine.open(incoming)
        try:
            admit(context, self.rules.allow, scope=self.rules.scope)
            await context.check_session()
            charge = await self.engine.charge_door(context, self.rules.cost)
            report.cost = charge.requested
            if self.rules.changes:
                self.engine.auditor.prepare_named(context, self.rules.name)
            response = await self.answer(Visit(request, context, self.rules))
            await self.engine.auditor.record_named(context, self.rules.name)
            return response
        finally:
            context.audit = None  # it holds the context that holds it
            await self.engine.close(context)

    def check(self, method: str, headers: dict[str, str]) -> None:
        """Refuse what is wrong with a request whoever sends it. Raises Problem."""
        taken = (*self.rules.methods, *(["HEAD"] if "GET" in self.rules.methods else []))
        if method not in taken:
            wrong = Problem(code=Code.BAD_REQUEST.value, message=f"Use {' or '.join(self.rules.methods)}.", status=405)
            wrong.headers["allow"] = ", ".join(taken)
            raise wrong
        self.check_site(headers)
        if headers.get("content-encoding", "identity").strip().lower() not in {"identity", ""}:
            raise Problem(code=Code.BAD_REQUEST.value, message="Send the body uncompressed.", status=415)
        must_fit(headers.get("content-length"), self.rules.body_bytes)

    def check_site(self, headers: dict[str, str]) -> None:
        """Refuse what a browser sends on behalf of a page that is neither ours nor listed."""
        if self.rules.from_other_sites:
            return
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        listed = origin is not None and self.doors.origins.lists(origin)
        foreign = site is not None and site not in OWN_SITES
        if not listed and (foreign or not self.doors.origins.admits(origin, headers.get("host"))):
            raise Problem(code=Code.FORBIDDEN.value, message="Pages of another site may not ask here.")

    async def sent(self, response: Response, scope: Scope, receive: Receive, send: Send, report: Report) -> None:
        """Send the answer; one that has begun can only be cut."""
        try:
            async with asyncio.timeout(self.rules.sending_seconds):
                await response(scope, receive, send)
        except TimeoutError:
            report.codes = (Code.DEADLINE.value,)
        except OSError:
            pass  # the client left while it was being answered
        except Exception as error:
            log_unexpected(error, report.request_id)
            report.codes = (Code.INTERNAL.value,)


def late(message: str, *, status: int = 503) -> Problem:
    """The time of a request is over."""
    return Problem(code=Code.DEADLINE.value, message=message, status=status)


def must_fit(length: str | None, bound: int) -> None:
    """Refuse by its header alone a body that is longer. Raises Problem."""
    if length is not None and (not length.isdecimal() or len(length) > 12 or int(length) > bound):
        raise too_long(bound)


def too_long(bound: int) -> Problem:
    """A body beyond the bound; where there is to be none, any."""
    problem = Problem(code=Code.BODY_LIMIT.value, message=f"A body has at most {bound:,} bytes.", limit=bound)
    problem.headers["connection"] = "close"
    return problem
