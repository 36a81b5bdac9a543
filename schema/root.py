"""The API's table of contents: each area's part of Query, Mutation and Subscription, and the schema made of them."""

from importlib import import_module

import strawberry
from strawberry.schema.config import StrawberryConfig

from models import modules
from schema.base.scalars import SCALARS

PARTS = [import_module(name) for name in modules("schema")]
"""Every module of the schema, area by area."""


def composed(name: str, description: str) -> type:
    """A root type of all classes of its name, in the order of the areas."""
    bases = tuple(vars(part)[name] for part in PARTS if name in vars(part))
    return strawberry.type(type(name, bases, {"__doc__": description}), description=description)


SCHEMA = strawberry.Schema(
    query=composed("Query", "What can be read. Every list is a connection; every id is a TypeID."),
    mutation=composed("Mutation", "What can be done. Each takes one `input` and answers its object and `userErrors`."),
    subscription=composed(
        "Subscription",
        "What is told as it happens, over WebSocket (graphql-transport-ws) or server-sent events. Each begins with "
        "`refetch: true`, and says so again after a gap. A subscription ends when its token does.",
    ),
    config=StrawberryConfig(scalar_map=SCALARS),
)
