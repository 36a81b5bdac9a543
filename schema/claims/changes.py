"""What subscriptions tell of claims, as clients see it."""

from models.base.scopes import Scope
from models.claims.claims import Claim as ClaimRow
from operations.changes import EVENT
from operations.queries import relation, subscription
from resolvers.claims import changes as resolvers
from schema.base.events import EVENT_TEXT, REFETCH, Event
from schema.base.shape import shown, value
from schema.claims.claims import Claim


@value
class ClaimChange:
    """A change to a claim."""

    refetch: bool = shown(REFETCH)
    event: Event | None = relation(EVENT, EVENT_TEXT)
    claim: Claim | None = relation(resolvers.CLAIM, "Current state of the claim.")


class Subscription:
    """What claims add to Subscription."""

    claim_changed: ClaimChange | None = subscription(
        resolvers.claim_changed, allow=[*ClaimRow.REACH], scope=Scope.CLAIMS_READ
    )
