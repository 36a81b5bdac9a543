"""What can be booked, as clients see it."""

from operations.queries import relation
from resolvers.appointments import openings as resolvers
from schema.availability.openings import Opening
from schema.base.shape import Connection, UserError, extends
from schema.directory.providers import Provider


@extends(Provider)
class ProviderOpenings:
    """What openings add to Provider."""

    openings: Connection[Opening] = relation(
        resolvers.OPENINGS,
        "Openings that can be requested now, earliest first (AV-4). "
        "`bookingBlockedBy` tells whether you may request any of them.",
    )
    booking_blocked_by: list[UserError] = relation(
        resolvers.BLOCKED_BY,
        "Reasons you cannot request any of the openings now: no credit (CR-4), a live intake with this provider "
        "(AP-2), no new clients (PR-5). Empty if you can, or if you are not a student.",
    )
