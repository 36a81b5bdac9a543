"""The thin pool: connections come back as they were, nobody is forgotten in line, and broken ones are replaced."""

import asyncio
import socket
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from tortoise.connection import get_connections

from database import credentials
from database.pool import Pool
from models.base.statements import fetch, fetch_one, transaction
from settings import Settings
from tests.support.databases import own_database
from tests.support.farewell import say_farewell


@pytest_asyncio.fixture(loop_scope="session")
async def pool(postgres: str) -> AsyncIterator[Pool]:
    """A pool of at most two connections."""
    opened = await Pool(min_size=1, max_size=2, **credentials(postgres)).open()
    yield opened
    await asyncio.wait_for(opened.close(), 10)


async def settled(pool: Pool) -> None:
    """Until nothing is being cleaned any more."""
    while pool._cleaning:
        await asyncio.wait(pool._cleaning)


async def test_what_was_given_back_last_is_taken_first(pool: Pool) -> None:
    first, second = await pool.acquire(), await pool.acquire()
    await pool.release(first)
    await pool.release(second)
    assert await pool.acquire() is second
    await pool.release(second)


async def test_who_finds_none_free_waits_in_line(pool: Pool) -> None:
    first, second = await pool.acquire(), await pool.acquire()
    waiting = [asyncio.create_task(pool.acquire()) for _ in range(2)]
    await asyncio.sleep(0)
    await pool.release(first)
    assert await waiting[0] is first
    assert not waiting[1].done()
    await pool.release(second)
    assert await waiting[1] is second
    await pool.release(first)
    await pool.release(second)


async def test_who_leaves_the_line_takes_nothing_along(pool: Pool) -> None:
    first, second = await pool.acquire(), await pool.acquire()
    gone, patient = asyncio.create_task(pool.acquire()), asyncio.create_task(pool.acquire())
    await asyncio.sleep(0)
    await pool.release(first)  # given to the first in line, who leaves before taking it
    gone.cancel()
    assert await asyncio.wait_for(patient, 30) is first
    await pool.release(first)
    await pool.release(second)
    assert pool.size == 2


async def test_a_cancelled_statement_leaves_its_connection_usable(pool: Pool) -> None:
    connection = await pool.acquire()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await connection.fetch("SELECT pg_sleep(60)")
    await pool.release(connection)
    await settled(pool)
    again = await pool.acquire()
    assert await again.fetchval("SELECT 1") == 1
    await pool.release(again)


async def test_a_transaction_that_was_left_open_is_rolled_back(pool: Pool) -> None:
    connection = await pool.acquire()
    await connection.transaction().start()
    await connection.execute("SET LOCAL work_mem = '9MB'")
    await pool.release(connection)
    await settled(pool)
    again = await pool.acquire()
    assert again is connection
    assert not again.is_in_transaction()
    await pool.release(again)


async def test_a_connection_that_was_cut_is_replaced(pool: Pool) -> None:
    first, second = await pool.acquire(), await pool.acquire()
    waiting = asyncio.create_task(pool.acquire())
    await second.execute("SELECT pg_terminate_backend($1)", first.get_server_pid())
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await first.fetchval("SELECT 1")
    await pool.release(first)
    fresh = await asyncio.wait_for(waiting, 30)
    assert fresh is not first
    assert await fresh.fetchval("SELECT 1") == 1
    await pool.release(fresh)
    await pool.release(second)


async def test_a_connection_whose_server_has_said_goodbye_is_not_taken_although_its_socket_is_open(pool: Pool) -> None:
    idle = await pool.acquire()
    await pool.release(idle)
    say_farewell(idle)
    fresh = await pool.acquire()
    assert fresh is not idle
    assert idle.is_closed()
    assert await fresh.fetchval("SELECT 1") == 1
    await pool.release(fresh)


async def test_a_connection_whose_server_has_said_goodbye_while_it_was_used_is_not_handed_on(pool: Pool) -> None:
    first, second = await pool.acquire(), await pool.acquire()
    waiting = asyncio.create_task(pool.acquire())
    await asyncio.sleep(0)
    say_farewell(first)
    with pytest.raises(asyncpg.InterfaceError):
        await first.fetchval("SELECT 1")
    await pool.release(first)
    fresh = await asyncio.wait_for(waiting, 30)
    assert fresh not in (first, second)
    assert await fresh.fetchval("SELECT 1") == 1
    await pool.release(fresh)
    await pool.release(second)


async def test_who_waits_for_an_answer_learns_why_the_server_ended_the_connection(pool: Pool) -> None:
    first, second = await pool.acquire(), await pool.acquire()
    asked = asyncio.create_task(first.fetchval("SELECT pg_sleep(60)"))
    await asyncio.sleep(0.1)
    await second.execute("SELECT pg_terminate_backend($1)", first.get_server_pid())
    with pytest.raises(asyncpg.ConnectionDoesNotExistError, match="administrator command"):
        await asyncio.wait_for(asked, 30)
    await pool.release(first)
    await pool.release(second)


async def test_a_connection_on_which_the_server_hung_up_is_not_taken_in_the_same_moment(pool: Pool) -> None:
    idle = await pool.acquire()
    await pool.release(idle)
    idle._protocol.eof_received()
    fresh = await pool.acquire()
    assert fresh is not idle
    await pool.release(fresh)


async def test_an_error_that_speaks_of_fatal_ones_leaves_its_connection_open(pool: Pool) -> None:
    connection = await pool.acquire()
    with pytest.raises(asyncpg.RaiseError):
        await connection.execute("DO $$ BEGIN RAISE 'VFATAL'; END $$")
    assert await connection.fetchval("SELECT 'VFATAL'") == "VFATAL"
    await pool.release(connection)


async def test_a_pool_that_cannot_connect_says_so_to_everybody_in_line(postgres: str) -> None:
    opened = await Pool(min_size=0, max_size=1, **credentials(postgres) | {"database": "there_is_none"}).open()
    answers = await asyncio.gather(*(opened.acquire() for _ in range(3)), return_exceptions=True)
    assert all(isinstance(answer, asyncpg.InvalidCatalogNameError) for answer in answers)


async def test_closing_waits_for_who_still_works(postgres: str) -> None:
    opened = await Pool(min_size=1, max_size=1, **credentials(postgres)).open()
    connection = await opened.acquire()
    closing = asyncio.create_task(opened.close())
    await asyncio.sleep(0)
    assert await connection.fetchval("SELECT 1") == 1
    assert not closing.done()
    await opened.release(connection)
    await asyncio.wait_for(closing, 10)
    assert connection.is_closed()
    with pytest.raises(asyncpg.InterfaceError):
        await opened.acquire()


async def test_a_connection_that_does_not_close_in_time_is_cut_and_so_are_the_others(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("database.pool.connections.CLOSING_SECONDS", 1e-9)
    opened = await Pool(min_size=3, max_size=3, **credentials(postgres)).open()
    connections = list(opened._idle)
    await asyncio.wait_for(opened.close(), 10)
    assert all(connection.is_closed() for connection in connections)


async def pool_of_program() -> Pool:
    """The pool that the program works on, with a connection in it."""
    await fetch_one("SELECT 1 AS one")
    pool = get_connections().get("default")._pool
    assert isinstance(pool, Pool)
    return pool


async def one_in_transaction() -> int:
    """What a transaction reads."""
    async with transaction():
        return int((await fetch_one("SELECT 1 AS one")).one)


async def test_who_is_cancelled_while_a_transaction_begins_keeps_no_connection(committed: Settings) -> None:
    pool = await pool_of_program()
    for _ in range(3):
        beginning = asyncio.create_task(one_in_transaction())
        await asyncio.sleep(0)
        assert pool._used
        beginning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await beginning
        await settled(pool)
        assert not pool._used
    assert await one_in_transaction() == 1


async def test_a_task_whose_transaction_could_not_begin_begins_the_next_one_anew(committed: Settings) -> None:
    pool = await pool_of_program()
    pool._idle[-1]._transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)  # which nobody has noticed yet
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await one_in_transaction()
    assert await one_in_transaction() == 1
    await settled(pool)
    assert not pool._used


async def test_a_connection_keeps_its_prepared_statements(postgres: str) -> None:
    texts = [f"SELECT {number} AS n" for number in range(300)]
    async with own_database(postgres, pool_size=1), transaction() as block:
        for text in texts:
            await fetch(text)
        kept = {row.statement for row in await fetch("SELECT statement FROM pg_prepared_statements")}
        cache = block._connection._stmt_cache
    assert kept.issuperset(texts)
    assert (cache.get_max_size(), cache.get_max_lifetime()) == (1_000, 0)
