"""What is kept of an answer comes back as it was, for every type of row, and without what is secret."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from graphql import get_named_type

from models.base.access import Entity
from models.base.errors import Code, Refusal, Refused
from operations.idempotency import restored, snapshot
from operations.reads.nodes import NODES
from schema.root import SCHEMA
from tests.support.databases import own_database
from tests.support.two_sides import build

SECRET = {
    "password_hash",
    "key_hash",
    "access_hash",
    "sealed_secret",
    "sealed_tin",
    "sealed_account",
    "sealed_client_secret",
}


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


def open_columns(row: Any) -> dict[str, Any]:
    """The columns of a row that may be kept."""
    return {name: getattr(row, name) for name in row._meta.fields_db_projection if name not in SECRET}


async def test_every_row_comes_back_with_the_columns_that_it_had(rows: list[Entity]) -> None:
    assert {type(row) for row in rows} == answered()
    for row in rows:
        again = restored(snapshot(row))
        assert type(again) is type(row)
        assert open_columns(again) == open_columns(row), type(row).__name__


async def test_what_is_secret_is_not_kept(rows: list[Entity]) -> None:
    found = set()
    for row in rows:
        kept = snapshot(row)["columns"]
        found |= SECRET & set(row._meta.fields_db_projection)
        assert not SECRET & set(kept), type(row).__name__
    assert found >= {"key_hash", "password_hash"}


async def test_answers_of_several_parts_come_back(rows: list[Entity]) -> None:
    outcome = {"row": rows[0], "many": [rows[0], rows[1]], "text": "ü", "number": 3, "nothing": None, "true": True}
    again = restored(snapshot(outcome))
    assert again["row"] == rows[0]
    assert again["many"] == [rows[0], rows[1]]
    assert {name: again[name] for name in ("text", "number", "nothing", "true")} == {
        "text": "ü", "number": 3, "nothing": None, "true": True,
    }  # fmt: skip


def test_refusals_come_back_word_for_word() -> None:
    refusals = [
        Refusal(Code.NOT_OPEN, "No.", rule="AP-3", path=["a", "b"], fix="Wait."),
        Refusal(Code.INVALID, "Never."),
    ]
    again = restored(snapshot(Refused(refusals)))
    assert [vars(refusal) for refusal in again.refusals] == [vars(refusal) for refusal in refusals]
