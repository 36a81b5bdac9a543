"""Campus sign-in as clients see it (ID-1)."""

from datetime import datetime

import strawberry

from models.base.access import Role
from models.campus import campus as models
from operations.fields import ANYONE
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.campus import campus as resolvers
from resolvers.schools.schools import SCHOOL
from schema.accounts.sessions import SIGNED_IN
from schema.base.shape import Node, payload, shown, shows, value
from schema.schools.schools import School


@value
class Campus:
    """A school whose students sign in through their campus."""

    school_id: strawberry.ID = shown("The school's id.")
    name: str = shown("The school's name.")
    sign_in_address: str = shown(
        "Where to send the browser, with `challenge` (S256, RFC 7636) and `return_to` as parameters of the query."
    )


@shows(models.CampusIssuer)
class CampusIssuer(Node):
    """The OpenID Connect provider of a school."""

    school: School | None = relation(SCHOOL, "The school.")
    issuer: str = shown("The provider's issuer.")
    client_id: str = shown("Who we are to it.")
    return_to: list[str] = shown("Where clients may be sent back to.")
    created_at: datetime = shown("Since when.")
    disabled_at: datetime | None = shown("Since when it is closed.")


class Query:
    """What campus sign-in adds to Query."""

    campuses: list[Campus] | None = query(resolvers.search, allow=ANYONE)


class Mutation:
    """What campus sign-in adds to Mutation."""

    set_campus_issuer = mutation(
        resolvers.set_issuer,
        check=resolvers.check_issuer,
        answers=payload("SetCampusIssuer", CampusIssuer),
        allow=[Role.OPS],
        idempotent=False,
    )
    disable_campus_issuer = mutation(
        resolvers.disable_issuer, answers=payload("DisableCampusIssuer", CampusIssuer), allow=[Role.OPS]
    )
    exchange_campus_code = mutation(
        resolvers.exchange,
        before=resolvers.admit_code,
        answers=payload("ExchangeCampusCode", SIGNED_IN),
        allow=ANYONE,
    )
