"""Tasks as the demo's people come across them over HTTP, signed in."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from models.availability import openings
from models.base import clock
from tests.support.api import Api, api_on
from tests.support.databases import own_database

TASKS = "{ tasks { nodes { kind overdue subject { __typename id } mutations } totalCount } }"
OPENING = """{ providers(filter: {state: "MA"}, first: 20) { nodes { name openings(first: 1) { nodes { id } } } } }"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of this module's own, with openings for the weeks to come."""
    async with own_database(postgres) as settings, api_on(settings) as client:
        await openings.extend_openings(at=await clock.demo_now())
        yield client


async def test_a_student_asks_and_the_provider_finds_it_among_their_tasks(api: Api) -> None:
    me = (await api.ask("{ viewer { provider { name } } }", role="PROVIDER"))["viewer"]["provider"]["name"]
    found = (await api.ask(OPENING, role="STUDENT"))["providers"]["nodes"]
    opening = next(provider["openings"]["nodes"][0]["id"] for provider in found if provider["name"] == me)
    asked = await api.do(
        "requestAppointment", role="STUDENT", selection="appointment { id }", openingId=opening, state="MA",
        acceptsMissedAppointmentPolicy=True,
    )  # fmt: skip
    appointment = asked["appointment"]["id"]
    waiting = {
        "kind": "ANSWER_REQUEST",
        "overdue": False,
        "subject": {"__typename": "Appointment", "id": appointment},
        "mutations": ["confirmAppointment", "declineAppointment"],
    }
    for role in ("PROVIDER", "OFFICE"):
        assert (await api.ask(TASKS, role=role))["tasks"] == {"nodes": [waiting], "totalCount": 1}
    for role in ("STUDENT", "SCHOOL", "OPS", "FINANCE"):
        assert (await api.ask(TASKS, role=role))["tasks"] == {"nodes": [], "totalCount": 0}
    await api.do("confirmAppointment", role="PROVIDER", selection="appointment { id }", appointmentId=appointment)
    assert (await api.ask(TASKS, role="PROVIDER"))["tasks"] == {"nodes": [], "totalCount": 0}


async def test_a_machine_has_no_tasks(api: Api) -> None:
    (error,) = await api.fail(TASKS, role="PARTNER")
    assert error["extensions"]["code"] == "FORBIDDEN"


async def test_nobody_is_told_tasks_after_signing_out(api: Api) -> None:
    token = await api.sign_in("provider@demo.test")
    headers = {"authorization": f"Bearer {token}"}
    assert "data" in (await api.http.post("/graphql", json={"query": TASKS}, headers=headers)).json()
    out = "mutation { signOut { signedOut: userErrors { code } } }"
    await api.http.post("/graphql", json={"query": out}, headers=headers)
    answer = (await api.http.post("/graphql", json={"query": TASKS}, headers=headers)).json()
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
    assert "data" not in answer
