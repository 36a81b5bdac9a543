"""Any object by its id, as clients see it."""

from models.base.scopes import OPEN
from operations.fields import EVERYBODY
from operations.queries import query
from operations.reads import nodes
from schema.base.shape import Node


class Query:
    """What every object adds to Query."""

    node: Node | None = query(nodes.one, allow=EVERYBODY, scope=OPEN)
    nodes: list[Node | None] | None = query(nodes.many, allow=EVERYBODY, scope=OPEN)
