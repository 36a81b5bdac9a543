"""Weekly hours and openings as clients see them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from models.availability import hours, openings
from models.base.access import Role
from operations.queries import query, relation
from resolvers import availability as resolvers
from resolvers.accounts import PROVIDER
from resolvers.availability import HoursInput
from schema.shape import Node, computed, shown, shows

if TYPE_CHECKING:
    from schema.providers import Provider

strawberry.input(HoursInput, description="One block of a provider's week.")


@shows(hours.WeeklyHours)
class WeeklyHours(Node):
    """One block of a provider's week, in wall-clock time."""

    weekday: int = shown("The ISO weekday: 1 is Monday, 7 is Sunday.")
    starts: str = computed(
        lambda row: hours.as_time(row.starts).isoformat("minutes"), "From, HH:MM.", needs=("starts",)
    )
    ends: str = computed(lambda row: hours.as_time(row.ends).isoformat("minutes"), "To, HH:MM.", needs=("ends",))


@shows(openings.Opening)
class Opening(Node):
    """One bookable start time."""

    starts_at: datetime = shown("When a session would begin.")
    ends_at: datetime = shown("When the time that is kept for it ends.")
    provider: Annotated["Provider", strawberry.lazy("schema.providers")] | None = relation(
        PROVIDER, "Whose time it is."
    )


@strawberry.type
class Query:
    """What availability adds to Query."""

    opening: Opening | None = query(
        resolvers.opening, allow=[Role.OPS, Role.SCHOOL, Role.STUDENT, Role.PROVIDER, Role.OFFICE]
    )
