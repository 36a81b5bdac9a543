"""A value that no argument's bound has stopped, and that is too long for its column: refused, not a failure."""

from __future__ import annotations

from typing import Any

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from models.base.access import Role
from models.base.errors import Code, Refused
from models.base.statements import execute, write
from models.credits.ledger import Wallet
from models.schools.schools import School
from tests.support.asking import commit, context_of, do
from tests.support.world import AT, as_staff, pair_of

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
        await commit(context_of(viewer), found_a_school, key=key)
    assert [(refusal.code, refusal.path) for refusal in refused.value.refusals] == [(Code.INVALID, ("name",))]


async def test_a_limit_that_was_set_by_hand_ends_in_a_refusal_and_not_in_an_overflow(
    rolled_back: BaseDBAsyncClient,
) -> None:
    pair = await pair_of(credits=5)
    await execute(
        "INSERT INTO school_policies SELECT gen_random_uuid(), school_id, daterange($2, NULL), 1, 2147483647,"
        " missed_session_policy, late_notice_hours, announced_at FROM school_policies WHERE school_id = $1",
        pair.school.id, AT.date(),
    )  # fmt: skip
    staff = as_staff(Role.SCHOOL, school=pair.school)
    payload = await do("grantCredits", staff, "grant { id }", studentId=pair.student.type_id, credits=2**31 - 1)
    assert payload["grant"] is None
    assert [(error["code"], error["rule"], error["field"]) for error in payload["userErrors"]] == [
        ("OUT_OF_BOUNDS", "CR-2", ["input", "credits"])
    ]
    assert (await Wallet.get(id=pair.student.id)).granted == 5
