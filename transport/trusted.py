"""Trusted documents: the manifest of the documents a client is known to send, made from a folder of .graphql files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import orjson
from graphql import FragmentDefinitionNode, GraphQLSchema, parse

from transport.documents import Documents
from transport.limits import Limits


def document_id(text: str) -> str:
    """The name of a trusted document."""
    return hashlib.sha256(text.encode()).hexdigest()


def load_manifest(path: Path) -> dict[str, str]:
    """Read a manifest and make sure that every text is the one its hash names."""
    manifest: dict[str, str] = orjson.loads(path.read_bytes())
    for name, text in manifest.items():
        if document_id(text) != name:
            raise ValueError(f"The text under {name} in {path} has another hash.")
    return manifest


def build_manifest(folder: Path, schema: GraphQLSchema, limits: Limits | None = None) -> dict[str, str]:
    """The manifest of a folder of .graphql files; refuses what could not be run."""
    manifest = read_folder(folder)
    wrong = Documents(schema, limits or Limits(), manifest).check_trusted()
    if wrong:
        raise ValueError("; ".join(f"{name}: {', '.join(messages)}" for name, messages in wrong.items()))
    return manifest


def read_folder(folder: Path) -> dict[str, str]:
    """The manifest of a folder of .graphql files, one document a file, whether they can be run or not.

    A file that holds fragments only is shared: its fragments are added to each document that spreads them.
    """
    texts = {path: path.read_text(encoding="utf-8").strip() for path in sorted(folder.rglob("*.graphql"))}
    shared: dict[str, str] = {}
    documents: list[str] = []
    for text in texts.values():
        definitions = parse(text).definitions
        if all(isinstance(item, FragmentDefinitionNode) for item in definitions):
            for item in definitions:
                if isinstance(item, FragmentDefinitionNode) and item.loc is not None:
                    shared[item.name.value] = text[item.loc.start : item.loc.end]
        else:
            documents.append(text)
    return {document_id(text): text for text in (_with_shared(text, shared) for text in documents)}


def write_manifest(manifest: Mapping[str, str], path: Path) -> None:
    """Write a manifest so that the same documents always give the same file."""
    path.write_bytes(orjson.dumps(dict(manifest), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")


def _with_shared(text: str, shared: Mapping[str, str]) -> str:
    added: set[str] = set()
    while True:
        missing = sorted((_spread_names(text) - _fragment_names(text)) & shared.keys() - added)
        if not missing:
            return text
        added.update(missing)
        text = "\n\n".join([text, *(shared[name] for name in missing)])


def _spread_names(text: str) -> set[str]:
    names: set[str] = set()
    waiting = [item.selection_set for item in parse(text).definitions if hasattr(item, "selection_set")]
    while waiting:
        for selection in waiting.pop().selections:
            if selection.kind == "fragment_spread":
                names.add(selection.name.value)
            below = getattr(selection, "selection_set", None)
            if below is not None:
                waiting.append(below)
    return names


def _fragment_names(text: str) -> set[str]:
    return {item.name.value for item in parse(text).definitions if isinstance(item, FragmentDefinitionNode)}
