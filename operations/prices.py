"""Fields that take more than the objects they answer: what each costs beyond those, in points.

A point is one object of a full page: 30 to 60 microseconds of processor, 60 to 90 bytes (`benchmarks/points.py`).
Proofs, records and counts read whole tables or a whole history for an answer of one object; a document takes a good
part of a second of processor.
"""

from __future__ import annotations

from graphql import GraphQLObjectType, GraphQLSchema

COUNT_COST = 50
"""`totalCount` of any list: it counts every row within the viewer's reach."""

PRICES = {
    "Query.auditProof": 2_000,
    "Query.ledgerProof": 2_000,
    "Query.opsQueues": COUNT_COST,
    "Query.myRecord": 1_000,
    "Query.studentRecord": 1_000,
    "Mutation.signedAgreement": 1_000,
}


def prices_of(schema: GraphQLSchema) -> dict[str, int]:
    """The prices by `Type.field`."""
    counted = {
        f"{name}.totalCount": COUNT_COST
        for name, kind in schema.type_map.items()
        if isinstance(kind, GraphQLObjectType) and "totalCount" in kind.fields
    }
    return counted | PRICES
