"""What is true: the ground in `base`, then one folder an area, each with its tables, rules and named SQL."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.base.tables import Table

AREAS = (
    "clock",
    "accounts",
    "files",
    "vocabularies",
    "jobs",
    "imports",
    "tasks",
    "schools",
    "campus",
    "directory",
    "practices",
    "invitations",
    "keys",
    "enrollment",
    "availability",
    "credits",
    "rates",
    "appointments",
    "claims",
    "payouts",
    "figures",
    "records",
    "notifications",
)
"""Every area, in the one order in which they may import each other: only to the left, and `base` by all."""


def modules(layer: str) -> list[str]:
    """The names of a layer's modules, area by area; a layer need not have a folder for each."""
    root = Path(__file__).parent.parent / layer
    return [
        f"{layer}.{area}.{file.stem}"
        for area in ("base", *AREAS)
        for file in sorted((root / area).glob("*.py"))
        if file.stem != "__init__"
    ]


@cache
def load() -> None:
    """Import every module of the models: what later areas declare for earlier ones holds from then on."""
    for name in modules("models"):
        import_module(name)


def tables() -> list[type[Table]]:
    """Every table, area by area."""
    from models.base.tables import Table  # not above: this package is imported by its own modules

    return [
        found
        for name in modules("models")
        for found in vars(import_module(name)).values()
        if isinstance(found, type)
        and issubclass(found, Table)
        and found.__module__ == name
        and not found._meta.abstract
    ]


def modules_with_tables() -> list[str]:
    """The names of the modules that declare a table, as Tortoise wants to be told."""
    return list(dict.fromkeys(table.__module__ for table in tables()))
