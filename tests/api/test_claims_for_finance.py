"""What FINANCE reads of a claim: whom to pay, for which day, on whose account; nothing of the client or the session."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from models.base.access import Role
from tests.support.asking import ask
from tests.support.databases import own_database
from tests.support.two_sides import World, build

CLAIM = """
query ($id: ID!) { claim(id: $id) {
  amount { amount } sessionStartsAt provider { id } school { id } student { id } appointment { id }
} }
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(postgres: str) -> AsyncIterator[World]:
    """Two sides in a database of this module's own."""
    async with own_database(postgres):
        yield await build()


async def test_finance_sees_whom_to_pay_and_nothing_clinical(world: World) -> None:
    side = world.a
    seen = (await ask(CLAIM, side.viewers[Role.FINANCE], id=side.claim.type_id))["claim"]
    assert seen == {
        "amount": {"amount": "125.00"}, "sessionStartsAt": side.completed.starts_at,
        "provider": {"id": side.provider.type_id}, "school": {"id": side.school.type_id},
        "student": None, "appointment": None,
    }  # fmt: skip


async def test_who_may_see_the_student_of_a_claim_does(world: World) -> None:
    side = world.a
    for role in (Role.PROVIDER, Role.SCHOOL, Role.OPS):
        seen = (await ask(CLAIM, side.viewers[role], id=side.claim.type_id))["claim"]
        assert seen["student"] == {"id": side.student.type_id}, role
