"""The documents that our pages send by themselves, as every server knows them."""

from __future__ import annotations

from graphql import OperationDefinitionNode, parse

from schema.root import SCHEMA
from transport import build_manifest
from web import OPERATIONS


def name_of(text: str) -> str:
    """What a document's first operation is called; nothing if it has no name."""
    operations = [it for it in parse(text).definitions if isinstance(it, OperationDefinitionNode)]
    return operations[0].name.value if operations and operations[0].name else ""


MANIFEST = build_manifest(OPERATIONS, SCHEMA._schema)

PAGES_OWN = {name_of(text): text for text in MANIFEST.values()}
"""Each document's text by its operation's name, its fragments included."""

ID_OF = {name_of(text): id for id, text in MANIFEST.items()}
"""Each document's id by its operation's name."""

NAME_OF = {id: name for name, id in ID_OF.items()}
"""Each operation's name by its document's id."""
