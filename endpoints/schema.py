"""The schema as a file, for who is signed in: what tools and a school's own programs are written against."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from operations.engine import ProgramEngine, bearer

ADDRESS = "/schema.graphql"
HEADERS = {"cache-control": "no-cache"}


class SchemaFile:
    """The address of the schema in GraphQL's own language; on demo and test servers anybody may read it."""

    def __init__(self, engine: ProgramEngine, print_schema: Callable[[], str]) -> None:
        self.engine = engine
        self.print_schema = print_schema

    @cached_property
    def text(self) -> str:
        """The schema, printed when it is first asked for."""
        return self.print_schema()

    def route(self) -> Route:
        """For the application."""
        return Route(ADDRESS, self.read, methods=["GET"])

    async def read(self, request: Request) -> Response:
        """The schema, for whom the server tells it to."""
        token = bearer(request.headers.get("authorization"))
        source = request.client.host if request.client else ""
        try:
            viewer = await self.engine.viewer(token, await self.engine.now(), source) if token else None
        except GraphQLError as refused:  # a token that does not hold, or too many of them
            return unauthenticated(refused.message)
        if not self.engine.may_introspect(viewer):
            return unauthenticated("Send the access token of somebody who is signed in, or a partner's key.")
        return PlainTextResponse(self.text, headers=HEADERS)


def unauthenticated(message: str) -> Response:
    """Why the schema is not told."""
    return PlainTextResponse(message + "\n", status_code=401, headers={"www-authenticate": "Bearer"})
