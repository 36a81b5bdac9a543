"""The main job: one student's credit from the school's grant to the provider's accepted claim, and its bad ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

import worker
from models.base import clock
from settings import Settings
from tests.support.api import Api, api_on


@pytest_asyncio.fixture(loop_scope="session")
async def api(committed: Settings) -> AsyncIterator[Api]:
    """A client of a fresh program with the demo data."""
    async with api_on(committed) as client:
        yield client


WALLET = "{ wallet { granted available held settled expired revoked forfeited } }"
DIRECTORY = """
query ($state: StateCode!) {
  providers(filter: {state: $state}, first: 5) {
    nodes { id name licenses { state } openings(first: 3) { nodes { id startsAt } } }
  }
}
"""
APPOINTMENT = "appointment { id status visitType startsAt confirmBy claim { status } }"


async def first_opening(api: Api, index: int = 0) -> str:
    """The id of an opening that the student sees for Noor Haddad."""
    found = await api.ask(DIRECTORY, role="STUDENT", state="MA")
    provider = next(node for node in found["providers"]["nodes"] if node["name"] == "Noor Haddad")
    opening: str = provider["openings"]["nodes"][index]["id"]
    return opening


async def requested(api: Api) -> Any:
    """An appointment that was just requested."""
    answer = await api.do(
        "requestAppointment",
        role="STUDENT",
        selection=APPOINTMENT,
        openingId=await first_opening(api),
        state="MA",
        acceptsMissedAppointmentPolicy=True,
    )
    assert answer["userErrors"] == []
    return answer["appointment"]


async def wallet(api: Api) -> dict[str, int]:
    """The student's balances that are not zero."""
    balances = (await api.ask(WALLET, role="STUDENT"))["wallet"]
    return {name: value for name, value in balances.items() if value}


async def confirmed(api: Api) -> Any:
    """An appointment that was requested and confirmed."""
    appointment = await requested(api)
    answer = await api.do("confirmAppointment", role="PROVIDER", selection=APPOINTMENT, appointmentId=appointment["id"])
    assert answer["userErrors"] == []
    return answer["appointment"]


async def pass_time(api: Api, hours: int) -> None:
    """OPS moves the clock; sessions run out with it, so everybody signs in again."""
    answer = await api.do("moveClock", role="OPS", selection="now", hours=hours)
    assert answer["userErrors"] == []
    api.tokens.clear()


async def test_a_credit_goes_from_grant_to_accepted_claim(api: Api) -> None:
    student = (await api.ask("{ viewer { student { id } } }", role="STUDENT"))["viewer"]["student"]
    granted = await api.do(
        "grantCredits", role="SCHOOL", selection="grant { credits unused } warnings", studentId=student["id"], credits=3
    )
    assert granted["grant"] == {"credits": 3, "unused": 3}
    assert await wallet(api) == {"granted": 9, "available": 9}
    appointment = await confirmed(api)
    assert appointment["status"] == "CONFIRMED"
    assert await wallet(api) == {"granted": 9, "available": 8, "held": 1}
    expected = await api.ask(
        "query ($id: ID!) { appointment(id: $id) { expectedReimbursement { amount currency } } }",
        role="PROVIDER",
        id=appointment["id"],
    )
    assert expected["appointment"]["expectedReimbursement"] == {"amount": "125.00", "currency": "USD"}
    await pass_time(api, 24 * 7)
    answer = await api.do(
        "attestSession",
        role="PROVIDER",
        selection=(
            "claim { status visitType amount { amount } presentingConcern reasons { carc } appointment { status } }"
        ),
        appointmentId=appointment["id"],
        presentingConcern="ANXIETY",
    )
    assert answer["userErrors"] == []
    assert answer["claim"] == {
        "status": "ACCEPTED",
        "visitType": "INTAKE",
        "amount": {"amount": "125.00"},
        "presentingConcern": "ANXIETY",
        "reasons": [],
        "appointment": {"status": "COMPLETED"},
    }
    assert await wallet(api) == {"granted": 9, "available": 8, "settled": 1}
    assert (await api.ask("{ ledgerProof { agrees wallets grants } }", role="OPS"))["ledgerProof"]["agrees"]


async def test_a_declined_request_frees_time_and_credit(api: Api) -> None:
    opening = await first_opening(api)
    appointment = await requested(api)
    assert await first_opening(api) != opening
    await api.do("declineAppointment", role="PROVIDER", selection=APPOINTMENT, appointmentId=appointment["id"])
    assert await wallet(api) == {"granted": 6, "available": 6}
    assert await first_opening(api) == opening


async def test_a_request_that_nobody_answers_expires_and_releases_its_credit(api: Api) -> None:
    appointment = await requested(api)
    await pass_time(api, 73)
    late = await api.do("confirmAppointment", role="PROVIDER", selection=APPOINTMENT, appointmentId=appointment["id"])
    assert [error["rule"] for error in late["userErrors"]] == ["AP-3"]
    await worker.expire_requests(await clock.demo_now())
    seen = await api.ask("query ($id: ID!) { appointment(id: $id) { status } }", role="STUDENT", id=appointment["id"])
    assert seen["appointment"]["status"] == "EXPIRED"
    assert await wallet(api) == {"granted": 6, "available": 6}


@pytest.mark.parametrize("role", ["STUDENT", "PROVIDER"])
async def test_a_cancelled_session_releases_its_credit(api: Api, role: str) -> None:
    appointment = await confirmed(api)
    answer = await api.do("cancelAppointment", role=role, selection=APPOINTMENT, appointmentId=appointment["id"])
    assert answer["appointment"]["status"] == "CANCELLED"
    assert await wallet(api) == {"granted": 6, "available": 6}


async def test_a_no_show_is_never_claimed(api: Api) -> None:
    appointment = await confirmed(api)
    await pass_time(api, 24 * 7)
    answer = await api.do("markNoShow", role="PROVIDER", selection=APPOINTMENT, appointmentId=appointment["id"])
    assert answer["appointment"]["status"] == "NO_SHOW"
    assert await wallet(api) == {"granted": 6, "available": 6}
    refused = await api.do(
        "attestSession",
        role="PROVIDER",
        selection="claim { id }",
        appointmentId=appointment["id"],
        presentingConcern="STRESS",
    )
    assert refused["claim"] is None
    assert [(error["code"], error["rule"]) for error in refused["userErrors"]] == [("NOT_OPEN", "CL-2")]
