"""Scanning of uploads, against a stand-in for clamd: found, clean, away, and answers that are none (FI-1)."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from integrations.clamav import Scanner, ScannerError
from models.base.events import Event
from models.base.ids import decode
from models.files.files import File, FileBlob, FileState
from models.records.audit import AuditEntry
from tests.support.api import Api, api_on
from tests.support.clamd_stand_in import HARMFUL, ClamdStandIn, clamd_stand_in
from tests.support.databases import own_database
from tests.support.uploads import PDF, expected, image, put


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def clamd() -> AsyncIterator[ClamdStandIn]:
    """The stand-in of this module."""
    async with clamd_stand_in() as stand_in:
        yield stand_in


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str, clamd: ClamdStandIn) -> AsyncIterator[Api]:
    """A client of a program that scans what is uploaded."""
    async with own_database(postgres, clamav=f"tcp://127.0.0.1:{clamd.port}") as settings, api_on(settings) as client:
        yield client


@pytest.fixture(autouse=True)
def honest(clamd: ClamdStandIn) -> None:
    """It behaves at the beginning of each test."""
    clamd.answers, clamd.bytes_max = None, 1_000_000_000
    clamd.heard.clear()


async def state_of(upload: Any) -> FileState:
    """The state of an upload."""
    return (await File.get(id=decode(File.PREFIX, upload["id"]))).state


CASES = [("PROVIDER", "EVIDENCE", PDF), ("PROVIDER", "IMAGE", image()), ("SCHOOL", "IMPORT", b"name\nAna\n")]


@pytest.mark.parametrize(("role", "purpose", "content"), CASES, ids=[case[1] for case in CASES])
async def test_what_is_clean_is_taken_once_the_scanner_has_seen_all_of_it(
    api: Api, clamd: ClamdStandIn, role: str, purpose: str, content: bytes
) -> None:
    upload = await expected(api, role, purpose)
    assert (await put(api, upload["address"], content)).status_code == 201
    assert clamd.heard == [content]


@pytest.mark.parametrize(("role", "purpose", "content"), CASES, ids=[case[1] for case in CASES])
async def test_what_is_harmful_is_refused_for_good_and_told(api: Api, role: str, purpose: str, content: bytes) -> None:
    upload = await expected(api, role, purpose)
    answer = await put(api, upload["address"], content + HARMFUL)
    assert (answer.status_code, answer.json()["code"], answer.json()["rule"]) == (422, "INVALID", "FI-1")
    file = await File.get(id=decode(File.PREFIX, upload["id"]))
    assert (file.state, file.refused_for, file.blob_id) == (FileState.REFUSED, "Eicar-Test-Signature", None)
    assert (await put(api, upload["address"], content)).status_code == 404
    assert [event.verb for event in await Event.filter(subject_id=file.id).order_by("id")] == [
        "file.expected", "file.refused",
    ]  # fmt: skip
    assert await AuditEntry.filter(operation=f"file upload {upload['id']}").count() == 1


@pytest.mark.parametrize("answers", [b"stream: maybe\0", b"", b"no end", b"\0", b"ERROR\0"])
async def test_an_answer_that_is_no_verdict_takes_nothing_and_the_address_holds(
    api: Api, clamd: ClamdStandIn, answers: bytes
) -> None:
    upload = await expected(api, "PROVIDER", "EVIDENCE")
    clamd.answers = answers
    answer = await put(api, upload["address"], PDF)
    assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
    assert answer.headers["retry-after"]
    assert await state_of(upload) is FileState.EXPECTED
    assert await FileBlob.filter(file_id=decode(File.PREFIX, upload["id"])).count() == 0
    clamd.answers = None
    assert (await put(api, upload["address"], PDF)).status_code == 201


async def test_a_scanner_that_takes_no_more_is_away_too(api: Api, clamd: ClamdStandIn) -> None:
    clamd.bytes_max = 100_000
    upload = await expected(api, "SCHOOL", "IMPORT")
    assert (await put(api, upload["address"], b"x" * 3_000_000)).status_code == 503
    assert await state_of(upload) is FileState.EXPECTED


async def test_a_scanner_that_is_not_there_takes_nothing() -> None:
    with pytest.raises(ScannerError):
        async with Scanner(("127.0.0.1", 1)).scan():
            pass
    with tempfile.TemporaryDirectory() as folder, pytest.raises(ScannerError):
        async with Scanner(str(Path(folder) / "clamd.sock")).scan():
            pass
