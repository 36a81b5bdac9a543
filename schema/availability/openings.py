"""Openings as clients see them."""

from datetime import datetime

from models.availability import openings
from models.base.access import Role
from models.base.scopes import Scope
from operations.queries import query, relation
from resolvers.availability import openings as resolvers
from resolvers.directory.providers import PROVIDER
from schema.base.shape import Node, shown, shows
from schema.directory.providers import Provider


@shows(openings.Opening)
class Opening(Node):
    """A start time that can be booked."""

    starts_at: datetime = shown("Start of the session.")
    ends_at: datetime = shown("End of the time reserved for it.")
    provider: Provider | None = relation(PROVIDER, "Provider who offers it.")


class Query:
    """What availability adds to Query."""

    opening: Opening | None = query(
        resolvers.opening,
        allow=[Role.OPS, Role.SCHOOL, Role.STUDENT, Role.PROVIDER, Role.OFFICE],
        scope=Scope.SCHEDULE_READ,
    )
