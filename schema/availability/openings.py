"""Openings as clients see them."""

from datetime import datetime

import strawberry

from models.availability import openings
from models.base.access import Role
from operations.queries import query, relation
from resolvers.availability import openings as resolvers
from resolvers.directory.providers import PROVIDER
from schema.base.shape import Node, shown, shows
from schema.directory.providers import Provider


@shows(openings.Opening)
class Opening(Node):
    """One bookable start time."""

    starts_at: datetime = shown("When a session would begin.")
    ends_at: datetime = shown("When the time that is kept for it ends.")
    provider: Provider | None = relation(PROVIDER, "Whose time it is.")


@strawberry.type
class Query:
    """What availability adds to Query."""

    opening: Opening | None = query(
        resolvers.opening, allow=[Role.OPS, Role.SCHOOL, Role.STUDENT, Role.PROVIDER, Role.OFFICE]
    )
