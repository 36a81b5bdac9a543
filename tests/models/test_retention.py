"""How long what is kept: the guide's list names each table of the database once, and none that is not there."""

from __future__ import annotations

import re
from pathlib import Path

from models.base.statements import fetch
from settings import Settings

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "records.md"
TABLES = """
SELECT table_name AS name FROM information_schema.tables
 WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name NOT LIKE 'tortoise%'
"""


def listed() -> list[str]:
    """The tables in the first column of the list, in its order."""
    _, _, section = GUIDE.read_text().partition("## How long what is kept")
    lines = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    assert all(len(cells) == 6 and all(cell.strip() for cell in cells[1:5]) for cells in lines)
    return [name for cells in lines for name in re.findall(r"`(\w+)`", cells[1])]


async def test_each_table_says_how_long_it_is_kept_and_why(database: Settings) -> None:
    tables = {row.name for row in await fetch(TABLES)}
    assert len(set(listed())) == len(listed())
    assert set(listed()) == tables, "a new table needs its line in the guide"
