"""Partner keys as clients see them (ID-5)."""

from datetime import datetime

from models.base.access import Role
from models.base.scopes import Scope
from models.keys import partner_keys as models
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.keys import partner_keys as resolvers
from resolvers.practices.practices import PRACTICE
from resolvers.schools.schools import SCHOOL
from schema.base.shape import Connection, Node, payload, shown, shows
from schema.practices.practices import Practice
from schema.schools.schools import School


@shows(models.PartnerKey)
class PartnerKey(Node):
    """API key of a school's or a practice's system."""

    name: str = shown("Name of the system that uses it.")
    school: School | None = relation(SCHOOL, "School it is limited to, if it is a school's.")
    practice: Practice | None = relation(PRACTICE, "Practice it is limited to, if it is a practice's.")
    scopes: list[Scope] = shown("What it may read and do; rotating keeps them.")
    created_at: datetime = shown("When it was created.")
    expires_at: datetime = shown("When it expires.")
    revoked_at: datetime | None = shown("When it was revoked.")
    seen_at: datetime | None = shown("When it was last used, to within a minute.")


NEW_KEY = {
    "partner_key": (PartnerKey, "The new key's record; null if refused."),
    "secret": (str, "The key itself, shown only once. Send it as `Authorization: Bearer …`."),
}
KEEPERS = [Role.SCHOOL, Role.OFFICE, Role.OPS]


class Query:
    """What partner keys add to Query."""

    partner_keys: Connection[PartnerKey] | None = query(resolvers.many, allow=KEEPERS)


class Mutation:
    """What partner keys add to Mutation."""

    create_partner_key = mutation(
        resolvers.create,
        check=resolvers.check_new_key,
        answers=payload("CreatePartnerKey", NEW_KEY),
        allow=KEEPERS,
        idempotent=False,
    )
    rotate_partner_key = mutation(
        resolvers.rotate,
        check=resolvers.check_rotation,
        answers=payload("RotatePartnerKey", NEW_KEY),
        allow=KEEPERS,
        idempotent=False,
    )
    revoke_partner_key = mutation(resolvers.revoke, answers=payload("RevokePartnerKey", PartnerKey), allow=KEEPERS)
