"""Vocabularies as clients see them."""

from datetime import datetime

from models.base.access import Role
from models.base.scopes import OPEN
from models.vocabularies import terms
from models.vocabularies.terms import TermKind
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.vocabularies import terms as resolvers
from schema.base.shape import Connection, Node, payload, shown, shows


@shows(terms.Term)
class Term(Node):
    """A term of a vocabulary: a code that stays, and what people read."""

    kind: TermKind = shown("The vocabulary.")
    code: str = shown("Code, as other objects have it; it never changes.")
    label: str = relation(resolvers.LABELS, "What people read.")
    position: int = shown("Place in the order of its vocabulary.")
    retired_at: datetime | None = shown("When it was retired: nothing new has it since; null while it is in use.")


class Query:
    """What vocabularies add to Query."""

    vocabularies: Connection[Term] | None = query(resolvers.many, allow=[*Role], scope=OPEN)


class Mutation:
    """What vocabularies add to Mutation."""

    add_term = mutation(resolvers.add, check=resolvers.check_new, answers=payload("AddTerm", Term), allow=[Role.OPS])
    change_term = mutation(
        resolvers.change, check=resolvers.check_change, answers=payload("ChangeTerm", Term), allow=[Role.OPS]
    )
    retire_term = mutation(resolvers.retire, answers=payload("RetireTerm", Term), allow=[Role.OPS])
    restore_term = mutation(resolvers.restore, answers=payload("RestoreTerm", Term), allow=[Role.OPS])
