"""Subscriptions as clients see them: what is told while a connection stays open."""

import strawberry

from models.appointments.appointments import Appointment as AppointmentRow
from models.base.events import Event as EventRow
from models.claims.claims import Claim as ClaimRow
from models.credits.ledger import Wallet as WalletRow
from operations.queries import relation, subscription
from resolvers import subscriptions as resolvers
from schema.appointments import Appointment
from schema.claims import Claim
from schema.credits import Wallet
from schema.events import Event
from schema.shape import Node, shown, value

REFETCH = (
    "True if the present state has to be fetched: at the beginning, and whenever events may have been missed. "
    "All other fields are null then."
)
EVENT = "What happened; null if it is not for you."


@value
class AppointmentChange:
    """One change of an appointment."""

    refetch: bool = shown(REFETCH)
    event: Event | None = relation(resolvers.EVENT, EVENT)
    appointment: Appointment | None = relation(resolvers.APPOINTMENT, "The appointment as it is now.")


@value
class ClaimChange:
    """One change of a claim."""

    refetch: bool = shown(REFETCH)
    event: Event | None = relation(resolvers.EVENT, EVENT)
    claim: Claim | None = relation(resolvers.CLAIM, "The claim as it is now.")


@value
class WalletChange:
    """A change of a wallet's balances."""

    refetch: bool = shown(REFETCH)
    wallet: Wallet | None = relation(resolvers.WALLET, "The wallet as it is now.")


@value
class InboxChange:
    """One event that concerns the viewer."""

    refetch: bool = shown(REFETCH)
    event: Event | None = relation(resolvers.EVENT, "What happened.")
    subject: Node | None = relation(resolvers.SUBJECT, "What it happened to, as it is now; null if it is not for you.")


@strawberry.type(
    description="What is told as it happens, over WebSocket (graphql-transport-ws) or server-sent events. Each begins "
    "with `refetch: true`, and says so again after a gap. A subscription ends when its token does."
)
class Subscription:
    """All that can be subscribed to; for whom each row's reach says."""

    appointment_changed: AppointmentChange | None = subscription(
        resolvers.appointment_changed, allow=[*AppointmentRow.REACH]
    )
    claim_changed: ClaimChange | None = subscription(resolvers.claim_changed, allow=[*ClaimRow.REACH])
    wallet_changed: WalletChange | None = subscription(resolvers.wallet_changed, allow=[*WalletRow.REACH])
    inbox: InboxChange | None = subscription(resolvers.inbox, allow=[*EventRow.REACH])
