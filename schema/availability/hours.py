"""Weekly hours as clients see them (AV-1)."""

import strawberry

from models.availability import hours
from models.base.access import Role
from models.base.scopes import Scope
from operations.mutations import mutation
from operations.queries import relation
from resolvers.availability import hours as resolvers
from resolvers.availability.hours import HoursInput
from schema.base.shape import Node, computed, extends, payload, shown, shows
from schema.directory.providers import Provider

strawberry.input(HoursInput, description="A block of hours in a provider's week.")


@shows(hours.WeeklyHours)
class WeeklyHours(Node):
    """A block of hours in a provider's week, in the provider's time zone."""

    weekday: int = shown("ISO weekday: 1 is Monday, 7 is Sunday.")
    starts: str = computed(
        lambda row: hours.as_time(row.starts).isoformat("minutes"), "Start, HH:MM.", needs=("starts",)
    )
    ends: str = computed(lambda row: hours.as_time(row.ends).isoformat("minutes"), "End, HH:MM.", needs=("ends",))


@extends(Provider)
class ProviderHours:
    """What weekly hours add to Provider."""

    weekly_hours: list[WeeklyHours] = relation(
        resolvers.WEEKLY_HOURS,
        "Weekly hours that openings are derived from.",
        allow=[Role.OPS, Role.PROVIDER, Role.OFFICE],
    )


class Mutation:
    """What weekly hours add to Mutation."""

    set_weekly_hours = mutation(
        resolvers.set_weekly_hours,
        check=resolvers.check_hours,
        answers=payload("SetWeeklyHours", Provider),
        allow=[Role.OPS, Role.PROVIDER, Role.OFFICE],
        scope=Scope.SCHEDULE_WRITE,
    )
