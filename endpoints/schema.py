"""The schema as a file, for who is signed in: what tools and a school's own programs are written against."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from endpoints.doors import Doors, Rules, Visit
from endpoints.problems import Problem
from models.base.scopes import OPEN
from operations.fields import ANYONE
from transport import Code

ADDRESS = "/schema.graphql"
HEADERS = {"cache-control": "no-cache"}
RULES = Rules(name=f"GET {ADDRESS}", allow=ANYONE, scope=OPEN)


class SchemaFile:
    """The address of the schema in GraphQL's own language; on demo and test servers anybody may read it."""

    def __init__(self, doors: Doors, print_schema: Callable[[], str]) -> None:
        self.doors = doors
        self.print_schema = print_schema

    @cached_property
    def text(self) -> str:
        """The schema, printed when it is first asked for."""
        return self.print_schema()

    def route(self) -> Route:
        """For the application."""
        return self.doors.route(ADDRESS, self.read, RULES)

    async def read(self, visit: Visit) -> Response:
        """The schema, for whom the server tells it to."""
        if not self.doors.engine.allows_introspection(visit.context):
            message = "Send the access token of somebody who is signed in, or a machine's key."
            raise Problem(code=Code.UNAUTHENTICATED.value, message=message)
        return PlainTextResponse(self.text, headers=HEADERS)
