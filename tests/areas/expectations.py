"""All that the areas' files `expected.py` say, together."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from models import AREAS
from models.base.access import Role
from tests.areas.vocabulary import Audited, Expected, Others, Seen


def files() -> list[ModuleType]:
    """The file of each area that has one."""
    folder = Path(__file__).parent
    return [
        import_module(f"tests.areas.{area}.expected")
        for area in ("base", *AREAS)
        if (folder / area / "expected.py").exists()
    ]


def collected(name: str) -> dict[Any, Any]:
    """One table of all areas; no two say something of the same."""
    found: dict[Any, Any] = {}
    for file in files():
        own = getattr(file, name, {})
        assert not found.keys() & own.keys(), f"{file.__name__} repeats what another area says"
        found |= own
    return found


QUERY: Expected = collected("QUERY")
MUTATION: Expected = collected("MUTATION")
SUBSCRIPTION: Expected = collected("SUBSCRIPTION")
AUDIENCES: dict[str, Expected] = {"query": QUERY, "mutation": MUTATION, "subscription": SUBSCRIPTION}
"""For each kind of operation its root fields and for whom they are."""
SEEN: dict[str, Seen] = collected("SEEN")
"""For each prefix and role the rows that are seen, by their labels."""
NARROWED: dict[str, set[Role]] = collected("NARROWED")
"""Which roles may read a field that is not for all who see its row."""
OTHERS: Others = collected("OTHERS")
AUDITED: Audited = collected("AUDITED")
BEFORE_SECOND_FACTOR: set[str] = {prefix for file in files() for prefix in getattr(file, "BEFORE_SECOND_FACTOR", ())}
"""What staff see of their own before they have a second factor."""
