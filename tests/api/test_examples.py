"""The documents of `examples/` work, from the first step of the main job to every screen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest_asyncio
from websockets.asyncio.client import connect

import demo
from app import create_app
from settings import Settings
from tests.support.api import Api, api_on
from tests.support.main_job import Run
from tests.transport.server import serving
from tests.transport.sockets import PROTOCOL, Client
from web.examples import actions, main_job, screens, watches


@pytest_asyncio.fixture(loop_scope="session")
async def api(committed: Settings) -> AsyncIterator[Api]:
    """A client of a fresh program with the demo data."""
    async with api_on(committed) as client:
        yield client


def faults(value: Any) -> list[Any]:
    """All user errors anywhere in an answer."""
    if isinstance(value, dict):
        return [*value.get("userErrors", []), *(fault for item in value.values() for fault in faults(item))]
    return [fault for item in value for fault in faults(item)] if isinstance(value, list) else []


async def test_the_main_job_runs_from_its_documents_without_a_user_error(api: Api) -> None:
    run = Run(api)
    answers = {example.name: await run.step(example) for example in main_job()}
    assert {name: found for name, answer in answers.items() if (found := faults(answer))} == {}
    assert answers["10-preflight"]["bookingPreflight"]["refusals"][0]["rule"] == "AP-5"
    assert answers["15-attest-session"]["attestSession"]["claim"]["status"] == "ACCEPTED"
    assert answers["16-wallet"]["wallet"] == {"granted": 10, "available": 9, "held": 0, "settled": 1}


async def test_each_screen_shows_what_the_main_job_left(api: Api) -> None:
    run = Run(api)
    for example in main_job()[:12]:
        await run.step(example)
    shown = {example.name: await run.step(example) for example in screens()}
    assert len(shown["mobile-home"]["appointments"]["nodes"]) == 1
    assert len(shown["directory-page"]["providers"]["nodes"]) == 4
    assert len(shown["providers-day"]["requests"]["nodes"]) == 1
    assert shown["school-students"]["students"]["nodes"][0]["wallet"]["held"] == 1
    assert shown["practice-schedule"]["appointments"]["nodes"][0]["student"]["name"] == "Ana Reyes"
    assert shown["partner-dashboard"]["viewer"]["school"]["monthly"][0]["suppressed"] is True
    history = shown["staff-search"]["appointments"]["nodes"][0]["history"]["nodes"]
    assert [event["verb"] for event in history] == ["APPOINTMENT_REQUESTED"]
    assert shown["ledger-proof"]["ledgerProof"]["agrees"] is True


async def test_each_action_can_be_done_by_its_document(api: Api) -> None:
    run = Run(api)
    for example in main_job()[:12]:
        await run.step(example)
    license = "mutation ($input: EnterLicenseInput!) { enterLicense(input: $input) { license { id } } }"
    entered = {"licenseClass": "CLINICAL_SOCIAL_WORKER", "title": "LCSW", "number": "7", "expiresOn": "2031-01-01"}
    where = {"providerId": run.known["provider"], "state": "ME"}
    run.learn(await api.ask(license, role="OPS", input=entered | where))
    address = ""
    for example in actions():
        if example.name == "07-attach-license-evidence":
            assert (await api.http.put(address, content=b"%PDF-1.7\n%%EOF\n")).status_code == 201
        if example.name == "19-decide-credit-request":  # the one before was withdrawn
            await run.step(next(it for it in actions() if it.name == "16-request-credits"))
        data = await run.step(example)
        assert (example.name, faults(data)) == (example.name, [])
        assert all(value is not None for value in data.values()), example.name
        if example.name == "06-create-upload":
            address = urlsplit(data["createUpload"]["upload"]["address"]).path


async def test_each_subscription_begins_with_the_word_to_fetch(committed: Settings) -> None:
    await demo.load()
    async with (
        serving(create_app(committed), lifespan="on") as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
    ):
        for watch in watches():
            token = await Api(http=http).token(watch.role)
            url = f"ws://127.0.0.1:{port}/graphql"
            async with connect(url, subprotocols=[PROTOCOL], proxy=None) as socket:  # type: ignore[list-item]
                client = Client(socket)
                await client.init(authorization=f"Bearer {token}")
                await client.subscribe("a", watch.query)
                ((change,),) = [(await client.hear())["payload"]["data"].values()]
                assert {name: value for name, value in change.items() if value} == {"refetch": True}, watch.name
