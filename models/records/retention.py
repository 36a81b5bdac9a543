"""Retention: rows whose time is over are removed, or lose what is kept for a while only, as each table says (KEPT)."""

from __future__ import annotations

from datetime import datetime

from models import tables
from models.base.personal import bound
from models.base.statements import execute
from models.base.tables import Table

ROWS_AT_ONCE_MAX = 10_000


async def remove_old(*, at: datetime) -> bool:
    """Do it once for every table, so many rows of each; says whether there may be more."""
    done = [await remove_old_of(table, at=at) for table in tables()]
    return max(done) == ROWS_AT_ONCE_MAX


async def remove_old_of(model: type[Table], *, at: datetime) -> int:
    """Do it for one table; how many rows it was. A row that somebody is changing is left to the next time."""
    if model.KEPT.over is None:
        return 0
    table, key = model._meta.db_table, model._meta.db_pk_column
    lock = "FOR UPDATE" if model.KEPT.then is None else "FOR NO KEY UPDATE"
    over = f"SELECT {key} FROM {table} WHERE {model.KEPT.over} LIMIT {ROWS_AT_ONCE_MAX} {lock} SKIP LOCKED"
    change = f"DELETE FROM {table}" if model.KEPT.then is None else f"UPDATE {table} SET {model.KEPT.then}"
    text, values = bound(f"{change} WHERE {key} = ANY (ARRAY({over}))", {"at": at})
    return int((await execute(text, *values)).rpartition(" ")[2])
