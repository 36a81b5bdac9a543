"""The documents that GraphiQL's page sends by itself, as a production server trusts them."""

from __future__ import annotations

from graphql import OperationDefinitionNode, parse

from schema.root import SCHEMA
from transport import build_manifest
from web import OPERATIONS


def name_of(text: str) -> str:
    """What a document's first operation is called; nothing if it has no name."""
    operations = [it for it in parse(text).definitions if isinstance(it, OperationDefinitionNode)]
    return operations[0].name.value if operations and operations[0].name else ""


PAGES_OWN = {name_of(text): text for text in build_manifest(OPERATIONS, SCHEMA._schema).values()}
"""Each document's text by its operation's name, its fragments included."""
