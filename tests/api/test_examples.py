"""The documents of `examples/` work, and the README's transcript is what they answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from schema.starters import FOLDER, examples
from settings import Settings
from tests.support.api import Api, api_on
from tests.support.main_job import Run

MAIN_JOB = [example for example in examples() if (FOLDER / "main-job" / f"{example.name}.graphql").exists()]
SCREENS = [example for example in examples() if example not in MAIN_JOB]


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
    answers = {example.name: await run.step(example) for example in MAIN_JOB}
    assert {name: found for name, answer in answers.items() if (found := faults(answer))} == {}
    assert answers["10-preflight"]["bookingPreflight"]["refusals"][0]["rule"] == "AP-5"
    assert answers["15-attest-session"]["attestSession"]["claim"]["status"] == "ACCEPTED"
    assert answers["16-wallet"]["wallet"] == {"granted": 10, "available": 9, "held": 0, "settled": 1}


async def test_each_screen_shows_what_the_main_job_left(api: Api) -> None:
    run = Run(api)
    for example in MAIN_JOB[:12]:
        await run.step(example)
    screens = {example.name: await run.step(example) for example in SCREENS}
    assert len(screens["mobile-home"]["appointments"]["nodes"]) == 1
    assert len(screens["directory-page"]["providers"]["nodes"]) == 4
    assert len(screens["providers-day"]["requests"]["nodes"]) == 1
    assert screens["partner-dashboard"]["viewer"]["school"]["monthly"][0]["suppressed"] is True
    history = screens["staff-search"]["appointments"]["nodes"][0]["history"]["nodes"]
    assert [event["verb"] for event in history] == ["appointment.requested"]
    assert screens["ledger-proof"]["ledgerProof"]["agrees"] is True
