# ruff: noqa: D101, E501
"""A small server with the shape of the real one, to look at the pages while the real one is being built."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from strawberry.asgi import GraphQL

from web import DemoAccount, GraphiQLConfig, Pages, Starter

ROLES = ["OPS", "FINANCE", "SCHOOL", "PROVIDER", "OFFICE", "STUDENT"]
clock = {"offset": timedelta()}


@strawberry.type
class UserError:
    code: str
    message: str
    field: list[str] | None = None
    rule: str | None = None
    fix: str | None = None


@strawberry.type
class Account:
    name: str


@strawberry.type
class Viewer:
    role: str
    account: Account | None


@strawberry.type
class SignInPayload:
    access_token: str | None = None
    refresh_token: str | None = None
    expires_at: datetime | None = None
    viewer: Viewer | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)


@strawberry.input
class SignInInput:
    email: str
    password: str
    one_time_code: str | None = None


@strawberry.input
class MoveClockInput:
    hours: int


@strawberry.type
class MoveClockPayload:
    now: datetime
    user_errors: list[UserError]


def _now() -> datetime:
    return datetime.now(UTC) + clock["offset"]


def _viewer(info: strawberry.Info) -> Viewer | None:
    request = info.context["request"]
    token = request.headers.get("authorization", "") or info.context.get("connection_params", {}).get(
        "authorization", ""
    )
    role = token.removeprefix("Bearer token-")
    return Viewer(role=role, account=Account(name=f"Demo {role.title()}")) if role in ROLES else None


@strawberry.type
class Query:
    @strawberry.field
    def now(self) -> datetime:
        return _now()

    @strawberry.field
    def viewer(self, info: strawberry.Info) -> Viewer | None:
        return _viewer(info)


@strawberry.type
class Mutation:
    @strawberry.mutation
    def sign_in(self, input: SignInInput) -> SignInPayload:
        role = input.email.split("@")[0].upper()
        if input.password != "demo":
            return SignInPayload(
                user_errors=[UserError(code="X", message="Address or password is wrong.", fix="Try again.")]
            )
        return SignInPayload(
            access_token=f"token-{role}",
            refresh_token="r",
            expires_at=_now() + timedelta(minutes=15),
            viewer=Viewer(role=role, account=Account(name=f"Demo {role.title()}")),
        )

    @strawberry.mutation
    def sign_out(self) -> MoveClockPayload:
        return MoveClockPayload(now=_now(), user_errors=[])

    @strawberry.mutation
    def move_clock(self, input: MoveClockInput) -> MoveClockPayload:
        clock["offset"] += timedelta(hours=input.hours)
        return MoveClockPayload(now=_now(), user_errors=[])


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(self, info: strawberry.Info) -> AsyncIterator[str]:
        viewer = _viewer(info)
        for number in range(100):
            yield f"{number} for {viewer.role if viewer else 'nobody'}"
            await asyncio.sleep(0.5)


HTML = "<html><body style='font-family:sans-serif'><h1 style='color:#17615d'>New request</h1><p>You have 72 hours to answer.</p><img src='https://tracker.example/x.png'><script>parent.document.title='owned'</script></body></html>"


async def mail(request: Request) -> Response:
    return JSONResponse(
        [
            {
                "id": f"m{n}",
                "to": "provider@demo.test",
                "from": "no-reply@flexible.test",
                "subject": f"Message {n}: you have 72 hours to answer a request",
                "sentAt": f"2026-11-22T0{n}:00:00Z",
                "text": "You have 72 hours.",
                "html": HTML,
            }
            for n in range(5)
        ]
    )


def create_app(demo: bool = True) -> Starlette:
    graphql = GraphQL(strawberry.Schema(Query, Mutation, Subscription), graphql_ide=None)
    accounts = [DemoAccount(role, f"{role.lower()}@demo.test", "demo") for role in ROLES] if demo else []
    starters = [
        Starter(
            role,
            f"{title}",
            f"query {title.title().replace(' ', '')} {{\n  # {title} of {role}\n  viewer {{ role name }}\n}}\n",
            '{\n  "n": 3\n}',
        )
        for role in ROLES
        for title in ("home", "book a session", "what to attest", "my sessions of this week", "ask for credits")
    ]
    starters.append(Starter("OPS", "Watch", "subscription Watch { ticks }"))
    pages = Pages(GraphiQLConfig("demo" if demo else "production", accounts, starters))

    return Starlette(
        routes=[
            *pages.routes(with_mailbox=True),
            Route("/dev/mail.json", mail),
            Route("/graphql", pages.in_front_of(graphql)),
            WebSocketRoute("/graphql", graphql),
        ]
    )


if __name__ == "__main__":
    import sys

    uvicorn.run(
        create_app("production" not in sys.argv),
        port=8123 if "production" not in sys.argv else 8124,
        log_level="warning",
    )
