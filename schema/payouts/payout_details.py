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
    """Where a provider's payouts go, as it was set at one time. The numbers themselves are never in here."""

    provider: Provider | None = relation(resolvers.PROVIDER, "Whose payouts.")
    legal_name: str = shown("The payee's name as the tax office knows it.")
    tin_kind: TinKind = shown("Which taxpayer identification number it is.")
    tin_last4: str = shown("Its last four digits.")
    routing_number: str = shown("The bank's routing number.")
    account_last4: str = shown("The last four digits of the account's number.")
    account_kind: AccountKind = shown("The kind of the account.")
    authorised_at: datetime = shown("When direct deposit into it was authorised.")
    set_at: datetime = shown("When it was set.")
    superseded_at: datetime | None = shown("When other details took its place; null for the current ones.")


READERS = [Role.PROVIDER, Role.OPS, Role.FINANCE]


class Query:
    """What payout details add to Query."""

    payout_details: PayoutDetails | None = query(resolvers.current, allow=READERS)
    payout_details_history: Connection[PayoutDetails] | None = query(resolvers.history, allow=READERS)


class Mutation:
    """What payout details add to Mutation. Neither answer is kept with a key: both have to do with the numbers."""

    set_payout_details = mutation(
        resolvers.set_details,
        check=resolvers.check_details,
        answers=payload("SetPayoutDetails", PayoutDetails),
        allow=[Role.PROVIDER],
        idempotent=False,
    )
    reveal_payout_details = mutation(
        resolvers.reveal,
        answers=payload(
            "RevealPayoutDetails",
            {
                "payout_details": (PayoutDetails, "Whose numbers; null if refused."),
                "tin": (str, "The taxpayer identification number; shown this once."),
                "account_number": (str, "The account's number; shown this once."),
            },
        ),
        allow=[Role.FINANCE],
        idempotent=False,
    )
