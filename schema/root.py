"""The API's table of contents: each area's part of Query and Mutation, and the schema made of them."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from operations.fields import EVERYBODY
from operations.queries import query
from operations.reads import nodes
from schema import (
    accounts,
    appointments,
    audit,
    availability,
    campus,
    claims,
    clock,
    credentials,
    credits,
    invitations,
    partner_keys,
    payout_details,
    practices,
    providers,
    record,
    schools,
    second_factors,
    sessions,
)
from schema.scalars import SCALARS
from schema.shape import Node
from schema.subscriptions import Subscription


@strawberry.type(description="What can be read. Every list is a connection; every id is a TypeID.")
class Query(
    accounts.Query,
    sessions.Query,
    second_factors.Query,
    invitations.Query,
    practices.Query,
    partner_keys.Query,
    campus.Query,
    schools.Query,
    providers.Query,
    payout_details.Query,
    availability.Query,
    credits.Query,
    appointments.Query,
    claims.Query,
    record.Query,
    clock.Query,
    audit.Query,
):
    """All that can be read."""

    node: Node | None = query(nodes.one, allow=EVERYBODY)
    nodes: list[Node | None] | None = query(nodes.many, allow=EVERYBODY)


@strawberry.type(description="What can be done. Each takes one `input` and answers its object and `userErrors`.")
class Mutation(
    accounts.Mutation,
    sessions.Mutation,
    credentials.Mutation,
    second_factors.Mutation,
    invitations.Mutation,
    practices.Mutation,
    partner_keys.Mutation,
    campus.Mutation,
    schools.Mutation,
    providers.Mutation,
    payout_details.Mutation,
    credits.Mutation,
    appointments.Mutation,
    record.Mutation,
    clock.Mutation,
):
    """All that can be done."""


SCHEMA = strawberry.Schema(
    query=Query, mutation=Mutation, subscription=Subscription, config=StrawberryConfig(scalar_map=SCALARS)
)
