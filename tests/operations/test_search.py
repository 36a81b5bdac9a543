"""A search among appointments is for OPS: to anybody else it would tell the address of a provider."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from models.base.access import Role, Viewer
from models.base.ids import new_id
from settings import Settings
from tests.support.asking import answer, ask, codes_of
from tests.support.databases import undone
from tests.support.world import Pair, as_provider, as_staff, as_student, pair_of, requested

SEARCH = "query ($search: String!) { appointments(filter: { search: $search }) { totalCount } }"


@pytest_asyncio.fixture(loop_scope="session")
async def pair(database: Settings) -> AsyncIterator[Pair]:
    """A student who has asked a provider for a session, in a transaction that leaves nothing behind."""
    async with undone():
        pair = await pair_of()
        await requested(pair.student, pair.openings[0])
        yield pair


def viewer_of(role: Role, pair: Pair) -> Viewer:
    """Somebody of this role to whom the appointment is visible."""
    if role is Role.STUDENT:
        return as_student(pair.student)
    return as_provider(pair.provider) if role is Role.PROVIDER else as_staff(role, school=pair.school)


async def test_ops_find_an_appointment_by_either_side(pair: Pair) -> None:
    for text in (pair.provider.email, pair.student.name, pair.student.email, pair.provider.name):
        assert await ask(SEARCH, as_staff(Role.OPS), search=text) == {"appointments": {"totalCount": 1}}


@pytest.mark.parametrize("role", [Role.STUDENT, Role.PROVIDER, Role.SCHOOL, Role.PARTNER])
async def test_nobody_else_finds_out_by_searching_what_an_address_begins_with(pair: Pair, role: Role) -> None:
    told = [
        await answer(SEARCH, viewer_of(role, pair), search=text) for text in (pair.provider.email[:9], str(new_id()))
    ]
    assert [(result.data, codes_of(result)) for result in told] == [({"appointments": None}, ["FORBIDDEN"])] * 2
