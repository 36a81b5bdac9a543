"""What every migration keeps to, so that it can run while the program serves."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

FOLDER = Path(__file__).parents[2] / "migrations"
NAMES = sorted(path.stem for path in FOLDER.glob("[0-9]*.py"))
NOT_VALID_SINCE = "0013"
"""The first migration that adds constraints as they should be; those before it have run everywhere and stay."""
NEVER_VALIDATED = {"events_revalidation_since"}
"""Events are never changed, so those from before this rule cannot be made to keep it."""

LOCK_TIMEOUT = re.compile(r"SET LOCAL lock_timeout = '[1-9]s'")
CREATED = re.compile(r"CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?(\w+)")
ALTERED = re.compile(r"ALTER TABLE (?:ONLY )?(\w+)([^;]*)")
CLAUSES = re.compile(r"\bADD (?:COLUMN|CONSTRAINT) .*?(?=,\s*(?:ADD|ALTER|DROP|VALIDATE)\b|$)", re.DOTALL)
INLINE = re.compile(r"\b(?:REFERENCES|CHECK|UNIQUE)\b")
VALIDATED = re.compile(r"VALIDATE CONSTRAINT (\w+)")


class Added(NamedTuple):
    """A constraint that is added to a table which may hold rows already."""

    name: str
    is_checked_at_once: bool
    waits_to_be_validated: bool


def statements_of(name: str) -> list[str]:
    """The statements of a migration, in their order."""
    return [operation.sql for operation in import_module(f"migrations.{name}").Migration.operations]


LATER = ("NOT VALID", "USING INDEX", "EXCLUDE")
"""What is not checked at once, or cannot be added otherwise: PostgreSQL knows no EXCLUDE that is NOT VALID."""


def added_by(sql: str) -> list[Added]:
    """The constraints that are added to tables which the same statements did not create."""
    new = set(CREATED.findall(sql))
    return [
        Added(clause.split()[2], not any(word in clause for word in LATER), "NOT VALID" in clause)
        for table, change in ALTERED.findall(sql)
        if table not in new
        for clause in CLAUSES.findall(change)
        if clause.startswith("ADD CONSTRAINT") or INLINE.search(clause)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_migration_gives_up_where_it_would_wait_long_for_a_lock(name: str) -> None:
    first, *others = statements_of(name)
    assert LOCK_TIMEOUT.fullmatch(first)
    assert not any("lock_timeout" in statement for statement in others)


@pytest.mark.parametrize("name", NAMES)
def test_a_migration_uses_nothing_of_the_program(name: str) -> None:
    source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    imported = re.findall(r"^\s*(?:from|import) ([\w.]+)", source, re.MULTILINE)
    assert {module.split(".")[0] for module in imported} <= {"tortoise", "__future__"}


def test_each_migration_depends_on_the_one_before() -> None:
    said = [import_module(f"migrations.{name}").Migration.dependencies for name in NAMES]
    assert said == [[], *([("models", before)] for before in NAMES[:-1])]
    assert [name[:4] for name in NAMES] == [f"{number:04}" for number in range(1, len(NAMES) + 1)]


@pytest.mark.parametrize("name", [name for name in NAMES if name >= NOT_VALID_SINCE])
def test_a_constraint_is_added_without_a_look_at_the_rows_that_are_there(name: str) -> None:
    at_once = [added.name for added in added_by(";".join(statements_of(name))) if added.is_checked_at_once]
    assert at_once == [], "add it NOT VALID, and validate it in the next migration"


def test_a_constraint_that_was_added_so_is_validated_by_a_later_migration() -> None:
    added_in = {
        added.name: name
        for name in NAMES
        for added in added_by(";".join(statements_of(name)))
        if added.waits_to_be_validated
    }
    validated_in = {found: name for name in NAMES for found in VALIDATED.findall(";".join(statements_of(name)))}
    assert set(added_in) - set(validated_in) == NEVER_VALIDATED
    assert [name for name, later in validated_in.items() if later <= added_in[name]] == []


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE claims ADD CONSTRAINT found CHECK (amount_cents > 0)",
        "ALTER TABLE claims ADD COLUMN a INT, ADD CONSTRAINT found UNIQUE (a)",
        "CREATE TABLE others (id UUID); ALTER TABLE claims ADD COLUMN found UUID REFERENCES others (id)",
        "ALTER TABLE claims ADD COLUMN found INT CHECK (found IN (1, 2)), ADD COLUMN b INT",
        "ALTER TABLE claims ADD CONSTRAINT found CHECK (true), ADD CONSTRAINT b CHECK (true) NOT VALID",
    ],
)
def test_a_constraint_that_looks_at_all_rows_is_seen(sql: str) -> None:
    assert [added.name for added in added_by(sql) if added.is_checked_at_once] == ["found"]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE claims (id UUID); ALTER TABLE claims ADD CONSTRAINT fresh CHECK (true)",
        "ALTER TABLE claims ADD CONSTRAINT later CHECK (true) NOT VALID",
        "ALTER TABLE claims ADD CONSTRAINT built UNIQUE USING INDEX claims_built",
        "ALTER TABLE claims ADD COLUMN plain TEXT, DROP CONSTRAINT old",
    ],
)
def test_a_constraint_that_looks_at_no_row_is_let_pass(sql: str) -> None:
    assert [added.name for added in added_by(sql) if added.is_checked_at_once] == []
