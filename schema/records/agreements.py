"""The agreements that a person signed, as documents to keep (PR-1)."""

from models.accounts.accounts import PEOPLE
from operations.mutations import mutation
from resolvers.records import agreements as resolvers
from schema.base.shape import payload
from schema.files.files import File


class Mutation:
    """What signed agreements add to Mutation."""

    signed_agreement = mutation(
        resolvers.signed,
        before=resolvers.make,
        answers=payload("SignedAgreement", {"file": (File, "The document, with its download; null if refused.")}),
        allow=PEOPLE,
    )
