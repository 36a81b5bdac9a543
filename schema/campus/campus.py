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
    """A school with campus single sign-on."""

    school_id: strawberry.ID = shown("Id of the school.")
    name: str = shown("Name of the school.")
    sign_in_address: str = shown(
        "URL to open in the browser, with the query parameters `challenge` (PKCE S256, RFC 7636) and `return_to`."
    )


@shows(models.CampusIssuer)
class CampusIssuer(Node):
    """A school's OpenID Connect provider."""

    school: School | None = relation(SCHOOL, "School.")
    issuer: str = shown("Issuer URL.")
    client_id: str = shown("OAuth client id.")
    return_to: list[str] = shown("Allowed return URLs.")
    created_at: datetime = shown("When it was added.")
    disabled_at: datetime | None = shown("When it was disabled; null if it is active.")


class Query:
    """What campus sign-in adds to Query."""

    campuses: list[Campus] | None = query(resolvers.search, allow=ANYONE)


class Mutation:
    """What campus sign-in adds to Mutation."""

    set_campus_issuer = mutation(
        resolvers.set_issuer, answers=payload("SetCampusIssuer", CampusIssuer), allow=[Role.OPS], idempotent=False
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
