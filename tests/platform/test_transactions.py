"""Transactions on the thin pool: begun with their first statement, and nothing left behind whatever comes of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from tortoise.connection import get_connections

from models.base.ids import new_id
from models.base.statements import execute, execute_first, fetch, transaction
from tests.support.databases import own_database

STALE = "SELECT prove_session('\\x00', 'x');"
TABLES = "SELECT tablename FROM pg_tables WHERE tablename IN ('inner_one', 'outer_one')"


def pool() -> Any:
    """The pool of the open database."""
    return get_connections().get("default")._pool


async def make_table(name: str, *, fails: bool = False) -> None:
    """Make a table in a transaction, or in a savepoint, that fails in the end if so asked."""
    async with transaction():
        await execute(f"CREATE TABLE {name} ()")
        if fails:
            raise ZeroDivisionError


async def test_a_transaction_begins_with_its_first_statement(postgres: str) -> None:
    async with own_database(postgres, pool_size=1):
        async with transaction() as work:
            assert not work._connection.is_in_transaction()
            await fetch("SELECT 1")
            assert work._connection.is_in_transaction()
        assert not work._connection.is_in_transaction()
        assert pool().used == 0


async def test_a_transaction_without_a_statement_sends_nothing(postgres: str) -> None:
    async with own_database(postgres, pool_size=1):
        async with transaction(STALE) as work:
            pass
        with pytest.raises(ZeroDivisionError):
            async with transaction(STALE):
                raise ZeroDivisionError
        assert not work._connection.is_in_transaction()
        assert pool().used == 0


@pytest.mark.parametrize("with_one_message", [True, False])
async def test_a_refused_beginning_is_told_and_leaves_the_connection_clean(
    postgres: str, with_one_message: bool
) -> None:
    async with own_database(postgres, pool_size=1):
        work: Any = None

        async def begin() -> None:
            nonlocal work
            async with transaction(STALE) as work:
                if with_one_message:
                    await execute_first("SELECT 1 FROM wallets WHERE id = $1", new_id())
                else:
                    await fetch("SELECT 1")

        with pytest.raises(asyncpg.PostgresError, match="not as it was"):
            await begin()
        assert not work.has_begun
        assert not work._connection.is_in_transaction()
        await make_table("outer_one")
        assert pool().used == 0


async def test_a_statement_about_one_id_does_the_same_first_and_later(postgres: str) -> None:
    clock, delete = new_id(), "DELETE FROM demo_clock WHERE id = 1 AND $1::uuid IS NOT NULL"
    async with own_database(postgres):
        for before in ("", "SELECT 1"):
            await execute("INSERT INTO demo_clock (id, ahead_seconds) VALUES (1, 0) ON CONFLICT DO NOTHING")
            async with transaction():
                if before:
                    await fetch(before)
                await execute_first(delete, clock)
            assert await fetch("SELECT 1 FROM demo_clock") == []


@pytest.mark.parametrize("text", ["plain", "it's; DROP TABLE wallets; --", "\\' OR true --", "$1 ü €", ""])
async def test_values_that_travel_with_begin_arrive_as_they_are(postgres: str, text: str) -> None:
    id, digest, at = new_id(), b"\x00'\\\xff", datetime(2026, 11, 29, 3, 4, 5, 678901, tzinfo=UTC)
    insert = "INSERT INTO idempotency_keys (id, account_id, key, asked, created_at) VALUES ($1, $1, $2, $3, $4)"
    async with own_database(postgres), transaction():
        assert await execute_first(insert, id, text, digest, at) == "INSERT 0 1"
        (row,) = await fetch("SELECT id, key, asked, created_at FROM idempotency_keys")
    assert (row.id, row.key, row.asked, row.created_at) == (id, text, digest, at)


async def test_a_savepoint_is_undone_alone_in_a_transaction_that_begins_with_it(postgres: str) -> None:
    async with own_database(postgres):
        async with transaction():
            with pytest.raises(ZeroDivisionError):
                await make_table("inner_one", fails=True)
            await make_table("outer_one")
        assert [row.tablename for row in await fetch(TABLES)] == ["outer_one"]


async def test_a_savepoint_can_be_refused_by_what_is_said_first(postgres: str) -> None:
    async with own_database(postgres), transaction():
        with pytest.raises(asyncpg.PostgresError, match="not as it was"):
            async with transaction(STALE):
                raise AssertionError("never reached")


async def test_statements_of_two_tasks_take_turns_and_begin_once(postgres: str) -> None:
    async with own_database(postgres, pool_size=1), transaction():
        answers = await asyncio.gather(*(fetch(f"SELECT {number} AS n") for number in range(5)))
        assert [rows[0].n for rows in answers] == list(range(5))
