"""Areas lean to the left: no SQL names a table of a later area, and the import contracts know every area."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import models
from models.base.tables import Table

ROOT = Path(__file__).parents[2]
LAYERS = ("models", "resolvers", "operations", "schema")
ORDER = ("base", *models.AREAS)
MAY_NAME: dict[tuple[str, str], str] = {}
"""Files that name tables of an area to their right, and why they may for now."""


def tables() -> dict[str, str]:
    """Each table with a model, and its area."""
    return {
        found._meta.db_table: name.split(".")[1]
        for name in models.modules_with_tables()
        for found in vars(import_module(name)).values()
        if isinstance(found, type) and issubclass(found, Table) and found.__module__ == name and found._meta.db_table
    }


TABLES = tables()
NAMES = "|".join(TABLES)
NAMED = re.compile(rf'\b(?:FROM|JOIN|INTO|UPDATE|USING)\s+"?({NAMES})\b|\b({NAMES})\.[a-z_]')
"""A table as SQL names it: behind a keyword, or before one of its columns."""


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The strings of a module but its docstrings, those of f-strings put together; each with its line."""
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if id(node) in alone | parts:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(str(p.value) if isinstance(p, ast.Constant) else "…" for p in node.values)


def area_of(path: Path) -> str:
    """The area of a module; what every request goes through may name what `base` may."""
    layer, area, *below = path.relative_to(ROOT).parts
    return area if below and layer != "operations" else "base"


def tables_to_the_right(path: Path) -> set[str]:
    """The tables of later areas that a module's SQL names."""
    own = ORDER.index(area_of(path))
    named = {match[1] or match[2] for _, text in texts(ast.parse(path.read_text())) for match in NAMED.finditer(text)}
    return {table for table in named if ORDER.index(TABLES[table]) > own}


def test_no_sql_names_a_table_of_a_later_area() -> None:
    paths = [path for layer in LAYERS for path in sorted((ROOT / layer).rglob("*.py")) if path.name != "event_verbs.py"]
    # `payout_details.set` is a verb, and no column.
    found = {(str(path.relative_to(ROOT)), table) for path in paths for table in tables_to_the_right(path)}
    assert found == set(MAY_NAME)
    assert len(paths) > 100


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Q = 'SELECT 1 FROM claims WHERE true'", {"claims"}),
        ("Q = f'{X} JOIN claims c ON true'", {"claims"}),
        ("Q = 'claims.id = $1'", {"claims"}),
        ("Q = 'It claims nothing.'", set[str]()),
        ('"""SELECT 1 FROM claims"""', set[str]()),
    ],
)
def test_a_table_is_found_where_sql_names_it(text: str, found: set[str]) -> None:
    named = {match[1] or match[2] for _, said in texts(ast.parse(text)) for match in NAMED.finditer(said)}
    assert named == found


@pytest.mark.parametrize("layer", ["models", "resolvers", "schema"])
def test_each_folder_of_a_layer_is_an_area(layer: str) -> None:
    folders = {path.name for path in (ROOT / layer).iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert folders - set(ORDER) == set()


def test_each_area_has_models_or_says_that_it_has_none() -> None:
    assert {area for area in models.AREAS if not (ROOT / "models" / area).is_dir()} == {"clock"}


def test_the_import_contracts_name_every_area_in_its_order() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (areas,) = [contract for contract in contracts if contract["name"].startswith("Areas lean to the left")]
    assert areas["containers"] == ["models", "resolvers", "schema"]
    assert [layer.strip("()") for layer in reversed(areas["layers"])] == list(ORDER)
