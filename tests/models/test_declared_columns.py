"""What tables say of the people in them: no column of text is forgotten, and what is said can be done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.data import CharEnumFieldInstance

from models import tables
from models.availability.openings import Opening
from models.base.tables import Table
from models.records import retention
from models.records.retention import remove_old, remove_old_of
from scripts import records_guide
from tests.support.world import AT, pair_of

TABLES = tables()


def texts_of(model: type[Table]) -> set[str]:
    """The columns that may hold words about somebody; a list of words may not."""
    return {
        name
        for name, field in model._meta.fields_map.items()
        if (
            isinstance(field, fields.CharField | fields.TextField | fields.JSONField)
            and not isinstance(field, CharEnumFieldInstance)
        )
        or (isinstance(field, ArrayField) and is_text(field))
    }


def is_text(field: Any) -> bool:
    """Whether a list holds texts."""
    return "text" in str(field.SQL_TYPE).lower()


@pytest.mark.parametrize("model", TABLES, ids=lambda model: model.__name__)
def test_each_column_of_text_says_whether_it_is_personal(model: type[Table]) -> None:
    declared = [*model.PERSONAL, *model.NOT_PERSONAL]
    assert len(set(declared)) == len(declared), "personal and not personal"
    assert set(declared) == texts_of(model), "declare the column in PERSONAL or in NOT_PERSONAL"


def test_columns_of_text_are_found() -> None:
    assert sum(len(texts_of(model)) for model in TABLES) > 60
    provider = next(model for model in TABLES if model.__name__ == "Provider")
    assert texts_of(provider) >= {"name", "bio", "specialties"}
    assert "degree_level" not in texts_of(provider)


@pytest.mark.parametrize("model", TABLES, ids=lambda model: model.__name__)
def test_each_table_says_how_long_it_is_kept_and_erases_only_where_it_says_whose_rows(model: type[Table]) -> None:
    assert model.KEPT.long
    assert model.KEPT.why
    replaced = any(personal.erased is not None for personal in model.PERSONAL.values())
    assert (replaced or model.REMOVED_AT_ERASURE) is (model.OF_STUDENT is not None)
    assert not (replaced and model.REMOVED_AT_ERASURE)


@pytest.mark.usefixtures("rolled_back")
async def test_every_condition_of_retention_is_sql_and_past_openings_are_removed() -> None:
    pair = await pair_of()
    starts = [opening.starts_at for opening in pair.openings]
    assert min(starts) < AT + timedelta(days=5) < max(starts)
    await remove_old(at=AT + timedelta(days=6))
    left = await Opening.filter(provider_id=pair.provider.id).order_by("starts_at")
    assert [opening.starts_at for opening in left] == [start for start in starts if start >= AT + timedelta(days=5)]


@pytest.mark.usefixtures("rolled_back")
async def test_more_old_rows_than_are_removed_at_once_are_left_to_the_next_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE_MAX", 2)
    pair = await pair_of()
    before = await Opening.filter(provider_id=pair.provider.id).count()
    later = AT + timedelta(days=90)
    assert await remove_old(at=later)
    assert await remove_old_of(Opening, at=later) == 2
    assert await Opening.filter(provider_id=pair.provider.id).count() == before - 4


def test_the_guide_tells_what_the_tables_say() -> None:
    assert records_guide.GUIDE.read_text() == records_guide.written(records_guide.GUIDE.read_text()), (
        "run `python -m scripts.records_guide`"
    )
