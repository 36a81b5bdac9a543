"""The inbox as clients see it: all that concerns the viewer, as it happens."""

from models.base.events import Event as EventRow
from operations.changes import EVENT
from operations.queries import relation, subscription
from resolvers.notifications import inbox as resolvers
from schema.base.events import REFETCH, Event
from schema.base.shape import shown, value


@value
class InboxChange:
    """An event that concerns you."""

    refetch: bool = shown(REFETCH)
    event: Event | None = relation(EVENT, "What happened.")


class Subscription:
    """What notifications add to Subscription."""

    inbox: InboxChange | None = subscription(resolvers.inbox, allow=[*EventRow.REACH])
