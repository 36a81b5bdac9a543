"""Sessions as clients see them: sign-in, refresh, acting under another membership, and the ends of sessions."""

from datetime import datetime

from models.accounts import accounts as models
from models.accounts.accounts import PEOPLE
from operations.fields import ANYONE
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.accounts import sessions as resolvers
from schema.accounts.accounts import Membership
from schema.base.shape import Connection, Node, computed, optional_text, payload, shown, shows


@shows(models.Session, name="SignInSession")
class SignInSession(Node):
    """A sign-in on one device."""

    device: str | None = optional_text("device", "Device name given at sign-in.")
    created_at: datetime = shown("When the person signed in.")
    seen_at: datetime = shown("When it was last used, to within 30 seconds.")
    ends_at: datetime = computed(
        lambda row: row.until, "When it ends at the latest; it ends sooner if unused (ID-2).", needs=("until",)
    )
    revoked_at: datetime | None = shown("When it was ended early.")
    is_current: bool = relation(resolvers.CURRENT, "Whether this request was made with it.")
    membership: Membership | None = relation(resolvers.MEMBERSHIP, "Membership it acts under.")


SIGNED_IN = {
    "access_token": (str, "Send it as `Authorization: Bearer …`. Valid for 15 minutes."),
    "refresh_token": (str, "Exchange it with `refresh` for new tokens. Works once."),
    "expires_at": (datetime, "When the access token expires."),
    "viewer": (Membership, "Membership that is now signed in."),
}


class Query:
    """What sessions add to Query."""

    sign_in_sessions: Connection[SignInSession] | None = query(resolvers.mine, allow=PEOPLE)


class Mutation:
    """What sessions add to Mutation."""

    sign_in = mutation(resolvers.sign_in, before=resolvers.verify, answers=payload("SignIn", SIGNED_IN), allow=ANYONE)
    refresh = mutation(resolvers.refresh, answers=payload("Refresh", SIGNED_IN), allow=ANYONE)
    act_as = mutation(resolvers.act_as, answers=payload("ActAs", SIGNED_IN), allow=PEOPLE, idempotent=False)
    sign_out = mutation(
        resolvers.sign_out,
        answers=payload("SignOut", {"signed_out": (bool, "True if the sign-in session was ended.")}),
        allow=PEOPLE,
        idempotent=False,
        before_second_factor=True,
    )
    sign_out_everywhere = mutation(
        resolvers.sign_out_everywhere,
        answers=payload("SignOutEverywhere", {"sessions_ended": (int, "Number of sign-in sessions ended.")}),
        allow=PEOPLE,
        idempotent=False,
    )
    revoke_sign_in_session = mutation(
        resolvers.revoke, answers=payload("RevokeSignInSession", SignInSession), allow=PEOPLE
    )
