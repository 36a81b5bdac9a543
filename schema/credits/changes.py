"""What subscriptions tell of wallets, as clients see it."""

from models.base.scopes import Scope
from models.credits.ledger import Wallet as WalletRow
from operations.queries import relation, subscription
from resolvers.credits import changes as resolvers
from schema.base.events import REFETCH
from schema.base.shape import shown, value
from schema.credits.ledger import Wallet


@value
class WalletChange:
    """A change to a wallet's balances."""

    refetch: bool = shown(REFETCH)
    wallet: Wallet | None = relation(resolvers.WALLET, "Current state of the wallet.")


class Subscription:
    """What wallets add to Subscription."""

    wallet_changed: WalletChange | None = subscription(
        resolvers.wallet_changed, allow=[*WalletRow.REACH], scope=Scope.CREDITS_READ
    )
