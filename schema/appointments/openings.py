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
        "The openings about which nothing would refuse a request now, soonest first (AV-4). "
        "What lies in the viewer is told by `bookingBlockedBy`.",
    )
    booking_blocked_by: list[UserError] = relation(
        resolvers.BLOCKED_BY,
        "Why you could request none of the openings now, and the way out; empty if you could, or are no student. "
        "No credit (CR-4), a live intake with this provider (AP-2), no new clients (PR-5).",
    )
