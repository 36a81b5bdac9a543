"""The suite's own ground: each test finds the database as the migrations left it."""

import asyncpg
import pytest
from tortoise import connections
from tortoise.backends.base.client import BaseDBAsyncClient

from database import credentials, pending, url_of
from models.base.statements import transaction
from settings import Settings

MARK = "CREATE TABLE mark (word text); INSERT INTO mark VALUES ('left by a test')"


async def _has_mark(settings: Settings) -> bool:
    connection = await asyncpg.connect(**credentials(url_of(settings)))
    try:
        return await connection.fetchval("SELECT to_regclass('mark')") is not None
    finally:
        await connection.close()


async def test_the_template_has_been_migrated(database: Settings) -> None:
    assert await pending(database) == set()


@pytest.mark.parametrize("turn", [1, 2])
async def test_a_rolled_back_test_leaves_nothing_for_the_next(
    rolled_back: BaseDBAsyncClient, database: Settings, turn: int
) -> None:
    async with transaction() as inner:
        await inner.execute_script(MARK)
    rows = await connections.get("default").execute_query_dict("SELECT word FROM mark")
    assert rows == [{"word": "left by a test"}]
    assert not await _has_mark(database)


@pytest.mark.parametrize("turn", [1, 2])
async def test_a_committed_test_has_a_database_of_its_own(committed: Settings, database: Settings, turn: int) -> None:
    async with transaction() as block:
        await block.execute_script(MARK)
    assert await _has_mark(committed)
    assert not await _has_mark(database)
