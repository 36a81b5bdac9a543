"""Models and migrations say the same: each table, column and type, each foreign key, each constraint that is named."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from tortoise import Tortoise, fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import Field
from tortoise.models import Model

import schema.root  # noqa: F401 — every area adds what its constraints mean
from models.base.access import Entity
from models.base.dated import DuringField
from models.base.errors import CONSTRAINTS
from models.base.statements import fetch
from models.base.tables import Table
from settings import Settings

TYPES: list[tuple[type[Field[Any]], set[str]]] = [
    (fields.UUIDField, {"uuid"}),
    (fields.BooleanField, {"bool"}),
    (fields.SmallIntField, {"int2", "int4"}),
    (fields.BigIntField, {"int8"}),
    (fields.IntField, {"int4", "int8"}),
    (fields.DatetimeField, {"timestamptz"}),
    (fields.DateField, {"date"}),
    (DuringField, {"daterange"}),
    (fields.TimeField, {"time"}),
    (fields.JSONField, {"jsonb"}),
    (fields.BinaryField, {"bytea"}),
    (ArrayField, {"_text", "_uuid"}),
    (fields.TextField, {"text"}),
    (fields.CharField, {"text", "varchar"}),
    (fields.DecimalField, {"numeric"}),
    (fields.FloatField, {"float8"}),
]
"""Which column types a field may have; the first line whose class it is counts."""

COLUMNS = """
SELECT table_name, column_name, udt_name, is_nullable = 'YES' AS nullable
  FROM information_schema.columns WHERE table_schema = 'public'
"""
FOREIGN_KEYS = """
SELECT c.conname, c.conrelid::regclass::text AS of_table, c.confdeltype::text AS on_delete,
       array(SELECT a.attname::text FROM pg_attribute a
              WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)) AS columns,
       array(SELECT a.attname::text FROM pg_index i
               JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
              WHERE i.indrelid = c.conrelid
                AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) = '(' || a.attname || ' IS NOT NULL)')
            ) AS led_by
  FROM pg_constraint c WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace
"""
INDEXES = """
SELECT i.indrelid::regclass::text AS of_table,
       array(SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY AS key (number, place)
               JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = key.number ORDER BY place) AS columns
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace
"""
NAMES = """
SELECT conname AS name FROM pg_constraint WHERE connamespace = 'public'::regnamespace
 UNION SELECT relname FROM pg_class WHERE relkind = 'i' AND relnamespace = 'public'::regnamespace
"""


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def migrated(database: Settings) -> AsyncIterator[None]:
    """The tests read the catalog of a database as the migrations leave it."""
    yield


def models() -> list[type[Model]]:
    """Every model that the program knows."""
    found: list[type[Model]] = list(Tortoise.apps["models"].values())
    return found


def type_names(field: Field[Any]) -> set[str]:
    """The column types that fit a field."""
    return next(names for kind, names in TYPES if isinstance(field, kind))


async def test_every_model_stands_in_the_database_as_it_says() -> None:
    told = {
        (model._meta.db_table, column, tuple(sorted(type_names(field))), field.null)
        for model in models()
        for name, column in model._meta.fields_db_projection.items()
        for field in (model._meta.fields_map[name],)
    }
    tables = {table for table, *_ in told}
    stands = {(row.table_name, row.column_name): row for row in await fetch(COLUMNS) if row.table_name in tables}
    assert {(table, column) for table, column, *_ in told} == set(stands), "columns of one side alone"
    wrong = [
        (table, column, types, nullable)
        for table, column, types, nullable in told
        if stands[table, column].udt_name not in types or stands[table, column].nullable is not nullable
    ]
    assert wrong == []
    assert len(stands) > 100


async def test_every_foreign_key_restricts_and_has_an_index() -> None:
    keys = await fetch(FOREIGN_KEYS)
    assert [key.conname for key in keys if key.on_delete != "r"] == [], "deleting a parent must be refused"
    assert [key.conname for key in keys if not set(key.columns) & set(key.led_by)] == [], "without an index"
    assert len(keys) > 25


async def test_every_index_that_a_model_declares_exists() -> None:
    made = {(index.of_table, tuple(index.columns[:length])) for index in await fetch(INDEXES)
            for length in range(1, len(index.columns) + 1)}  # fmt: skip
    declared = [(model._meta.db_table, columns) for model in models() for columns in indexes_of(model)]
    assert [index for index in declared if index not in made] == []
    assert len(declared) > 15


def indexes_of(model: type[Model]) -> list[tuple[str, ...]]:
    """The columns of each index that a model declares, on a field or in its Meta."""
    meta = model._meta
    of_fields = [(column,) for name, column in meta.fields_db_projection.items() if meta.fields_map[name].index]
    return [*of_fields, *(tuple(str(name) for name in index) for index in meta.indexes if isinstance(index, tuple))]


def test_every_relation_that_a_model_declares_restricts() -> None:
    relations = [
        (model.__name__, name, model._meta.fields_map[name])
        for model in models()
        for name in (*model._meta.fk_fields, *model._meta.o2o_fields)
    ]
    assert [
        (kind, name) for kind, name, field in relations if getattr(field, "on_delete", None) != fields.RESTRICT
    ] == []
    assert len(relations) > 20


async def test_every_constraint_with_a_message_exists() -> None:
    names = {row.name for row in await fetch(NAMES)}
    sources = " ".join(row.source for row in await fetch("SELECT prosrc AS source FROM pg_proc WHERE prolang <> 12"))
    assert [name for name in CONSTRAINTS if name not in names and f"'{name}'" not in sources] == []
    assert len(CONSTRAINTS) > 10


def test_every_entity_has_a_prefix_of_its_own() -> None:
    prefixes = [model.PREFIX for model in models() if issubclass(model, Entity)]
    assert len(set(prefixes)) == len(prefixes)
    assert all(prefix.isalpha() and prefix.islower() for prefix in prefixes)


def test_every_model_is_declared_without_a_search_of_its_source() -> None:
    assert [model.__name__ for model in models() if not issubclass(model, Table)] == []
