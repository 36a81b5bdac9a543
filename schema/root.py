"""The API's table of contents: each area's part of Query, Mutation and Subscription, and the schema made of them."""

from collections import Counter
from importlib import import_module

import strawberry
from strawberry.schema.config import StrawberryConfig

from models import modules
from operations.types import declare_type, fields_of
from schema.base.scalars import SCALARS

PARTS = [import_module(name) for name in modules("schema")]
"""Every module of the schema, area by area."""


def composed(name: str, description: str) -> type:
    """A root type of the fields of all classes of its name, in the order of the areas."""
    fields = [field for part in PARTS if name in vars(part) for field in fields_of(vars(part)[name])]
    twice = [field for field, count in Counter(field.python_name for field in fields).items() if count > 1]
    if twice:
        raise TypeError(f"{name} has {', '.join(twice)} in two areas")
    return declare_type(type(name, (), {}), fields, name=name, description=description)


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
