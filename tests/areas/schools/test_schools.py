"""Schools: their crisis line is set by themselves or by OPS, and shown to their students (AP-8)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from models.base.event_verbs import EventVerb
from models.base.events import Event
from tests.support.api import Api, api_on
from tests.support.databases import own_database

LINE = "school { id crisisLine }"
SHOWN = "{ viewer { school { id crisisLine } } }"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of this module's own."""
    async with own_database(postgres) as settings, api_on(settings) as client:
        yield client


async def test_a_school_sets_its_own_crisis_line_and_its_students_see_it(api: Api) -> None:
    answer = await api.do("updateSchool", role="SCHOOL", selection=LINE, crisisLine="617 555 0100")
    assert answer["userErrors"] == []
    seen = (await api.ask(SHOWN, role="STUDENT"))["viewer"]["school"]
    assert seen == answer["school"] == {"id": answer["school"]["id"], "crisisLine": "617 555 0100"}
    event = await Event.filter(verb=EventVerb.SCHOOL_UPDATED).order_by("-id").first()
    assert event is not None
    assert event.actor_role == "SCHOOL"


async def test_ops_names_the_school(api: Api) -> None:
    school = (await api.ask(SHOWN, role="SCHOOL"))["viewer"]["school"]["id"]
    answer = await api.do("updateSchool", role="OPS", selection=LINE, schoolId=school, crisisLine="988")
    assert answer["school"] == {"id": school, "crisisLine": "988"}
    answer = await api.do("updateSchool", role="OPS", selection=LINE, crisisLine="988")
    assert [(error["code"], error["field"]) for error in answer["userErrors"]] == [("NOT_FOUND", ["input", "schoolId"])]


@pytest.mark.parametrize("line", ["", "the dean", "12", "9" * 41, "988\n911"])
async def test_a_crisis_line_is_one_that_can_be_called(api: Api, line: str) -> None:
    before = await api.ask(SHOWN, role="SCHOOL")
    answer = await api.do("updateSchool", role="SCHOOL", selection=LINE, crisisLine=line)
    assert [(error["code"], error["field"]) for error in answer["userErrors"]] == [("INVALID", ["input", "crisisLine"])]
    assert await api.ask(SHOWN, role="SCHOOL") == before
