"""Persons who do not go together, as OPS see them (ID-7)."""

from datetime import datetime

from models.accounts import persons as models
from models.accounts.persons import ConflictOutcome, ConflictReason
from models.base.access import Role
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.accounts import persons as resolvers
from schema.accounts.accounts import Account
from schema.base.shape import Connection, Node, payload, shown, shows


@shows(models.PersonConflict)
class PersonConflict(Node):
    """An account that could not be linked with a student or provider, for OPS to resolve."""

    why: ConflictReason = relation(resolvers.REASON, "Cause of the conflict.")
    account: Account | None = relation(resolvers.ACCOUNT, "Account; null if its sign-up was refused.")
    at: datetime = shown("When it was found.")
    resolved_at: datetime | None = shown("When it was resolved; null if it is open.")
    outcome: ConflictOutcome | None = shown("How it was resolved.")
    reason: str = shown("Why it was dismissed; empty if it was not.")


class Query:
    """What persons add to Query."""

    person_conflicts: Connection[PersonConflict] | None = query(resolvers.many, allow=[Role.OPS])


class Mutation:
    """What persons add to Mutation."""

    link_person = mutation(resolvers.link, answers=payload("LinkPerson", PersonConflict), allow=[Role.OPS])
    dismiss_person_conflict = mutation(
        resolvers.dismiss, answers=payload("DismissPersonConflict", PersonConflict), allow=[Role.OPS]
    )
