"""A value that no argument's bound has stopped, and that is too long for its column: refused, not a failure."""

from __future__ import annotations

from typing import Any

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from models.access import Role
from models.errors import Code, Refused
from models.schools import School
from models.statements import write
from resolvers.operation import once
from tests.support.asking import context_of
from tests.support.world import AT, as_staff

SOMEBODY = as_staff(Role.OPS)


@pytest.mark.parametrize("key", [None, "a key of one's own"])
async def test_a_text_that_is_too_long_for_its_column_is_refused_by_its_name(
    rolled_back: BaseDBAsyncClient, key: str | None
) -> None:
    async def found_a_school(context: Any) -> School:
        school = School(name="x" * 201, time_zone="UTC", credits_min=1, credits_max=2, created_at=AT)
        await write(school)
        return school

    viewer = None if key is None else SOMEBODY
    with pytest.raises(Refused) as refused:
        await once(context_of(viewer), found_a_school, {}, name="FoundASchool", key=key, asked={})
    assert [(refusal.code, refusal.path) for refusal in refused.value.refusals] == [(Code.INVALID, ("name",))]
