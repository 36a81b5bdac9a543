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
    query=composed("Query", "Everything that can be read. Lists that can grow are connections; ids are TypeIDs."),
    mutation=composed(
        "Mutation",
        "Everything that can be changed. A mutation takes one `input` and returns the changed object, or `userErrors`.",
    ),
    subscription=composed(
        "Subscription",
        "Changes as they happen, over WebSocket (graphql-transport-ws) or server-sent events. The first message has "
        "`refetch: true`, as does the first after a gap. A subscription ends when its access token expires.",
    ),
    config=StrawberryConfig(scalar_map=SCALARS),
)

SCHEMA._schema.description = (
    "School-sponsored short-term therapy: schools grant credits to students, students find a licensed provider and "
    "request appointments, providers confirm and attest sessions and are reimbursed for them.\n\n"
    "Start with `signIn`, then send its token as `Authorization: Bearer …`; `viewer` returns who you are and in which "
    "role. Each role sees only its own part of the data: everything else is null or NOT_FOUND. A refused mutation "
    "changes nothing and returns `userErrors`, each with a code, the rule it cites, such as `AP-3`, and a fix. To "
    "retry a mutation safely, send an `idempotencyKey`. Times are in UTC, amounts of money are decimal strings, and "
    "lists that can grow are Relay connections."
)


def printed() -> str:
    """The schema in GraphQL's own language, with its description, which strawberry's printer leaves out."""
    roots = "  query: Query\n  mutation: Mutation\n  subscription: Subscription\n"
    return f'"""\n{SCHEMA._schema.description}\n"""\nschema {{\n{roots}}}\n\n{SCHEMA.as_str()}'
