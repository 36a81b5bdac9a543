"""The server's clock as clients see it."""

from datetime import datetime

from models.base.access import Role
from operations.fields import ANYONE
from operations.mutations import mutation
from operations.queries import query
from resolvers.clock import clock as resolvers
from schema.base.shape import payload


class Query:
    """What the clock adds to Query."""

    now: datetime | None = query(resolvers.now, allow=ANYONE)


class Mutation:
    """What the clock adds to Mutation."""

    move_clock = mutation(
        resolvers.move,
        answers=payload("MoveClock", {"now": (datetime, "New server time; null if refused.")}),
        allow=[Role.OPS],
        idempotent=False,
    )
