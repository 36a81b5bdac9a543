"""Write what the tables declare into the guide of records: what is personal, and how long what is kept.

`python -m scripts.records_guide`; a test checks that the guide is current.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from models import tables
from models.base.personal import EMPTY, NOWHERE_ADDRESS, NULL
from models.base.tables import Table

GUIDE = Path(__file__).parent.parent / "docs" / "guides" / "records.md"
INSTEAD = {EMPTY: "emptied", NULL: "removed", NOWHERE_ADDRESS: "`erased+<id>@invalid`", "{refusal}": "a refusal"}


def personal_columns() -> Iterator[str]:
    """Each column that names or describes a person, and what becomes of it at a student's erasure."""
    yield "| column | holds | at a student's erasure |\n|---|---|---|"
    for model in tables():
        for name, personal in model.PERSONAL.items():
            yield f"| `{model._meta.db_table}.{name}` | {personal.what} | {becomes(model, personal.erased)} |"


def becomes(model: type[Table], erased: str | None) -> str:
    """What stands in the place of a personal column."""
    if model.REMOVED_AT_ERASURE:
        return "the row is removed"
    if erased is None:
        return "stays"
    return INSTEAD.get(erased) or f"`{erased.strip(chr(39))}`"


def retention() -> Iterator[str]:
    """How long each table is kept, why, and what becomes of its rows at a student's erasure."""
    yield "| table | kept | why | at a student's erasure |\n|---|---|---|---|"
    for model in tables():
        yield f"| `{model._meta.db_table}` | {model.KEPT.long} | {model.KEPT.why} | {at_erasure(model)} |"


def at_erasure(model: type[Table]) -> str:
    """What erasure does to the rows that name the student."""
    if model.REMOVED_AT_ERASURE:
        return "removed"
    replaced = [name for name, personal in model.PERSONAL.items() if personal.erased is not None]
    return f"{', '.join(replaced)} replaced" if replaced else "stays"


PARTS = {"personal columns": personal_columns, "retention": retention}


def written(guide: str) -> str:
    """The guide with its tables as they are declared now."""
    for name, lines in PARTS.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, _, rest = guide.partition(begin)
        _, _, after = rest.partition(end)
        assert after, f"the guide has no place for {name}"
        guide = "\n".join((before + begin, *lines(), end)) + after
    return guide


if __name__ == "__main__":
    GUIDE.write_text(written(GUIDE.read_text()))
