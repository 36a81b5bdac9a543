"""What is kept of an answer: of rows their ids alone, by which they are read again, for every type of row."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest_asyncio
from graphql import get_named_type

from models.base.access import EVERYTHING, Entity, Role, Viewer
from models.base.ids import new_id
from models.credits.ledger import Grant
from operations.idempotency import as_it_is_now, packed
from operations.reads.nodes import NODES
from schema.root import SCHEMA
from tests.support.asking import context_of
from tests.support.databases import own_database
from tests.support.two_sides import build
from tests.support.world import as_staff


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rows(postgres: str) -> AsyncIterator[list[Entity]]:
    """A few rows of every type that a mutation answers."""
    async with own_database(postgres):
        await build()
        yield [row for model in answered() for row in await model.all().limit(20)]


def answered() -> set[type[Entity]]:
    """The models whose rows mutations answer."""
    mutations = SCHEMA._schema.mutation_type
    assert mutations is not None
    shown = {type_name: model for model, type_name in NODES.values()}
    payloads = [get_named_type(field.type) for field in mutations.fields.values()]
    members = [get_named_type(below.type) for kind in payloads for below in kind.fields.values()]
    return {shown[kind.name] for kind in members if kind.name in shown}


async def test_of_every_row_its_id_alone_is_kept_and_the_row_is_read_again(rows: list[Entity]) -> None:
    assert {type(row) for row in rows} == answered()
    context = context_of(as_staff(Role.OPS))
    for row in rows:
        if row.REACH.get(Role.OPS) != EVERYTHING:
            continue
        kept = packed(row)
        assert kept == {"row": type(row).__name__, "columns": {"id": row.id}}
        again = await as_it_is_now(context, sent_through_json(kept))
        assert columns(again) == columns(row), type(row).__name__


def columns(row: Entity) -> dict[str, Any]:
    """All columns of a row."""
    return {name: getattr(row, name) for name in row._meta.fields_db_projection}


def sent_through_json(kept: dict[str, Any]) -> dict[str, Any]:
    """What was kept, as it comes back."""
    back: dict[str, Any] = orjson.loads(orjson.dumps(kept, default=str))
    return back


async def test_answers_of_several_parts_come_back(rows: list[Entity]) -> None:
    row, other = (row for row in rows if isinstance(row, Grant))
    outcome = {"row": row, "many": [row, other], "text": "ü", "number": 3, "nothing": None, "true": True}
    again = await as_it_is_now(context_of(as_staff(Role.OPS)), sent_through_json(packed(outcome)))
    assert again == outcome


async def test_rows_out_of_reach_are_null_and_stand_in_no_list(rows: list[Entity]) -> None:
    row, other = (row for row in rows if isinstance(row, Grant))
    kept = sent_through_json(packed({"grant": row, "grants": [row, other], "warnings": ["Many.", None]}))
    own = Viewer(account_id=new_id(), role=Role.SCHOOL, school_id=row.school_id)
    assert row.school_id != other.school_id
    assert await as_it_is_now(context_of(own), kept) == {"grant": row, "grants": [row], "warnings": ["Many.", None]}
    nobody = Viewer(account_id=new_id(), role=Role.SCHOOL, school_id=new_id())
    assert await as_it_is_now(context_of(nobody), kept) == {"grant": None, "grants": [], "warnings": ["Many.", None]}
