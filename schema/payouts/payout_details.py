"""Payout details as clients see them: numbers by their last four (EN-3)."""

from datetime import datetime

from models.base.access import Role
from models.payouts import payout_details as models
from models.payouts.payout_details import AccountKind, TinKind
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.payouts import payout_details as resolvers
from schema.base.shape import Connection, Node, payload, shown, shows
from schema.directory.providers import Provider


@shows(models.PayoutDetails)
class PayoutDetails(Node):
    """A provider's payout details, as set at one time. Only the last digits of sensitive numbers are shown."""

    provider: Provider | None = relation(resolvers.PROVIDER, "Provider who is paid.")
    legal_name: str = shown("Payee's legal name, as on tax forms.")
    tin_kind: TinKind = shown("Kind of taxpayer identification number.")
    tin_last4: str = shown("Last four digits of the taxpayer identification number.")
    routing_number: str = shown("Bank routing number.")
    account_last4: str = shown("Last four digits of the account number.")
    account_kind: AccountKind = shown("Kind of bank account.")
    authorised_at: datetime = shown("When direct deposit was authorised.")
    set_at: datetime = shown("When the details were set.")
    superseded_at: datetime | None = shown("When they were replaced; null if current.")


READERS = [Role.PROVIDER, Role.OPS, Role.FINANCE]


class Query:
    """What payout details add to Query."""

    payout_details: PayoutDetails | None = query(resolvers.current, allow=READERS)
    payout_details_history: Connection[PayoutDetails] | None = query(resolvers.history, allow=READERS)


class Mutation:
    """What payout details add to Mutation. Neither answer is kept with a key: both have to do with the numbers."""

    set_payout_details = mutation(
        resolvers.set_details,
        answers=payload("SetPayoutDetails", PayoutDetails),
        allow=[Role.PROVIDER],
        idempotent=False,
    )
    reveal_payout_details = mutation(
        resolvers.reveal,
        answers=payload(
            "RevealPayoutDetails",
            {
                "payout_details": (PayoutDetails, "The payout details; null if refused."),
                "tin": (str, "Full taxpayer identification number, shown only once."),
                "account_number": (str, "Full account number, shown only once."),
            },
        ),
        allow=[Role.FINANCE],
        idempotent=False,
    )
